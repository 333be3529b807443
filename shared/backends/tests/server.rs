//! What holds of a database server alone: kills, credentials, faults.
#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[allow(dead_code, reason = "each test program uses its share")]
mod logs;
mod mariadb;
#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use logbook_backends::sql::{self, LogState, StoreOutcome, log_row, session, store_parsed};
use logbook_backends::{Authority, Credentials, Database, Error, Tls, TokenProvider};
use logbook_model::SessionId;
use logs::{log_id, parsed, part, product, rows, store};
use mariadb::Mariadb;
use place::server::{Server, config};
use tokio::task::JoinSet;

/// Stores batches that overlap in one session until the database is gone; gives the logs that
/// were acknowledged, and the error.
async fn store_until_killed(
    db: Database,
    task: usize,
    stored: Arc<AtomicUsize>,
) -> (Vec<String>, Error) {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let ids = [0, 1, 2].map(|at| format!("l{task}x{n}x{at}"));
        let logs = ids.clone().map(|id| {
            let own = format!("own-{id}");
            parsed(
                &id,
                vec![
                    part(&id, "shared", &[n]),
                    part(&id, &own, &[n, n + 1, n + 2]),
                ],
            )
        });
        for (id, outcome) in ids.into_iter().zip(store_parsed(&db, &logs).await) {
            match outcome {
                Ok(_) => acknowledged.push(id),
                Err(error) => return (acknowledged, error),
            }
        }
        stored.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("the loop has no end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_amid_stores_has_each_log_whole_or_not_at_all() {
    let Some(mut server) = Mariadb::start() else {
        return;
    };
    let mut config = config(&server.url());
    config.acquire_timeout = Duration::from_secs(2);
    let admin = Database::open_mysql(&config).unwrap();
    admin
        .execute_script("CREATE DATABASE killed")
        .await
        .unwrap();
    config.schema = "killed".to_owned();
    let db = Database::open_mysql(&config).unwrap();
    sql::migrate(&db).await.unwrap();

    let stored = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        tasks.spawn(store_until_killed(db.clone(), task, Arc::clone(&stored)));
    }
    while stored.load(Ordering::Relaxed) < 60 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();
    let mut acknowledged = Vec::new();
    for (ids, error) in tasks.join_all().await {
        assert!(error.is_resuming() && error.is_transient(), "{error:?}");
        acknowledged.extend(ids);
    }
    assert!(acknowledged.len() >= 3 * 60);

    server.restart();
    // The same connections go on: those that were lost are replaced.
    for id in &acknowledged {
        let row = log_row(&db, &product(), &log_id(id)).await.unwrap();
        assert_eq!(row.unwrap().state, LogState::Parsed, "{id}");
    }
    let shared = session(&db, &product(), &SessionId::from_text("shared")).await;
    let shared = shared.unwrap().unwrap();
    assert_eq!(shared.session.parts as usize, shared.parts.len());
    assert!(shared.parts.len() >= acknowledged.len());
    for part in &shared.parts {
        let row = log_row(&db, &product(), &part.log).await.unwrap().unwrap();
        assert_eq!(row.sessions, 2);
        let own = SessionId::from_text(&format!("own-{}", part.log));
        let own = session(&db, &product(), &own).await.unwrap().unwrap();
        assert_eq!((own.session.events, own.parts[0].features.len()), (3, 3));
    }
    assert_eq!(rows(&db).await.len(), (shared.parts.len() + 1).min(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_the_inputs_fault_and_stops_no_other() {
    let Some(server) = Server::of_environment().await else {
        return;
    };
    let db = Database::open_mysql(&server.sessions()).unwrap();
    sql::migrate(&db).await.unwrap();
    let mut long = parsed("l1", vec![part("l1", "s1", &[1])]);
    long.parts[0].facts.version = Some("1".repeat(191));
    let good = parsed("l2", vec![part("l2", "s1", &[1])]);
    let outcomes = store_parsed(&db, &[long, good]).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert!(!error.is_transient() && !error.is_resuming(), "{error:?}");
    assert!(matches!(outcomes[1], Ok(StoreOutcome::Stored)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_once_for_many_connections() {
    let Some(server) = Server::of_environment().await else {
        return;
    };
    let mut config = server.sessions();
    let admin = Database::open_mysql(&config).unwrap();
    let user = &config.schema.replace("logbook_test", "t");
    let script = format!(
        "CREATE USER {user}@'%' IDENTIFIED BY 'short-lived'; GRANT ALL ON {}.* TO {user}@'%'",
        config.schema
    );
    if admin.execute_script(&script).await.is_err() {
        println!("skipped: the server makes no users");
        return;
    }
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    config.user.clone_from(user);
    config.credentials = Credentials::Token(TokenProvider::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok("short-lived".to_owned()) }
    }));
    let db = Database::open_mysql(&config).unwrap();
    assert!(!format!("{db:?} {config:?}").contains("short-lived"));
    sql::migrate(&db).await.unwrap();
    let logs = [parsed("l1", vec![part("l1", "s1", &[1])])];
    let (mut one, mut other) = (db.read().await.unwrap(), db.read().await.unwrap());
    for connection in [&mut one, &mut other] {
        let query = sql::rows::statement("SELECT COUNT(*) FROM log");
        query.fetch_one(connection).await.unwrap();
    }
    assert_eq!(store(&db, &logs).await, [StoreOutcome::Stored]);
    assert_eq!(made.load(Ordering::Relaxed), 1);
    let drop = format!("DROP USER {user}@'%'");
    admin.execute_script(&drop).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be_resuming() {
    let port = mariadb::free_port();
    let mut config = config(&format!("mysql://root@127.0.0.1:{port}"));
    config.acquire_timeout = Duration::from_millis(300);
    let db = Database::open_mysql(&config).unwrap();
    let error = log_row(&db, &product(), &log_id("l1")).await.unwrap_err();
    assert!(error.is_resuming() && error.is_transient(), "{error:?}");
}

#[test]
fn nothing_is_sent_in_the_clear_to_another_machine() {
    for host in [
        "db.example.org",
        "10.0.0.1",
        "127.0.0.1.example.org",
        "0.0.0.0",
    ] {
        let mut config = config("mysql://root@127.0.0.1:1");
        config.host = host.to_owned();
        let error = Database::open_mysql(&config).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{host}");
        config.tls = Tls::Verified(Authority::PublicRoots);
        // Refused or not, it is not for the configuration.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _in_runtime = runtime.enter();
        Database::open_mysql(&config).unwrap();
    }
}
