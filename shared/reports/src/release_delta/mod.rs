//! `release-delta`: what a release changed against the one before it.

mod interval;
mod measures;
mod page;
mod releases;

pub(crate) use page::page;

use crate::description::ColumnType::{Boolean, Integer, Number, Text};
use crate::description::{
    AFTER, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["version", "feature", "measure"]];

/// What stands for a feature where a measure is of the release as a whole.
pub(crate) const WHOLE: &str = "(all)";

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "release-delta",
    title: "Release delta",
    question: "What did a release change against the one before it, and is the change more than \
        chance?",
    definition: "Releases are the versions that enough persons used on days of the range that \
        count (see Small groups). If all of them are versions by Semantic Versioning, they are \
        ordered by its precedence, else by their first day of the range that counts, then by \
        their texts; each is compared \
        with the one before it, and the first, before which there is none, has no rows. \
        Versions are read leniently: a leading v and any number of numbers are allowed, so that \
        v1.2 and 2024.1.3.5 are versions, and a number that is missing is 0. What states no \
        version is left out. Measures of the whole release, as feature (all): \
        crash_free_sessions and crash_free_users, as in release-health. Measures of a feature \
        that either release used: adoption, the share of the release's users who used \
        it: users of the release are taken of the days that count for the feature, and of the \
        days without the feature on which min_users persons used the release; error_rate, the share of the sessions with it in which it failed at least once; p95_us, \
        the 95th percentile of its durations in microseconds, within 1 %. Intervals are of 95 %: \
        Wilson's score interval for a proportion, the order statistics at the ends of that of \
        0.95 for the percentile (rank ⌈p n⌉ for an end p), and Newcombe's hybrid of the two for the \
        difference. Of few uses the percentile may well lie beyond all of them: of fewer than 72 it \
        has no upper end, of one no lower end either, and a difference has no end that would need \
        it; such an end is null. They take \
        users, sessions and uses as independent; many measures are compared at once, and one in \
        twenty differs by chance. Who used both releases counts for both. A release of fewer \
        persons than the product's min_users on the days that count is withheld and compared with \
        nothing; a feature is withheld where fewer persons than that, but any session, used it in \
        either release, and counts once, whatever its measures. What is measured of nothing is null.",
    formulas: &[
        "Wilson: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964, the normal distribution's quantile of 0.975",
        "difference = value - previous_value = d",
        "difference_low  = d - √((value - value_low)² + (previous_high - previous_value)²)",
        "difference_high = d + √((value_high - value)² + (previous_value - previous_low)²)",
        "differs = difference_low > 0 or difference_high < 0; what an end that is null would say is no",
        "upper end of the percentile: if 0.95^n ≤ 0.025; lower end: if 0.05^n ≤ 0.025",
    ],
    source: "Wilson: Probable Inference, the Law of Succession, and Statistical Inference, JASA \
        1927. Newcombe: Two-sided Confidence Intervals for the Single Proportion, and Interval \
        Estimation for the Difference between Independent Proportions (method 10), Statistics in \
        Medicine 1998. Zou, Donner: Construction of Confidence Limits about Effect Measures, \
        Statistics in Medicine 2008 (the hybrid for other estimates). Hahn, Meeker: Statistical \
        Intervals, 1991 (order statistics). Semantic Versioning 2.0.0.",
    table: None,
    guarded: true,
    columns: &[
        group("version", Text, "-", "The release."),
        group(
            "feature",
            Text,
            "-",
            "Name of the feature; (all) for the release as a whole.",
        ),
        group(
            "measure",
            Text,
            "-",
            "crash_free_sessions, crash_free_users, adoption, error_rate or p95_us.",
        ),
        figure("previous_version", Text, "-", "The release before it."),
        figure(
            "n",
            Integer,
            "-",
            "How many users, sessions or timed uses the value is of.",
        ),
        figure(
            "value",
            Number,
            "as measured",
            "The measure in the release.",
        ),
        figure(
            "value_low",
            Number,
            "as measured",
            "Lower end of its interval; null where there is none.",
        ),
        figure(
            "value_high",
            Number,
            "as measured",
            "Upper end of its interval; null where there is none.",
        ),
        figure(
            "previous_n",
            Integer,
            "-",
            "How many the previous value is of.",
        ),
        figure(
            "previous_value",
            Number,
            "as measured",
            "The measure in the release before.",
        ),
        figure(
            "previous_low",
            Number,
            "as measured",
            "Lower end of its interval; null where there is none.",
        ),
        figure(
            "previous_high",
            Number,
            "as measured",
            "Upper end of its interval; null where there is none.",
        ),
        figure(
            "difference",
            Number,
            "as measured",
            "By how much the value is greater than the previous one.",
        ),
        figure(
            "difference_low",
            Number,
            "as measured",
            "Lower end of the difference's interval; null where there is none.",
        ),
        figure(
            "difference_high",
            Number,
            "as measured",
            "Upper end of the difference's interval; null where there is none.",
        ),
        figure(
            "differs",
            Boolean,
            "-",
            "Whether the difference's interval leaves out 0; null where there is no difference \
             to be had.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        ENVIRONMENT,
        Parameter {
            name: "version",
            allowed: "a version as the software states it",
            default: "all releases",
            meaning: "Only this release, against the one before it.",
        },
        Parameter {
            name: "feature",
            allowed: "a feature's name, or (all)",
            default: "all features",
            meaning: "Only this feature.",
        },
        LIMIT,
        AFTER,
    ],
};
