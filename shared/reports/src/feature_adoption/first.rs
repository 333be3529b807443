//! On which days each person used a feature first and second, kept right as days change.

use std::collections::BTreeMap;

use logbook_backends::sql::rows::{Cells, Connection, Query, insert, statement};
use logbook_model::{Day, ProductId};

use super::compute::{Change, Key, Uses};
use crate::Result;
use crate::persons::{Person, Persons, filled};

const CHUNK: usize = 256;

struct Row<'a> {
    product: &'a ProductId,
    key: &'a Key,
    person: Person,
    first: Day,
    second: Option<Day>,
}

/// The uses of those whose days changed, before and after; they are stored anew. `changes` are
/// in order.
///
/// Days that come are compared with the two that are known. Only where one of these goes are the
/// days after it looked through: sessions that were used and are no more are rare.
pub(super) async fn refind(
    connection: &mut Connection,
    product: &ProductId,
    key: &Key,
    changes: &[Change],
) -> Result<Vec<(Uses, Uses)>> {
    let by_person: Vec<&[Change]> = changes.chunk_by(|a, b| a.person == b.person).collect();
    let mut found = Vec::with_capacity(by_person.len());
    let mut lost: Vec<(Person, Uses)> = Vec::new();
    let mut rows = Vec::new();
    for chunk in by_person.chunks(CHUNK) {
        let persons: Vec<Person> = chunk.iter().map(|changes| changes[0].person).collect();
        let known = known(connection, product, key, &persons).await?;
        for (person, changes) in persons.into_iter().zip(chunk) {
            let old = known.get(&person).copied().unwrap_or_default();
            match earliest(old, changes) {
                Some(new) if new == old => {}
                Some(new) => {
                    rows.extend(row(product, key, person, new));
                    found.push((old, new));
                }
                None => lost.push((person, old)),
            }
        }
    }
    if !lost.is_empty() {
        let mut search = Search::new(&lost, changes);
        search.run(connection, product, key).await?;
        for (person, old) in lost {
            let new = search.found.remove(&person).unwrap_or_default();
            match row(product, key, person, new) {
                Some(row) => rows.push(row),
                None => delete(connection, product, key, person).await?,
            }
            found.push((old, new));
        }
    }
    let columns = "product, environment, feature, person, first_day, second_day";
    insert(
        connection,
        "REPLACE INTO feature_first",
        columns,
        &rows,
        bind,
    )
    .await?;
    Ok(found)
}

/// The first two days after days came; `None` if one of the two that were known left.
fn earliest(old: Uses, changes: &[Change]) -> Option<Uses> {
    let mut uses = old;
    for change in changes {
        let day = Some(change.day);
        if !change.came {
            if day == old.first || day == old.second {
                return None;
            }
        } else if uses.first.is_none_or(|first| change.day < first) {
            uses = Uses {
                first: day,
                second: uses.first,
            };
        } else if uses.second.is_none_or(|second| change.day < second) {
            uses.second = day;
        }
    }
    Some(uses)
}

/// A search for the first two days of persons, through the days of their feature.
struct Search {
    from: Day,
    found: BTreeMap<Person, Uses>,
    wanted: Vec<Person>,
}

impl Search {
    /// From the earliest day on which any of them can have used it.
    fn new(lost: &[(Person, Uses)], changes: &[Change]) -> Self {
        let wanted: Vec<Person> = lost.iter().map(|(person, _)| *person).collect();
        let known = lost.iter().filter_map(|(_, uses)| uses.first);
        let mine = changes
            .iter()
            .filter(|change| wanted.binary_search(&change.person).is_ok());
        let from = known.chain(mine.map(|change| change.day)).min();
        Self {
            from: from.unwrap_or(Day(0)),
            found: BTreeMap::new(),
            wanted,
        }
    }

    async fn run(
        &mut self,
        connection: &mut Connection,
        product: &ProductId,
        (environment, feature): &Key,
    ) -> Result<()> {
        let mut rows = statement(
            "SELECT day, persons FROM feature_usage WHERE product = ? AND feature = ? \
             AND day >= ? AND environment = ? ORDER BY day",
        )
        .bind(product.as_str())
        .bind(feature.as_str())
        .bind(self.from.to_string())
        .bind(environment.name())
        .fetch(connection)?;
        while let Some(row) = rows.next().await? {
            let mut cells = Cells::new(&row);
            let day = cells.date()?;
            self.visit(day, &mut Persons::from_bytes(cells.bytes()?)?);
            if self.wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Who of them used it on a day; days come in order, with a row for each version.
    fn visit(&mut self, day: Day, persons: &mut Persons) {
        let persons = persons.sorted();
        let found = &mut self.found;
        self.wanted.retain(|person| {
            if persons.binary_search(person).is_err() {
                return true;
            }
            let uses = found.entry(*person).or_default();
            if uses.first.is_none() {
                uses.first = Some(day);
            } else if uses.first != Some(day) {
                uses.second = Some(day);
            }
            uses.second.is_none()
        });
    }
}

async fn known(
    connection: &mut Connection,
    product: &ProductId,
    (environment, feature): &Key,
    persons: &[Person],
) -> Result<BTreeMap<Person, Uses>> {
    let (holes, filled) = filled(persons);
    let mut query = statement(format!(
        "SELECT person, first_day, second_day FROM feature_first WHERE product = ? \
         AND environment = ? AND feature = ? AND person IN ({holes})"
    ))
    .bind(product.as_str())
    .bind(environment.name())
    .bind(feature.as_str());
    for person in filled {
        query = query.bind(person.cast_signed());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let person = cells.int()?.cast_unsigned();
            let (first, second) = (Some(cells.date()?), cells.date_or_null()?);
            Ok((person, Uses { first, second }))
        })
        .collect()
}

fn row<'a>(product: &'a ProductId, key: &'a Key, person: Person, uses: Uses) -> Option<Row<'a>> {
    let second = uses.second;
    uses.first.map(|first| Row {
        product,
        key,
        person,
        first,
        second,
    })
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.key.0.name())
        .bind(row.key.1.as_str())
        .bind(row.person.cast_signed())
        .bind(row.first.to_string())
        .bind(row.second.map(|day| day.to_string()))
}

async fn delete(
    connection: &mut Connection,
    product: &ProductId,
    (environment, feature): &Key,
    person: Person,
) -> Result<()> {
    statement(
        "DELETE FROM feature_first WHERE product = ? AND environment = ? AND feature = ? \
         AND person = ?",
    )
    .bind(product.as_str())
    .bind(environment.name())
    .bind(feature.as_str())
    .bind(person.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}
