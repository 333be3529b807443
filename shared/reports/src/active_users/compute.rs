//! `active_users` after some days changed.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Cells, Connection, Query, bigint, insert, statement};
use logbook_model::{Day, ProductId};

use super::windows::{DayPersons, Windows, windows};
use super::{MONTH, first};
use crate::persons::{Person, Persons};
use crate::reply::share;
use crate::source::DaySessions;
use crate::{Environment, Result, retention};

const COLUMNS: &str = "product, environment, day, dau, wau, mau, stickiness, sessions, \
    unidentified_sessions, new_users, persons";

/// The days to which a person came and those that the person left.
#[derive(Debug, Default)]
pub(crate) struct PersonDays {
    pub(crate) came: Vec<Day>,
    pub(crate) left: Vec<Day>,
}

/// What changed in one environment: days as they are now, and persons who came or left.
#[derive(Default)]
struct Changed {
    days: BTreeMap<Day, DayPersons>,
    persons: BTreeMap<Person, PersonDays>,
}

/// Days that a step read anew, until what hangs on them is computed.
#[derive(Default)]
pub(crate) struct Changes(BTreeMap<Environment, Changed>);

impl Changes {
    /// Takes up a day. A day that is as it was changes nothing.
    pub(crate) async fn add_day(
        &mut self,
        connection: &mut Connection,
        product: &ProductId,
        day: Day,
        of_day: &DaySessions,
    ) -> Result<()> {
        for environment in Environment::ALL {
            let mut now = of_environment(of_day, environment);
            let stored = stored_days(connection, product, environment, (day, day)).await?;
            let mut before = stored.into_values().next().unwrap_or_default();
            let (came, left) = now.persons.differences(&mut before.persons);
            let same = now.sessions == before.sessions && now.unidentified == before.unidentified;
            if same && came.is_empty() && left.is_empty() {
                continue;
            }
            first::change_day(connection, product, environment, day, (&came, &left)).await?;
            let changed = self.0.entry(environment).or_default();
            for person in came {
                changed.persons.entry(person).or_default().came.push(day);
            }
            for person in left {
                changed.persons.entry(person).or_default().left.push(day);
            }
            changed.days.insert(day, now);
        }
        Ok(())
    }

    /// Computes what hangs on the days: their windows and those of the days after them, the
    /// new users of every day that is, or was, the first of someone who came or left, and who of
    /// a week's new users was seen in later weeks.
    pub(crate) async fn finish(
        self,
        connection: &mut Connection,
        product: &ProductId,
    ) -> Result<()> {
        for (environment, mut changed) in self.0 {
            let persons = &changed.persons;
            let firsts = first::refind(connection, product, environment, persons).await?;
            retention::change(connection, product, environment, persons, &firsts).await?;
            for (from, to) in spans(changed.days.keys().copied()) {
                let scope = (product, environment);
                rewrite(connection, scope, (from, to), &mut changed.days).await?;
            }
            let moved = firsts.values().filter(|(old, new)| old != new);
            let touched = moved.flat_map(|(old, new)| old.iter().chain(new)).copied();
            count_new(connection, product, environment, &touched.collect()).await?;
        }
        Ok(())
    }
}

fn of_environment(of_day: &DaySessions, environment: Environment) -> DayPersons {
    let sessions = of_day.sessions.iter();
    let mine = sessions.filter(|session| environment.includes(session.environment));
    let mut found = DayPersons::default();
    let mut persons = Vec::new();
    for session in mine {
        found.sessions += 1;
        found.unidentified += u64::from(session.person.is_none());
        persons.extend(session.person);
    }
    found.persons = Persons::from_iter(persons);
    found
}

/// The last day that has a name of ten characters.
const LAST_DAY: Day = Day::from_civil(9999, 12, 31);

