//! The functions' own user may do all that functions do, and nothing else. Aurora alone has users that
//! sign in by IAM: here it is one with a password, with the same rights.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use logbook_backends::sql::{
    self, LogMeta, ParsedLog, RejectedLog, Rejects, StoreOutcome, Via, Work, WorkKey,
};
use logbook_backends::{Credentials, Database};
use logbook_model::{
    Consent, Event, EventTime, Kind, Level, LogId, LogReject, Part, PartBuilder, ProductId,
    SessionId, Timestamp,
};
use logbook_reports::{ReportRequest, Settings, analyze, catalogue, query};

use crate::place::Place;
use crate::schemas::Names;
use crate::users::rights_of_functions;

const AT: Timestamp = Timestamp(1_790_000_000_000_000);

fn product() -> ProductId {
    ProductId::new("editor").unwrap()
}

fn meta(log: &str) -> LogMeta {
    LogMeta {
        product: product(),
        log: LogId::new(log).unwrap(),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: AT,
        archived_at: AT,
        queued_at: Some(AT),
        parsed_at: AT,
        sealed_bytes: 100,
        inflated_bytes: 1000,
        profile: "logbook@1".to_owned(),
        parser_version: "0.1.0".to_owned(),
    }
}

fn part(log: &str) -> Part {
    let log = LogId::new(log).unwrap();
    let mut builder = PartBuilder::new(product(), SessionId::from_text("s1"), log, AT, 0, 100);
    for (seq, name) in (0..).zip(["open", "save"]) {
        builder.push(&Event {
            seq,
            line: u64::from(seq) + 1,
            offset: 0,
            time: Some(EventTime::utc(AT.0)),
            name: name.into(),
            level: Level::Error,
            error: true,
            kind: Kind::Error,
            count: 1,
            duration_us: Some(1500),
        });
    }
    let facts = &mut builder.part_mut().facts;
    facts.version = Some("1.2.0".to_owned());
    facts.user = Some("u-1".to_owned());
    facts.account = Some("a-1".to_owned());
    builder.finish()
}

fn parsed(log: &str) -> ParsedLog {
    ParsedLog {
        meta: meta(log),
        content_hash: [7; 32],
        records: 2,
        parts: vec![part(log)],
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: Rejects::default(),
        session_timeout_secs: 1800,
    }
}

/// What parse stores: a log, a duplicate of it, one that is refused, and how long that took.
async fn parse(sessions: &Database) {
    let outcomes = sql::store_parsed(sessions, &[parsed("one"), parsed("again")]).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes[0], StoreOutcome::Stored);
    let refused = RejectedLog {
        meta: meta("bad"),
        reason: LogReject::WrongFormat,
        detail: "it is none".to_owned(),
        rejects: Rejects::default(),
        session_timeout_secs: 1800,
    };
    sql::store_rejected(sessions, &refused).await.unwrap();
    let key = WorkKey {
        product: product(),
        day: AT.day(),
        stage: "parse".to_owned(),
        memory_mb: 1769,
    };
    let work = Work {
        calls: 1,
        work_us: 1000,
        sessions: 1,
    };
    sql::note_work(sessions, 1, &[(key, work)]).await.unwrap();
}

/// What analyze does, and what query answers.
async fn report(analytics: &Database) {
    let minute = Duration::from_mins(1);
    let (settings, now) = (Settings::default(), Timestamp(AT.0 + 86_400_000_000));
    let run = analyze(analytics, &product(), &settings, minute, now).await;
    assert_eq!(run.unwrap().days_left, 0);
    for described in catalogue() {
        let mut asked = vec![("from", AT.day().to_string()), ("to", AT.day().to_string())];
        if described.name == "funnel" {
            asked.push(("steps", "open,save".to_owned()));
        }
        let asked = ReportRequest::parse(described.name, product(), asked).unwrap();
        let reply = query(analytics, &asked).await;
        assert!(reply.is_ok(), "{}: {reply:?}", described.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_user_may_do_what_functions_do_and_make_nothing() {
    let Some(place) = Place::server().await else {
        return;
    };
    let Place::Server(server) = &place else {
        return;
    };
    let (sessions, analytics) = (place.sessions().await, place.analytics().await);
    sql::migrate(&sessions).await.unwrap();
    logbook_reports::migrate(&analytics).await.unwrap();
    let (mut of_sessions, mut of_analytics) = (server.sessions(), server.analytics());
    let names = Names {
        sessions: of_sessions.schema.clone(),
        analytics: of_analytics.schema.clone(),
    };
    let user = format!("fn_{}", &names.sessions[names.sessions.len() - 12..]);
    let script = format!(
        "CREATE USER '{user}'@'%' IDENTIFIED BY 'secret'; {}",
        rights_of_functions(&user, &names)
    );
    sessions.execute_script(&script).await.unwrap();
    for config in [&mut of_sessions, &mut of_analytics] {
        config.user.clone_from(&user);
        config.credentials = Credentials::Password(Some("secret".to_owned()));
    }
    let theirs = Database::open_mysql(&of_sessions).unwrap();
    parse(&theirs).await;
    let reports = Database::open_mysql(&of_analytics).unwrap();
    report(&reports).await;
    for script in [
        "CREATE TABLE own (a INT)",
        "DROP TABLE session",
        "ALTER TABLE session ADD COLUMN own INT",
        "SELECT 1 FROM mysql.user",
    ] {
        let refused = theirs.execute_script(script).await.unwrap_err().to_string();
        assert!(refused.contains("denied"), "{script}: {refused}");
    }
    theirs.close().await;
    reports.close().await;
    let script = format!("DROP USER '{user}'@'%'");
    sessions.execute_script(&script).await.unwrap();
}
