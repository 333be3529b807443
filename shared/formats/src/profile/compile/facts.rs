//! Where facts about sessions come from.

use std::collections::BTreeMap;

use super::{Compiler, regex};
use crate::profile::error::Fault;
use crate::profile::pattern::Pattern;
use crate::profile::schema::{self, Many};
use crate::profile::{FACTS, FactSource};

impl Compiler {
    pub(super) fn facts(
        &mut self,
        facts: BTreeMap<String, Many<schema::Source>>,
    ) -> Result<Vec<FactSource>, Fault> {
        let mut sources = Vec::new();
        for (fact, list) in facts {
            let position = FACTS
                .iter()
                .position(|&known| known == fact)
                .ok_or_else(|| {
                    let known = FACTS.join(", ");
                    Fault::new(&["facts", &fact], format!("is no fact; facts are {known}"))
                })?;
            for (at, source) in list.0.into_iter().enumerate() {
                let at = at.to_string();
                let source = self
                    .source(position, source.0)
                    .map_err(|fault| fault.within(&["facts", &fact, &at]))?;
                sources.push(source);
            }
        }
        Ok(sources)
    }

    fn source(&mut self, fact: usize, source: schema::SourceTable) -> Result<FactSource, Fault> {
        let fields = Many(source.field.into_iter().collect());
        let templates = Many(source.template.into_iter().collect());
        let mut values = self.templates(&["field"], fields, &["template"], templates)?;
        let (Some(value), true) = (values.pop(), values.is_empty()) else {
            return Err(Fault::new(&[], "give either field or template"));
        };
        let pattern = source.pattern.as_deref().map(regex).transpose();
        let pattern = pattern.map_err(|message| Fault::new(&["pattern"], message))?;
        if let Some(pattern) = &pattern
            && !pattern
                .capture_names()
                .flatten()
                .any(|name| name == "value")
        {
            return Err(Fault::new(&["pattern"], "has no group (?<value>…)"));
        }
        Ok(FactSource {
            fact,
            value,
            pattern: pattern.map(Pattern::new),
            when: self.all(source.when.placed("when"))?,
        })
    }
}
