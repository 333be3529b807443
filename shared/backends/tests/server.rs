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
use logbook_backends::{
    Authority, Credentials, Database, Error, Login, LoginProvider, Tls, TokenProvider,
};
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
    let Some(mut server) = Mariadb::start(&[]) else {
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
    let Some(server) = Mariadb::start(&[]) else {
        return;
    };
    let mut config = config(&server.url());
    let admin = Database::open_mysql(&config).unwrap();
    let script = "CREATE DATABASE tokens; CREATE USER brief@'%' IDENTIFIED BY 'short-lived'; \
                  GRANT ALL ON tokens.* TO brief@'%'";
    admin.execute_script(script).await.unwrap();
    config.schema = "tokens".to_owned();
    config.user = "brief".to_owned();
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_asked_for_at_the_first_use_and_not_before() {
    let Some(server) = Server::of_environment().await else {
        return;
    };
    let mut config = server.sessions();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    config.user = String::new();
    config.credentials = Credentials::Login(LoginProvider::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            Ok(Login {
                user: "root".to_owned(),
                password: String::new(),
            })
        }
    }));
    let db = Database::open_mysql(&config).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    for _ in 0..3 {
        db.wait(Duration::ZERO).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(!format!("{config:?}").contains("root"));
}

/// Connections that a server has to a schema.
async fn connections(admin: &Database, schema: &str) -> u64 {
    let query =
        sql::rows::statement("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = ?");
    let row = query
        .bind(schema)
        .fetch_one(&mut admin.read().await.unwrap())
        .await;
    sql::rows::Cells::new(&row.unwrap()).count().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_open_at_need_and_close_without_use() {
    let Some(server) = Server::of_environment().await else {
        return;
    };
    let mut config = server.sessions();
    let admin = Database::open_mysql(&server.analytics()).unwrap();
    assert_eq!(
        config.idle_timeout,
        Duration::from_mins(1),
        "unless it is set"
    );
    config.idle_timeout = Duration::from_secs(2);
    let db = Database::open_mysql(&config).unwrap();
    assert_eq!(connections(&admin, &config.schema).await, 0);
    db.wait(Duration::ZERO).await.unwrap();
    assert_eq!(connections(&admin, &config.schema).await, 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(connections(&admin, &config.schema).await, 0);
    db.wait(Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_for_a_while_is_waited_for() {
    let Some(mut server) = Mariadb::start(&[]) else {
        return;
    };
    let mut config = config(&server.url());
    config.acquire_timeout = Duration::from_secs(1);
    let db = Database::open_mysql(&config).unwrap();
    db.wait(Duration::ZERO).await.unwrap();
    server.kill();
    let error = db.wait(Duration::from_secs(2)).await.unwrap_err();
    assert!(error.is_resuming(), "{error}");
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        server.restart();
        server
    });
    db.wait(Duration::from_mins(1)).await.unwrap();
    drop(back.join().unwrap());
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

/// A certificate for `localhost`, signed by itself, and its key; `None` without `openssl`.
fn certificate(directory: &std::path::Path) -> Option<(String, String)> {
    let at = |name: &str| directory.join(name).display().to_string();
    let (certificate, key) = (at("certificate.pem"), at("key.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=logbook test"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output();
    made.is_ok_and(|made| made.status.success())
        .then_some((certificate, key))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_believed_by_its_certificate_and_its_name_only() {
    let directory = tempfile::tempdir().unwrap();
    let Some((certificate, key)) = certificate(directory.path()) else {
        println!("skipped: openssl is missing");
        return;
    };
    let tls = [
        format!("--ssl-cert={certificate}"),
        format!("--ssl-key={key}"),
    ];
    let Some(server) = Mariadb::start(&tls) else {
        return;
    };
    let ask = async |host: &str, authority: Authority| {
        let mut config = config(&server.url());
        config.host = host.to_owned();
        config.tls = Tls::Verified(authority);
        config.acquire_timeout = Duration::from_secs(5);
        let db = Database::open_mysql(&config).unwrap();
        let query = sql::rows::statement("SHOW STATUS LIKE 'Ssl_cipher'");
        let row = query.fetch_one(&mut db.read().await?).await?;
        let mut cells = sql::rows::Cells::new(&row);
        (cells.text()?, cells.text()?)
            .1
            .len()
            .checked_sub(1)
            .ok_or(Error::Config {
                reason: "no cipher",
            })
    };
    let pem = std::fs::read(&certificate).unwrap();
    ask("localhost", Authority::File(certificate.into()))
        .await
        .unwrap();
    ask("localhost", Authority::Pem(pem.clone().into()))
        .await
        .unwrap();
    for (host, authority) in [
        ("localhost", Authority::PublicRoots),
        ("127.0.0.1", Authority::Pem(pem.into())),
    ] {
        let error = ask(host, authority).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
