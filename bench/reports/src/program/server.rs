//! The schemas on a server, and what the server itself says of its time.

use std::time::Duration;

use anyhow::{Context as _, Result};
use logbook_backends::sql::rows::{Cells, statement};
use logbook_backends::{Credentials, Database, MySqlConfig, Tls, sql};
use serde_json::{Value, json};

/// Two schemas of a server.
pub(crate) struct Server {
    config: MySqlConfig,
    /// Looks at the server; nothing that is measured goes through it.
    watcher: Database,
    pub(crate) sessions: Database,
    pub(crate) analytics: Database,
    name: String,
}

/// What the server executed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Executed {
    pub(crate) statements: u64,
    pub(crate) ms: f64,
}

// What the watcher asks is not looked at.
const EXECUTED: &str = "SELECT CAST(COALESCE(SUM(EVENT_NAME = 'statement/com/Execute'), 0) AS SIGNED), \
    CAST(COALESCE(SUM(TIMER_WAIT), 0) DIV 1000 AS SIGNED) \
    FROM performance_schema.events_statements_history_long WHERE NESTING_EVENT_ID IS NULL \
    AND THREAD_ID NOT IN (SELECT THREAD_ID FROM performance_schema.threads \
    WHERE PROCESSLIST_ID = CONNECTION_ID())";

const AT_WORK: &str = "SELECT COUNT(*) FROM performance_schema.threads \
    WHERE TYPE = 'FOREGROUND' AND PROCESSLIST_ID <> CONNECTION_ID() \
    AND PROCESSLIST_COMMAND NOT IN ('Sleep', 'Daemon')";

// Those that are prepared still: a connection keeps some.
const LONGEST: &str = "SELECT CAST(SUM(SUM_TIMER_EXECUTE) DIV 1000 AS SIGNED), \
    CAST(SUM(COUNT_EXECUTE) AS SIGNED), CAST(SUM(SUM_ROWS_EXAMINED) AS SIGNED), \
    LEFT(SQL_TEXT, 200) FROM performance_schema.prepared_statements_instances \
    WHERE COUNT_EXECUTE > 0 AND SQL_TEXT NOT LIKE '%performance_schema%' \
    GROUP BY 4 ORDER BY 1 DESC LIMIT 12";

impl Server {
    /// `mysql://USER@ADDRESS:PORT`, and the name of the sessions schema.
    pub(crate) fn open(url: &str, name: &str) -> Result<Self> {
        let (user, place) = url
            .strip_prefix("mysql://")
            .and_then(|rest| rest.split_once('@'))
            .context("mysql://USER@ADDRESS:PORT")?;
        let (host, port) = place.rsplit_once(':').context("a port")?;
        let config = |schema: &str| {
            let none = Credentials::Password(None);
            MySqlConfig {
                port: port.parse().unwrap_or(3306),
                tls: Tls::PlainLoopback,
                ..MySqlConfig::new(host, user, none, schema)
            }
        };
        let mut analytics = config(&format!("{name}_a"));
        analytics.sessions_schema = Some(name.to_owned());
        let mut watcher = config("information_schema");
        watcher.max_connections = 1;
        Ok(Self {
            watcher: Database::open_mysql(&watcher)?,
            sessions: Database::open_mysql(&config(name))?,
            analytics: Database::open_mysql(&analytics)?,
            config: watcher,
            name: name.to_owned(),
        })
    }

    /// Makes the schemas, in place of what is there.
    pub(crate) async fn make(&self) -> Result<Value> {
        let names = [self.name.clone(), format!("{}_a", self.name)];
        let maker = Database::open_mysql(&self.config)?;
        for name in &names {
            let script = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}");
            maker.execute_script(&script).await?;
        }
        sql::migrate(&self.sessions).await?;
        logbook_reports::migrate(&self.analytics).await?;
        Ok(json!(names))
    }

    /// Forgets what was executed so far.
    pub(crate) async fn forget(&self) -> Result<()> {
        let forget = "TRUNCATE TABLE performance_schema.events_statements_history_long; \
                      TRUNCATE TABLE performance_schema.prepared_statements_instances";
        Ok(self.watcher.execute_script(forget).await?)
    }

    /// What was executed since.
    pub(crate) async fn executed(&self) -> Result<Executed> {
        let mut connection = self.watcher.read().await?;
        // The server answers before it notes how long that took.
        for _ in 0..1000 {
            let row = statement(AT_WORK).fetch_one(&mut connection).await?;
            if Cells::new(&row).count()? == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let row = statement(EXECUTED).fetch_one(&mut connection).await?;
        let mut cells = Cells::new(&row);
        Ok(Executed {
            statements: cells.count()?,
            ms: cells.int()? as f64 / 1e6,
        })
    }

    /// What of it took longest.
    pub(crate) async fn longest(&self) -> Result<Value> {
        let mut connection = self.watcher.read().await?;
        let rows = statement(LONGEST).fetch_all(&mut connection).await?;
        let lines = rows.iter().map(|row| {
            let mut cells = Cells::new(row);
            let (ms, times) = (cells.int()? as f64 / 1e6, cells.int()?);
            let (examined, text) = (cells.int()?, cells.text()?);
            Ok(json!({"ms": ms, "times": times, "rows_examined": examined, "statement": text}))
        });
        lines.collect()
    }
}

/// The middle of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
