//! `funnel`: how many of those who begin with a feature come on to others.

mod page;

pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio, Text};
use crate::description::{
    AFTER, ENVIRONMENT_APART, FROM, LIMIT, Parameter, ReportDescription, TO, figure, group,
};

/// Steps of a funnel at most.
pub(crate) const MAX_STEPS: usize = 10;

pub(crate) const GROUPINGS: &[&[&str]] = &[&["step"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "funnel",
    title: "Funnel",
    question: "Of those who begin with a feature, how many come on to a second, and a third?",
    definition: "A funnel is a list of features, its steps, in order. Who used the first step for \
        the first time on a day of the range is in the funnel; who is at a step is at the next if \
        that feature's first use is on the same day or a later one, in the range or after it. \
        First uses are those of feature-adoption, by UTC day and in one environment: the order \
        within a day is not looked at, and who used a later step before an earlier one drops out. \
        Persons are pseudonymous users, else installations. A step that fewer persons than the \
        product's min_users reached is withheld, with those after it.",
    formulas: &[
        "users(1) = |{p : first use of step 1 lies in the range}|",
        "users(n) = |{p at step n-1 : first use of step n ≥ first use of step n-1}|",
        "share_of_first(n) = users(n) / users(1)",
        "share_of_previous(n) = users(n) / users(n-1)",
    ],
    source: "Ordered funnels, as in Mixpanel's and Amplitude's funnel analysis, here by days of \
        first use.",
    table: None,
    guarded: true,
    columns: &[
        group("step", Integer, "-", "Position of the step, from 1."),
        figure("feature", Text, "-", "The feature of the step."),
        figure(
            "users",
            Integer,
            "persons",
            "Distinct persons who reached it.",
        ),
        figure(
            "share_of_first",
            Ratio,
            "1",
            "Their share of those at the first step.",
        ),
        figure(
            "share_of_previous",
            Ratio,
            "1",
            "Their share of those at the step before; null at the first.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "steps",
            allowed: "names of 2 to 10 different features with commas between them, or a JSON \
                list of them",
            default: "no funnel, no rows",
            meaning: "The steps, in order.",
        },
        ENVIRONMENT_APART,
        LIMIT,
        AFTER,
    ],
};

/// The steps out of a parameter; nothing if they are none.
pub(crate) fn steps(text: &str) -> Option<Vec<String>> {
    let steps: Vec<String> = if text.starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        text.split(',').map(|step| step.trim().to_owned()).collect()
    };
    are_steps(&steps).then_some(steps)
}

/// Whether a list can be a funnel.
pub(crate) fn are_steps(steps: &[String]) -> bool {
    let distinct: std::collections::BTreeSet<&String> = steps.iter().collect();
    (2..=MAX_STEPS).contains(&steps.len())
        && distinct.len() == steps.len()
        && steps.iter().all(|step| !step.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_a_list_of_names() {
        let found = |text| steps(text).map(|steps| steps.join("|"));
        assert_eq!(found("open, save").as_deref(), Some("open|save"));
        assert_eq!(found(r#"["a,b","[c]"]"#).as_deref(), Some("a,b|[c]"));
        for bad in [
            "",
            "open",
            "open,",
            "open,open",
            "[1,2]",
            "a,b,c,d,e,f,g,h,i,j,k",
        ] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }
}
