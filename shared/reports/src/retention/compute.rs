//! `retention` after persons came to days or left them.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::rows::{Cells, Connection, Query, bigint, insert, statement};
use logbook_model::{Day, ProductId};

use super::monday;
use crate::active_users::{FirstDays, PersonDays, days_of};
use crate::persons::Person;
use crate::{Environment, Result};

/// By how much the persons of a cohort who were seen in a week changed.
#[derive(Default)]
struct Deltas(BTreeMap<(Day, Day), i64>);

impl Deltas {
    fn add(&mut self, cohort: Option<Day>, days: &BTreeSet<Day>, by: i64) {
        let Some(cohort) = cohort else { return };
        let weeks: BTreeSet<Day> = days.iter().copied().map(monday).collect();
        for week in weeks {
            *self.0.entry((cohort, week)).or_default() += by;
        }
    }

    /// Takes up a person of whom all days, or those of one week, are given as they are now.
    fn change(
        &mut self,
        (old, new): (Option<Day>, Option<Day>),
        now: &BTreeSet<Day>,
        changed: &PersonDays,
        within: impl Fn(&Day) -> bool,
    ) {
        let mut before: BTreeSet<Day> = now.clone();
        changed.came.iter().for_each(|day| {
            before.remove(day);
        });
        before.extend(changed.left.iter().copied().filter(within));
        self.add(old, &before, -1);
        self.add(new, now, 1);
    }
}

/// Brings the table up to date with persons whose days changed, given those days and the first
/// days before and after. Of a person whose cohort stays, only the weeks of changed days are
/// looked at; of one whose cohort changes, all days.
pub(crate) async fn change(
    connection: &mut Connection,
    product: &ProductId,
    environment: Environment,
    changed: &BTreeMap<Person, PersonDays>,
    firsts: &FirstDays,
) -> Result<()> {
    let cohorts = |person: &Person| {
        let (old, new) = firsts.get(person).copied().unwrap_or_default();
        (old.map(monday), new.map(monday))
    };
    let mut moved: Vec<Person> = Vec::new();
    let mut stayed: BTreeMap<Day, Vec<Person>> = BTreeMap::new();
    for (person, days) in changed {
        let (old, new) = cohorts(person);
        if old != new {
            moved.push(*person);
            continue;
        }
        let days = days.came.iter().chain(&days.left).copied();
        for week in days.map(monday).collect::<BTreeSet<Day>>() {
            stayed.entry(week).or_default().push(*person);
        }
    }
    let scope = (product, environment);
    let mut deltas = Deltas::default();
    for (person, now) in days_of(connection, scope, &moved, None).await? {
        deltas.change(cohorts(&person), &now, &changed[&person], |_| true);
    }
    for (week, persons) in stayed {
        let span = Some((week, week.plus(6)));
        for (person, now) in days_of(connection, scope, &persons, span).await? {
            let within = |day: &Day| monday(*day) == week;
            deltas.change(cohorts(&person), &now, &changed[&person], within);
        }
    }
    apply(connection, scope, deltas).await
}

struct Row<'a> {
    product: &'a ProductId,
    environment: Environment,
    cohort: Day,
    week: i64,
    users: u64,
}

async fn apply(
    connection: &mut Connection,
    (product, environment): (&ProductId, Environment),
    deltas: Deltas,
) -> Result<()> {
    let mut rows = Vec::new();
    for ((cohort, week), delta) in deltas.0 {
        if delta == 0 {
            continue;
        }
        let week = i64::from(week.0 - cohort.0) / 7;
        let mut row = Row {
            product,
            environment,
            cohort,
            week,
            users: 0,
        };
        let cell = "WHERE product = ? AND environment = ? AND cohort = ? AND week = ?";
        let stored = bind_key(
            statement(format!("SELECT users FROM retention {cell}")),
            &row,
        )
        .fetch_optional(&mut *connection)
        .await?;
        let stored = stored.map_or(Ok(0), |row| Cells::new(&row).count())?;
        row.users = stored.saturating_add_signed(delta);
        if row.users > 0 {
            rows.push(row);
        } else {
            bind_key(statement(format!("DELETE FROM retention {cell}")), &row)
                .execute(&mut *connection)
                .await?;
        }
    }
    let columns = "product, environment, cohort, week, users";
    insert(connection, "REPLACE INTO retention", columns, &rows, bind).await?;
    Ok(())
}

fn bind_key<'q>(query: Query<'q>, row: &Row<'q>) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.environment.name())
        .bind(row.cohort.to_string())
        .bind(row.week)
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    bind_key(query, row).bind(bigint(row.users))
}
