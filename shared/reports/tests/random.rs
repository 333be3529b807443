//! Whether the tables are right whatever came, in whatever order: against a plain reference
//! row for row, and against a rebuild byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;
#[allow(dead_code, reason = "each test program uses its share")]
mod support;

use std::time::Duration;

use logbook_backends::sql;
use logbook_reports::{analyze, query, rebuild};
use place::Place;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use support::cases::{Step, steps};
use support::naive::Logs;
use support::naive_groups::GROUPED;
use support::{
    SETTINGS, Stores, TIMEOUT_SECS, agree, alike, analyze_all, ask, dump, meta, now, open, parsed,
    product, reject, request,
};

/// Does a step to the stores and to the reference.
async fn apply(stores: &Stores, logs: &mut Logs, erased: &mut Vec<u8>, nth: usize, step: &Step) {
    match step {
        Step::Store { log, .. } | Step::Again { log } | Step::Reject { log }
            if erased.contains(log) => {}
        Step::Store { log, runs } => {
            let id = format!("log{log}");
            let parts: Vec<_> = runs.iter().map(|run| run.part(&id)).collect();
            let parsed = parsed(&id, &nth.to_string(), parts.clone());
            sql::store_parsed(&stores.sessions, &[parsed])
                .await
                .remove(0)
                .unwrap();
            logs.0.insert(id, parts);
        }
        Step::Again { log } => {
            let id = format!("log{log}");
            if let Some(parts) = logs.0.get(&id) {
                let again = parsed(&id, "again", parts.clone());
                sql::store_parsed(&stores.sessions, &[again])
                    .await
                    .remove(0)
                    .unwrap();
            }
        }
        Step::Erase { log } => {
            let id = format!("log{log}");
            let meta = meta(&id, "1");
            sql::store_erased(&stores.sessions, &meta, TIMEOUT_SECS)
                .await
                .unwrap();
            logs.0.remove(&id);
            erased.push(*log);
        }
        Step::Reject { log } => {
            let id = format!("log{log}");
            reject(stores, &id).await;
            logs.0.remove(&id);
        }
        Step::Analyze { wholly: true } => {
            analyze_all(stores).await;
        }
        Step::Analyze { wholly: false } => {
            let (product, budget) = (product(), Duration::ZERO);
            analyze(&stores.analytics, &product, &SETTINGS, budget, now())
                .await
                .unwrap();
        }
    }
}

const ENVIRONMENTS: [&str; 3] = ["production", "other", "all"];