/// The spans of days whose windows hang on some days, merged where they meet.
fn spans(days: impl Iterator<Item = Day>) -> Vec<(Day, Day)> {
    let mut spans: Vec<(Day, Day)> = Vec::new();
    for day in days {
        let end = day.plus(MONTH - 1).min(LAST_DAY);
        match spans.last_mut() {
            Some(last) if day <= last.1.plus(1) => last.1 = end,
            _ => spans.push((day, end)),
        }
    }
    spans
}

async fn stored_days(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    (from, to): (Day, Day),
) -> Result<BTreeMap<Day, DayPersons>> {
    let rows = statement(
        "SELECT day, sessions, unidentified_sessions, persons FROM active_users \
         WHERE product = ? AND environment = ? AND day >= ? AND day <= ?",
    )
    .bind(product.as_str())
    .bind(environment.name())
    .bind(from.to_string())
    .bind(to.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            let day = cells.date()?;
            let found = DayPersons {
                sessions: cells.count()?,
                unidentified: cells.count()?,
                persons: Persons::from_bytes(cells.bytes()?)?,
            };
            Ok((day, found))
        })
        .collect()
}

struct Row<'a> {
    product: &'a ProductId,
    environment: Environment,
    day: Day,
    windows: Windows,
    new_users: u64,
    of_day: DayPersons,
}

/// Writes the rows of a span anew. `changed` are days as they are now, whatever is stored.
async fn rewrite(
    connection: &mut Connection,
    (product, environment): (&ProductId, Environment),
    (from, to): (Day, Day),
    changed: &mut BTreeMap<Day, DayPersons>,
) -> Result<()> {
    let read = (from.plus(1 - MONTH), to);
    let mut days = stored_days(connection, product, environment, read).await?;
    let mine: Vec<Day> = changed.range(from..=to).map(|(day, _)| *day).collect();
    days.extend(mine.iter().filter_map(|day| changed.remove_entry(day)));
    statement(
        "DELETE FROM active_users WHERE product = ? AND environment = ? AND day >= ? \
         AND day <= ?",
    )
    .bind(product.as_str())
    .bind(environment.name())
    .bind(from.to_string())
    .bind(to.to_string())
    .execute(&mut *connection)
    .await?;
    let mut rows = Vec::new();
    for (day, windows) in windows(&mut days, from, to) {
        let of_day = days.remove(&day).unwrap_or_default();
        if windows.mau > 0 || of_day.sessions > 0 {
            let new_users = new_users(connection, product, environment, day).await?;
            rows.push(Row {
                product,
                environment,
                day,
                windows,
                new_users,
                of_day,
            });
        }
    }
    insert(connection, "INSERT INTO active_users", COLUMNS, &rows, bind).await?;
    Ok(())
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    let mut persons = row.of_day.persons.clone();
    query
        .bind(row.product.as_str())
        .bind(row.environment.name())
        .bind(row.day.to_string())
        .bind(bigint(persons.count()))
        .bind(bigint(row.windows.wau))
        .bind(bigint(row.windows.mau))
        .bind(share(persons.count(), row.windows.mau))
        .bind(bigint(row.of_day.sessions))
        .bind(bigint(row.of_day.unidentified))
        .bind(bigint(row.new_users))
        .bind(persons.bytes())
}

async fn new_users(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    day: Day,
) -> Result<u64> {
    let row = statement(
        "SELECT COUNT(*) FROM person_first WHERE product = ? AND environment = ? \
         AND first_day = ?",
    )
    .bind(product.as_str())
    .bind(environment.name())
    .bind(day.to_string())
    .fetch_one(connection)
    .await?;
    Ok(Cells::new(&row).count()?)
}

/// Counts new users anew, on days that may lie outside every span.
async fn count_new(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    days: &BTreeSet<Day>,
) -> Result<()> {
    for &day in days {
        let count = new_users(connection, product, environment, day).await?;
        statement(
            "UPDATE active_users SET new_users = ? WHERE product = ? AND environment = ? \
             AND day = ?",
        )
        .bind(bigint(count))
        .bind(product.as_str())
        .bind(environment.name())
        .bind(day.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
