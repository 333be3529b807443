//! `feature_adoption` after days changed.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Cells, Connection, Query, bigint, insert, statement};
use logbook_model::{Day, ProductId};

use super::{WITHIN, first};
use crate::day_features::FeatureGroup;
use crate::persons::{Person, Persons};
use crate::source::DaySessions;
use crate::{Environment, Result};

/// A feature in an environment.
pub(super) type Key = (Environment, String);

/// A person who came to a day of a feature, or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) person: Person,
    pub(super) day: Day,
    pub(super) came: bool,
}

/// First and second day of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Uses {
    pub(super) first: Option<Day>,
    pub(super) second: Option<Day>,
}

/// Days of features that a step read anew, until what hangs on them is computed.
#[derive(Default)]
pub(crate) struct Changes(BTreeMap<Key, Vec<Change>>);

impl Changes {
    /// Takes up a day, before its `feature_usage` is written anew: who used a feature then is
    /// read from there.
    pub(crate) async fn add_day(
        &mut self,
        connection: &mut Connection,
        product: &ProductId,
        day: Day,
        of_day: &DaySessions,
        features: &[FeatureGroup<'_>],
    ) -> Result<()> {
        let mut before = stored(connection, product, day).await?;
        let mut now: BTreeMap<Key, Persons> = BTreeMap::new();
        for group in features {
            let key = (group.environment, group.feature.clone());
            let persons = of_day.persons(&group.figures.sessions).bytes();
            now.entry(key).or_default().add_bytes(&persons)?;
        }
        for (key, mut now) in now {
            let mut before = before.remove(&key).unwrap_or_default();
            let (came, left) = now.differences(&mut before);
            self.add(&key, day, (&came, &left));
        }
        for (key, mut before) in before {
            self.add(&key, day, (&[], before.sorted()));
        }
        Ok(())
    }

    fn add(&mut self, key: &Key, day: Day, (came, left): (&[Person], &[Person])) {
        if came.is_empty() && left.is_empty() {
            return;
        }
        let change = |came| move |&person| Change { person, day, came };
        let changes = self.0.entry(key.clone()).or_default();
        changes.extend(came.iter().map(change(true)));
        changes.extend(left.iter().map(change(false)));
    }

    /// Finds first and second uses anew, and counts them.
    pub(crate) async fn finish(
        self,
        connection: &mut Connection,
        product: &ProductId,
    ) -> Result<()> {
        for (key, mut changes) in self.0 {
            changes.sort_unstable();
            let mut deltas = Deltas::default();
            for (old, new) in first::refind(connection, product, &key, &changes).await? {
                deltas.add(old, -1);
                deltas.add(new, 1);
            }
            deltas.apply(connection, product, &key).await?;
        }
        Ok(())
    }
}

/// Who used each feature on a day, as it was computed last.
async fn stored(
    connection: &mut Connection,
    product: &ProductId,
    day: Day,
) -> Result<BTreeMap<Key, Persons>> {
    let sql = "SELECT environment, feature, persons FROM feature_usage \
               WHERE product = ? AND day = ?";
    let rows = statement(sql)
        .bind(product.as_str())
        .bind(day.to_string())
        .fetch_all(connection)
        .await?;
    let mut found: BTreeMap<Key, Persons> = BTreeMap::new();
    for row in &rows {
        let mut cells = Cells::new(row);
        let key = (cells.named(Environment::from_name)?, cells.text()?);
        found.entry(key).or_default().add_bytes(cells.bytes()?)?;
    }
    Ok(found)
}

/// By how much the counts of a feature change, by day: new users, and those who used it again
/// within each of [`WITHIN`].
#[derive(Default)]
struct Deltas(BTreeMap<Day, [i64; 3]>);

struct Row<'a> {
    product: &'a ProductId,
    key: &'a Key,
    day: Day,
    counts: [u64; 3],
}

impl Deltas {
    fn add(&mut self, uses: Uses, by: i64) {
        let Some(first) = uses.first else { return };
        let again = |within: i32| {
            uses.second
                .is_some_and(|second| second.0 - first.0 <= within)
        };
        let counts = self.0.entry(first).or_default();
        counts[0] += by;
        for (count, within) in counts[1..].iter_mut().zip(WITHIN) {
            *count += by * i64::from(again(within));
        }
    }

    async fn apply(
        self,
        connection: &mut Connection,
        product: &ProductId,
        key: &Key,
    ) -> Result<()> {
        let cell = "WHERE product = ? AND environment = ? AND day = ? AND feature = ?";
        let mut rows = Vec::new();
        for (day, deltas) in self.0 {
            let mut row = Row {
                product,
                key,
                day,
                counts: [0; 3],
            };
            let sql = format!("SELECT new_users, repeat_7, repeat_28 FROM feature_adoption {cell}");
            let stored = bind_key(statement(sql), &row)
                .fetch_optional(&mut *connection)
                .await?;
            if let Some(stored) = stored {
                let mut cells = Cells::new(&stored);
                row.counts = [cells.count()?, cells.count()?, cells.count()?];
            }
            for (count, delta) in row.counts.iter_mut().zip(deltas) {
                *count = count.saturating_add_signed(delta);
            }
            if row.counts[0] > 0 {
                rows.push(row);
            } else {
                let sql = format!("DELETE FROM feature_adoption {cell}");
                bind_key(statement(sql), &row)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        let columns = "product, environment, day, feature, new_users, repeat_7, repeat_28";
        let head = "REPLACE INTO feature_adoption";
        insert(connection, head, columns, &rows, bind).await?;
        Ok(())
    }
}

fn bind_key<'q>(query: Query<'q>, row: &Row<'q>) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.key.0.name())
        .bind(row.day.to_string())
        .bind(row.key.1.as_str())
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let [new, week, month] = row.counts.map(bigint);
    bind_key(query, row).bind(new).bind(week).bind(month)
}
