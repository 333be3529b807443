//! Every report asked as people ask it.

use std::time::Instant;

use anyhow::Result;
use logbook_bench_reports::{LAST_DAY, World};
use logbook_reports::{ReportRequest, query};
use serde_json::{Value, json};

use crate::product;
use crate::server::{Executed, Server, median};

/// How often each is asked, after once that does not count.
const TIMES: usize = 7;

/// What a reply is made of.
#[derive(Clone, Copy)]
enum Source {
    /// Rows of a table as they are.
    Table,
    /// Rows put together: distinct users of a range, funnels.
    Several,
}

impl Source {
    /// How long the server may take.
    const fn aim_ms(self) -> f64 {
        match self {
            Self::Table => 5.0,
            Self::Several => 50.0,
        }
    }
}

use Source::{Several, Table};

/// Report, parameters, and what it takes; `DAY` is the last day of the history.
const ASKED: [(&str, &str, Source); 36] = [
    (
        "feature-usage",
        "by=day,version,feature from=DAY to=DAY",
        Table,
    ),
    ("feature-usage", "by=day,version,feature", Table),
    ("feature-usage", "by=feature from=DAY to=DAY", Several),
    ("feature-usage", "by=feature", Several),
    ("feature-usage", "by=version,feature", Several),
    ("feature-usage", "by=day,feature", Several),
    ("feature-usage", "by=version", Several),
    ("feature-usage", "by=day,version", Several),
    ("feature-usage", "by=day", Several),
    ("feature-usage", "by=day feature=view.open", Several),
    ("feature-adoption", "by=day,feature from=DAY to=DAY", Table),
    ("feature-adoption", "by=feature", Several),
    (
        "feature-paths",
        "by=day,from_feature,to_feature from=DAY to=DAY",
        Table,
    ),
    ("feature-paths", "by=from_feature,to_feature", Several),
    ("funnel", "steps=edit.open,view.close,file.start", Several),
    ("release-health", "by=day,version", Table),
    ("release-health", "by=version", Several),
    ("release-health", "by=day", Several),
    ("release-delta", "", Several),
    ("top-errors", "by=day,version,error from=DAY to=DAY", Table),
    ("top-errors", "by=error", Several),
    ("top-errors", "by=version,error", Several),
    ("versions", "by=day,version", Table),
    ("versions", "by=version", Several),
    ("platforms", "by=day,os,os_version,runtime", Table),
    ("platforms", "by=day,os", Several),
    ("platforms", "by=os,os_version", Several),
    ("active-users", "", Table),
    ("retention", "", Table),
    ("accounts", "", Several),
    ("account-features", "", Several),
    ("account-features", "account=account-000", Several),
    ("ledger", "by=day", Table),
    ("ledger", "by=day,reason", Table),
    ("freshness", "", Table),
    ("cost", "by=stage", Table),
];

/// Asks each by the real code, and says how long the server took.
pub(crate) async fn ask(server: &Server, _: &World) -> Result<Value> {
    let mut found = Vec::new();
    for (report, parameters, from) in ASKED {
        let request = request(report, parameters)?;
        let (mut on_server, mut whole, mut rows) = (Vec::new(), Vec::new(), 0);
        let mut executed = Executed::default();
        for time in 0..=TIMES {
            server.forget().await?;
            let started = Instant::now();
            rows = query(&server.analytics, &request).await?.rows.len();
            let took = started.elapsed().as_secs_f64() * 1e3;
            executed = server.executed().await?;
            if time > 0 {
                on_server.push(executed.ms);
                whole.push(took);
            }
        }
        let (server_ms, aim_ms) = (median(on_server), from.aim_ms());
        found.push(json!({
            "report": report,
            "parameters": parameters,
            "rows": rows,
            "server_ms": server_ms,
            "whole_ms": median(whole),
            "aim_ms": aim_ms,
            "statements": executed.statements,
            "longest": server.longest().await?,
        }));
    }
    Ok(found.into())
}

/// A request, by parameters with spaces between them.
pub(crate) fn request(report: &str, parameters: &str) -> Result<ReportRequest> {
    let parameters = parameters.replace("DAY", &LAST_DAY.to_string());
    let parameters = parameters.split(' ').filter_map(|one| one.split_once('='));
    let mut request = ReportRequest::parse(report, product()?, parameters)?;
    request.to = request.to.or(Some(LAST_DAY));
    Ok(request)
}
