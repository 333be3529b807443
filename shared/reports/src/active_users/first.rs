//! On which day each person came first, kept right as days change.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Cells, Connection, Query, insert, statement};
use logbook_model::{Day, ProductId};

use super::compute::PersonDays;
use crate::persons::{Person, filled};
use crate::{Environment, Result};

const CHUNK: usize = 256;

/// A person of a product in an environment, with a day.
struct PersonDay<'a> {
    product: &'a ProductId,
    environment: Environment,
    person: Person,
    day: Day,
}

fn bind<'q>(query: Query<'q>, row: &'q PersonDay<'_>) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.environment.name())
        .bind(row.person.cast_signed())
        .bind(row.day.to_string())
}

/// Notes who came to a day and who left it.
pub(super) async fn change_day(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    day: Day,
    (came, left): (&[Person], &[Person]),
) -> Result<()> {
    for &person in left {
        statement(
            "DELETE FROM person_day WHERE product = ? AND environment = ? AND person = ? \
             AND day = ?",
        )
        .bind(product.as_str())
        .bind(environment.name())
        .bind(person.cast_signed())
        .bind(day.to_string())
        .execute(&mut *connection)
        .await?;
    }
    let rows: Vec<PersonDay<'_>> = came
        .iter()
        .map(|&person| PersonDay {
            product,
            environment,
            person,
            day,
        })
        .collect();
    let columns = "product, environment, person, day";
    insert(connection, "REPLACE INTO person_day", columns, &rows, bind).await?;
    Ok(())
}

/// Finds anew on which day persons came first, and says of each person whose days changed
/// which day it was and is.
///
/// A first day moves back when an earlier one comes to light, and forth, to the person's next
/// day, when the first goes away: both are one look-up by key in the person's days. Who had no
/// first day has no days but those gained.
pub(super) async fn refind(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    changed: &BTreeMap<Person, PersonDays>,
) -> Result<FirstDays> {
    let scope = (product, environment);
    let persons: Vec<Person> = changed.keys().copied().collect();
    let mut found = FirstDays::new();
    for persons in persons.chunks(CHUNK) {
        let known = first_days(connection, scope, persons).await?;
        let mut moved = Vec::new();
        for person in persons {
            let gained = || changed.get(person)?.came.iter().min().copied();
            let known = known.get(person).copied();
            let (old, new) = known.unwrap_or_else(|| (None, gained()));
            found.insert(*person, (old, new));
            if old == new {
                continue;
            }
            match new {
                Some(day) => moved.push(PersonDay {
                    product,
                    environment,
                    person: *person,
                    day,
                }),
                None => delete(connection, scope, *person).await?,
            }
        }
        let columns = "product, environment, person, first_day";
        insert(
            connection,
            "REPLACE INTO person_first",
            columns,
            &moved,
            bind,
        )
        .await?;
    }
    Ok(found)
}

/// The first days of persons: as it was noted, and as it is now.
pub(crate) type FirstDays = BTreeMap<Person, (Option<Day>, Option<Day>)>;

/// The days of persons as they are now, all or those of a span; a person without any is there,
/// too.
pub(crate) async fn days_of(
    connection: &mut Connection,
    (product, environment): (&ProductId, Environment),
    persons: &[Person],
    span: Option<(Day, Day)>,
) -> Result<BTreeMap<Person, BTreeSet<Day>>> {
    let mut found: BTreeMap<Person, BTreeSet<Day>> = BTreeMap::new();
    let within = span.map_or("", |_| " AND day >= ? AND day <= ?");
    for persons in persons.chunks(CHUNK) {
        let (holes, filled) = filled(persons);
        let mut query = statement(format!(
            "SELECT person, day FROM person_day WHERE product = ? AND environment = ? \
             AND person IN ({holes}){within}"
        ))
        .bind(product.as_str())
        .bind(environment.name());
        for person in filled {
            query = query.bind(person.cast_signed());
        }
        if let Some((from, to)) = span {
            query = query.bind(from.to_string()).bind(to.to_string());
        }
        found.extend(persons.iter().map(|person| (*person, BTreeSet::new())));
        for row in &query.fetch_all(&mut *connection).await? {
            let mut cells = Cells::new(row);
            let person = cells.int()?.cast_unsigned();
            found.entry(person).or_default().insert(cells.date()?);
        }
    }
    Ok(found)
}

async fn first_days(
    connection: &mut Connection,
    (product, environment): (&ProductId, Environment),
    persons: &[Person],
) -> Result<FirstDays> {
    let (holes, persons) = filled(persons);
    let mut query = statement(format!(
        "SELECT p.person, p.first_day, (SELECT MIN(d.day) FROM person_day AS d \
         WHERE d.product = p.product AND d.environment = p.environment AND d.person = p.person) \
         FROM person_first AS p WHERE p.product = ? AND p.environment = ? \
         AND p.person IN ({holes})"
    ))
    .bind(product.as_str())
    .bind(environment.name());
    for person in persons {
        query = query.bind(person.cast_signed());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let person = cells.int()?.cast_unsigned();
            Ok((person, (cells.date_or_null()?, cells.date_or_null()?)))
        })
        .collect()
}

async fn delete(
    connection: &mut Connection,
    (product, environment): (&ProductId, Environment),
    person: Person,
) -> Result<()> {
    statement("DELETE FROM person_first WHERE product = ? AND environment = ? AND person = ?")
        .bind(product.as_str())
        .bind(environment.name())
        .bind(person.cast_signed())
        .execute(connection)
        .await?;
    Ok(())
}
