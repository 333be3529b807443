//! Rules and conditions.

use super::{Compiler, known_level, regex};
use crate::profile::error::Fault;
use crate::profile::pattern::Pattern;
use crate::profile::rules::{All, Any, Condition, Test};
use crate::profile::schema::{self, Many};

impl Compiler {
    pub(super) fn any(&mut self, path: &[&str], rules: Many<schema::Rule>) -> Result<Any, Fault> {
        let mut any = Vec::new();
        for (at, rule) in rules.0.into_iter().enumerate() {
            let at = at.to_string();
            let conditions = rule.into_conditions();
            if conditions.is_empty() {
                return Err(Fault::new(&[&at], "has no condition").within(path));
            }
            let all = self.all(conditions);
            any.push(all.map_err(|fault| fault.within(&[&at]).within(path))?);
        }
        Ok(Any(any))
    }

    pub(super) fn all(
        &mut self,
        conditions: Vec<(Vec<String>, schema::Condition)>,
    ) -> Result<All, Fault> {
        let compiled: Result<_, Fault> = conditions
            .into_iter()
            .map(|(place, condition)| {
                let place: Vec<&str> = place.iter().map(|key| &**key).collect();
                self.condition(condition)
                    .map_err(|fault| fault.within(&place))
            })
            .collect();
        compiled.map(All::new)
    }

    fn condition(&mut self, condition: schema::Condition) -> Result<Condition, Fault> {
        let boxed = |scalar: schema::Scalar| scalar.0.into_boxed_str();
        let level = |name: String| known_level(&name).map(Test::LevelAtLeast);
        let level = condition.level_at_least.map(level).transpose();
        let level = level.map_err(|message| Fault::new(&["level_at_least"], message))?;
        let matches = condition.matches.as_deref().map(regex).transpose();
        let matches = matches.map_err(|message| Fault::new(&["matches"], message))?;
        let of_record = [level, condition.line.map(Test::Line)];
        let of_field = [
            condition.equals.map(|s| Test::Equals(boxed(s))),
            condition
                .one_of
                .map(|all| Test::OneOf(all.into_iter().map(boxed).collect())),
            condition.not.map(|s| Test::Not(boxed(s))),
            condition
                .contains
                .map(|s| Test::Contains(s.into_boxed_str())),
            condition.prefix.map(|s| Test::Prefix(s.into_boxed_str())),
            condition.suffix.map(|s| Test::Suffix(s.into_boxed_str())),
            matches.map(|regex| Test::Matches(Box::new(Pattern::new(regex)))),
            condition.exists.map(Test::Exists),
        ];
        let needs_field = of_field.iter().any(Option::is_some);
        let mut tests: Vec<Test> = of_record.into_iter().chain(of_field).flatten().collect();
        let (Some(test), true) = (tests.pop(), tests.is_empty()) else {
            return Err(Fault::new(
                &[],
                "needs exactly one of equals, one_of, not, contains, prefix, suffix, matches, \
                 exists, level_at_least, line",
            ));
        };
        let slot = match condition.field {
            Some(field) => self.slot(&["field"], &field)?,
            None if needs_field => return Err(Fault::new(&[], "names no field to test")),
            None => usize::MAX,
        };
        Ok(Condition { slot, test })
    }
}