async fn equals_reference(stores: &Stores, logs: &Logs) -> Result<(), TestCaseError> {
    for environment in ENVIRONMENTS {
        for by in [
            &["day", "version", "feature"][..],
            &["feature"],
            &["day"],
            &["version"],
            &["day", "feature"],
            &["version", "feature"],
            &["day", "version"],
        ] {
            let parameters = [("environment", environment), ("by", &*by.join(","))];
            let reply = ask(stores, "feature-usage", &parameters).await;
            let naive = logs.feature_usage(environment, by, |_, _| true);
            prop_assert_eq!(&reply.rows, &naive, "{} {:?}", environment, by);
            let parameters = [&parameters[..], &[("feature", "save")]].concat();
            let reply = ask(stores, "feature-usage", &parameters).await;
            let naive = logs.feature_usage(environment, by, |_, name| name == "save");
            prop_assert_eq!(&reply.rows, &naive, "save, {} {:?}", environment, by);
        }
        for by in [&["version"][..], &["day", "version"], &["day"]] {
            let parameters = [("environment", environment), ("by", &*by.join(","))];
            let reply = ask(stores, "release-health", &parameters).await;
            let naive = logs.release_health(environment, by);
            prop_assert_eq!(&reply.rows, &naive, "{} {:?}", environment, by);
        }
        for (name, groupings) in GROUPED {
            for by in *groupings {
                let parameters = [("environment", environment), ("by", *by)];
                let reply = ask(stores, name, &parameters).await;
                let by: Vec<&str> = by.split(',').collect();
                let naive = logs.rows(name, environment, &by);
                prop_assert_eq!(&reply.rows, &naive, "{} {} {:?}", name, environment, by);
            }
        }
        let reply = ask(stores, "retention", &[("environment", environment)]).await;
        prop_assert_eq!(&reply.rows, &logs.retention(environment), "{}", environment);
        for by in [&["feature"][..], &["day", "feature"]] {
            if environment == "all" {
                continue;
            }
            let parameters = [("environment", environment), ("by", &*by.join(","))];
            let reply = ask(stores, "feature-adoption", &parameters).await;
            let naive = logs.feature_adoption(environment, by);
            prop_assert_eq!(&reply.rows, &naive, "{} {:?}", environment, by);
        }
        if environment != "all" {
            for steps in ["open,save", "save,close,open"] {
                let parameters = [("environment", environment), ("steps", steps)];
                let reply = ask(stores, "funnel", &parameters).await;
                let naive = logs.funnel(environment, steps);
                prop_assert_eq!(&reply.rows, &naive, "{} {}", environment, steps);
            }
        }
        let parameters = [("environment", environment), ("to", "2026-03-10")];
        let reply = ask(stores, "accounts", &parameters).await;
        let naive = logs.accounts(environment);
        prop_assert!(alike(&reply.rows, &naive), "{:?} {:?}", reply.rows, naive);
        let mut guarded = request("account-features", &[("environment", environment)]);
        guarded.min_users = 2;
        let reply = query(&stores.analytics, &guarded).await.unwrap();
        prop_assert_eq!(&reply.rows, &logs.account_features(environment));
        for by in [
            &["from_feature", "to_feature"][..],
            &["day", "from_feature", "to_feature"],
        ] {
            let parameters = [("environment", environment), ("by", &*by.join(","))];
            let reply = ask(stores, "feature-paths", &parameters).await;
            let naive = logs.feature_paths(environment, by);
            prop_assert_eq!(&reply.rows, &naive, "{} {:?}", environment, by);
        }
        for feature in [None, Some("save"), Some("(all)")] {
            let mut parameters = vec![("environment", environment)];
            parameters.extend(feature.map(|feature| ("feature", feature)));
            let reply = ask(stores, "release-delta", &parameters).await;
            let naive = logs.release_delta(environment, feature);
            prop_assert!(alike(&reply.rows, &naive), "{:?} {:?}", reply.rows, naive);
        }
        let reply = ask(stores, "active-users", &[("environment", environment)]).await;
        prop_assert_eq!(
            &reply.rows,
            &logs.active_users(environment),
            "{}",
            environment
        );
    }
    Ok(())
}

async fn case(place: &Place, steps: &[Step]) -> Result<Vec<String>, TestCaseError> {
    let stores = open(place).await;
    agree(&stores).await;
    let (mut logs, mut erased) = (Logs::default(), Vec::new());
    for (nth, step) in steps.iter().enumerate() {
        apply(&stores, &mut logs, &mut erased, nth, step).await;
    }
    analyze_all(&stores).await;
    equals_reference(&stores, &logs).await?;
    let kept = dump(&stores.analytics).await;
    rebuild(&stores.analytics, &product(), &SETTINGS, now())
        .await
        .unwrap();
    prop_assert_eq!(&kept, &dump(&stores.analytics).await);
    Ok(kept)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_came_reports_equal_the_reference_and_a_rebuild(steps in steps()) {
        runtime().block_on(case(&Place::directory(), &steps))?;
    }
}

#[cfg(feature = "mysql")]
proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_server_has_the_same_rows_to_the_byte(steps in steps()) {
        runtime().block_on(async {
            let Some(place) = Place::server().await else { return Ok(()) };
            let rows = case(&place, &steps).await?;
            prop_assert_eq!(rows, case(&Place::directory(), &steps).await?);
            Ok(())
        })?;
    }
}
