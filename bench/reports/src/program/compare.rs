//! The same three questions to the raw tables and to the reports.

use std::time::Instant;

use anyhow::Result;
use logbook_backends::sql::rows::{Cells, Query, Value as Cell, statement};
use logbook_bench_reports::{LAST_DAY, PRODUCT, World};
use logbook_reports::query;
use serde_json::{Value, json};

use crate::ask::request;
use crate::server::{Server, median};

const TIMES: usize = 3;

const PRODUCTION: &str = "(s.environment IS NULL OR s.environment IN ('production', 'prod'))";
const PERSON: &str = "COALESCE(CONCAT('u', s.user_id), CONCAT('i', s.installation_id))";

struct Question {
    name: &'static str,
    report: &'static str,
    parameters: &'static str,
    raw: String,
    days: Vec<i32>,
}

fn questions() -> [Question; 3] {
    let day = LAST_DAY.0;
    [
        Question {
            name: "feature usage of a day",
            report: "feature-usage",
            parameters: "by=day,version,feature from=DAY to=DAY limit=10000",
            raw: format!(
                "SELECT s.version, f.name, CAST(SUM(f.uses) AS SIGNED), \
                 COUNT(DISTINCT s.session_id), COUNT(DISTINCT {PERSON}), \
                 CAST(SUM(f.errors) AS SIGNED) FROM session AS s INNER JOIN part_feature AS f \
                 ON f.product = s.product AND f.session_id = s.session_id \
                 WHERE s.product = ? AND s.start_day = ? AND {PRODUCTION} \
                 GROUP BY s.version, f.name ORDER BY s.version, f.name"
            ),
            days: vec![day],
        },
        Question {
            name: "DAU, WAU, MAU",
            report: "active-users",
            parameters: "from=DAY to=DAY",
            raw: format!(
                "SELECT COUNT(DISTINCT CASE WHEN s.start_day = ? THEN {PERSON} END), \
                 COUNT(DISTINCT CASE WHEN s.start_day > ? THEN {PERSON} END), \
                 COUNT(DISTINCT {PERSON}) FROM session AS s WHERE s.product = ? \
                 AND s.start_day > ? AND s.start_day <= ? AND {PRODUCTION}"
            ),
            days: vec![day, day - 7, day - 28, day],
        },
        Question {
            name: "weekly retention",
            report: "retention",
            parameters: "from=2018-01-01 limit=10000",
            raw: format!(
                "WITH weeks AS (SELECT DISTINCT {PERSON} AS person, (s.start_day + 3) DIV 7 \
                 AS week FROM session AS s WHERE s.product = ? AND {PRODUCTION}), \
                 cohorts AS (SELECT person, MIN(week) AS cohort FROM weeks GROUP BY person) \
                 SELECT c.cohort, w.week - c.cohort, COUNT(*) FROM cohorts AS c \
                 INNER JOIN weeks AS w ON w.person = c.person GROUP BY c.cohort, w.week \
                 ORDER BY c.cohort, w.week"
            ),
            days: Vec::new(),
        },
    ]
}

/// Asks each of both, and gives how long the server took, and the answers.
pub(crate) async fn compare(server: &Server, _: &World) -> Result<Value> {
    let mut found = Vec::new();
    for question in questions() {
        let (mut raw_ms, mut raw) = (Vec::new(), Vec::new());
        for _ in 0..=TIMES {
            let mut connection = server.sessions.read().await?;
            server.forget().await?;
            let rows = bound(&question).fetch_all(&mut connection).await?;
            raw_ms.push(server.executed().await?.ms);
            raw = rows
                .iter()
                .map(|row| cells(&mut Cells::new(row)))
                .collect::<Result<Vec<_>>>()?;
        }
        let mut request = request(question.report, question.parameters)?;
        request.min_users = 0;
        let (mut table_ms, mut whole_ms, mut reply) = (Vec::new(), Vec::new(), Value::Null);
        for _ in 0..=TIMES {
            server.forget().await?;
            let started = Instant::now();
            let page = query(&server.analytics, &request).await?;
            whole_ms.push(started.elapsed().as_secs_f64() * 1e3);
            table_ms.push(server.executed().await?.ms);
            reply = serde_json::to_value(page.rows)?;
        }
        found.push(json!({
            "question": question.name,
            "raw_ms": median(raw_ms.split_off(1)),
            "table_ms": median(table_ms.split_off(1)),
            "table_whole_ms": median(whole_ms.split_off(1)),
            "raw": raw,
            "reply": reply,
        }));
    }
    Ok(found.into())
}

/// The raw query with its values: the product stands where the text asks for it.
fn bound(question: &Question) -> Query<'static> {
    let mut query = statement(question.raw.clone());
    let mut days = question.days.iter().copied();
    for before in question.raw.split('?').take(question.days.len() + 1) {
        query = if before.ends_with("product = ") {
            query.bind(PRODUCT)
        } else {
            query.bind(days.next().unwrap_or_default())
        };
    }
    query
}

fn cells(cells: &mut Cells<'_>) -> Result<Vec<Value>> {
    let mut row = Vec::new();
    while let Some(cell) = cells.value() {
        row.push(match cell? {
            Cell::Int(number) => json!(number),
            Cell::Text(text) => json!(text),
            other => json!(format!("{other:?}")),
        });
    }
    Ok(row)
}
