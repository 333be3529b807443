//! Whatever step the process dies at, and however often: nothing is lost, nothing is doubled.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use logbook_pipeline::steps::STEPS;
use serde_json::Value;

use crate::support::door::{Door, Ledger};
use crate::support::items::{PRODUCTS, fixtures, of_field};
use crate::support::logs::{Item, OF_USAGE, Route, Sums, otlp, usage};
use crate::support::stores::{drop_file, keys};
use crate::support::{Installation, eventually};

/// How long a life may last before its step is said never to come.
const LIFE: Duration = Duration::from_secs(45);

#[test]
fn every_route_kill_and_restart() {
    check(8, 16);
}

#[test]
#[ignore = "takes some ten minutes"]
fn every_route_kill_and_restart_at_length() {
    check(50, 300);
}

/// What was accepted of a product, and what must come out.
#[derive(Debug, Default)]
struct Accepted {
    ids: Vec<String>,
    sums: Sums,
}

fn check(deaths_a_step: u64, at_random: u64) {
    let installation = Installation::new();
    installation.started().terminate();
    for (product, ..) in PRODUCTS {
        installation.add_product(product, product);
    }
    let mut items = fixtures();
    items.extend(of_field());
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let (fillers, running) = scope(|scope| {
        let (installation, items, stop) = (&installation, &items, &stop);
        let sender = scope.spawn(move || {
            for item in items {
                deliver(installation, item);
                sleep(Duration::from_millis(100));
            }
        });
        let filler = scope.spawn(move || fill(installation, stop));
        let deaths = die(installation, deaths_a_step, at_random);
        stop.store(true, Ordering::SeqCst);
        eprintln!("{deaths} deaths in {:?}", began.elapsed());
        let running = installation.started();
        sender.join().unwrap();
        (filler.join().unwrap(), running)
    });
    let mut before = Vec::new();
    for (product, mut accepted) in expected(&installation, &items) {
        if product == "app" {
            accepted.add(&fillers);
        }
        let door = installation.door(&product);
        all_settled(&installation, &door, &product, &accepted);
        before.push((product, accepted));
    }
    let dead = installation.doctor("dead letters");
    assert_eq!(dead, [("good".to_owned(), "0 dead letters".to_owned())]);
    let before: Vec<_> = before
        .into_iter()
        .map(|(product, _)| state(&installation, product))
        .collect();
    assert!(running.terminate().success());
    let running = installation.started();
    // Two sweeps and two runs of the analytics, at least.
    sleep(Duration::from_secs(3));
    for state_before in before {
        assert_eq!(state(&installation, state_before.0.clone()), state_before);
    }
    assert!(running.terminate().success());
    eprintln!(
        "{} logs, {:?} in all",
        fillers.ids.len() + items.len(),
        began.elapsed()
    );
}

/// All that a restart must not change.
fn state(installation: &Installation, product: String) -> (String, Vec<Value>, Ledger) {
    let door = installation.door(&product);
    (product, door.sessions(), door.ledger())
}

/// Lets the process live and die: at each step, at its first to its nth time, and at random.
fn die(installation: &Installation, deaths_a_step: u64, at_random: u64) -> u64 {
    let mut deaths = 0;
    for nth in 1..=deaths_a_step {
        for step in STEPS {
            let plan = format!("{step}:{nth}");
            let mut running = installation.start(&["--kill-at", &plan]);
            let ended = running.ended(LIFE);
            assert!(ended.is_some_and(|end| !end.success()), "{plan}: {ended:?}");
            deaths += 1;
        }
    }
    for turn in 0..at_random {
        let running = installation.start(&[]);
        sleep(Duration::from_millis(150 + turn * 397 % 1500));
        running.kill();
        deaths += 1;
    }
    deaths
}

/// What is to come out of the items, by what `logbook inspect` says of each: each content once.
fn expected(installation: &Installation, items: &[Item]) -> Vec<(String, Accepted)> {
    let products = PRODUCTS.iter().map(|(product, ..)| *product).chain(["app"]);
    let of_product = |product: &str| {
        let profile = if product == "app" { "auto" } else { product };
        let mut accepted = Accepted::default();
        let mut ids = HashSet::new();
        for item in items.iter().filter(|item| item.product == product) {
            if ids.insert(item.log_id()) {
                accepted.sums.add(installation, item, profile);
            }
        }
        accepted.ids.extend(ids);
        (product.to_owned(), accepted)
    };
    products.map(of_product).collect()
}

/// Sends a log until it is accepted, as an application would.
fn deliver(installation: &Installation, item: &Item) {
    let door = installation.door(&item.product);
    let (answer, good) = match item.route {
        Route::Api => (door.upload(&item.id, &item.body), [200, 201]),
        Route::Otlp => (door.export(&item.id, &item.body), [200, 200]),
        // 412: it is in the inbox already.
        Route::Ticket => (door.upload_by_ticket(&item.id, &item.body), [200, 412]),
        Route::Drop => {
            drop_file(&installation.data(), &item.product, &item.id, &item.body);
            return;
        }
    };
    assert!(good.contains(&answer.status), "{}: {answer:?}", item.id);
}

/// Sends small logs until told to stop: so that every step is met as often as it has to be.
fn fill(installation: &Installation, stop: &AtomicBool) -> Accepted {
    let mut accepted = Accepted::default();
    let door = installation.door("app");
    let routes = [
        Route::Api,
        Route::Ticket,
        Route::Otlp,
        Route::Api,
        Route::Drop,
    ];
    for at in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let (id, session) = (format!("fill-{at}"), format!("session-{at}"));
        let route = routes[at % routes.len()];
        let (body, of_one) = match route {
            Route::Otlp => (otlp(&session), (1, 1, 0)),
            _ => (usage(&session), OF_USAGE),
        };
        let item = Item::new("app", &id, route, body);
        deliver(installation, &item);
        accepted.note(&item, &session, of_one);
        if route == Route::Api {
            // The same again is a duplicate, another log of the same id a conflict.
            deliver(installation, &item);
            let conflict = door.upload(&id, &usage("never"));
            assert_eq!((conflict.status, conflict.problem()), (409, "id-conflict"));
        }
        if at % 8 == 3 {
            let copy = Item::new("app", &format!("copy-of-{at}"), Route::Api, item.body);
            deliver(installation, &copy);
            accepted.ids.push(copy.id);
        }
        sleep(Duration::from_millis(10));
    }
    accepted
}

impl Accepted {
    fn note(&mut self, item: &Item, session: &str, (events, occurrences, errors): (u64, u64, u64)) {
        self.ids.push(item.log_id());
        self.sums.logs += 1;
        self.sums.sessions.insert(session.to_owned());
        self.sums.events += events;
        self.sums.occurrences += occurrences;
        self.sums.errors += errors;
    }

    fn add(&mut self, other: &Self) {
        self.ids.extend(other.ids.iter().cloned());
        self.sums.logs += other.sums.logs;
        self.sums
            .sessions
            .extend(other.sums.sessions.iter().cloned());
        self.sums.events += other.sums.events;
        self.sums.occurrences += other.sums.occurrences;
        self.sums.errors += other.sums.errors;
    }
}

/// Waits until nothing is pending; then everything is there once, and the ledger says so.
fn all_settled(installation: &Installation, door: &Door, product: &str, accepted: &Accepted) {
    for id in &accepted.ids {
        door.settled(id);
    }
    let archived = || {
        let of = |prefix: &str| keys(&installation.data(), "archive", prefix).len() as u64;
        (
            of(&format!("archive/{product}/")),
            of(&format!("edge/{product}/")),
        )
    };
    eventually(
        &format!("{product} is balanced, with nothing pending"),
        || {
            let (ledger, (logs, noted)) = (door.ledger(), archived());
            let good = ledger.balanced == Some(true) && ledger.pending == 0 && ledger.lost == 0;
            good && ledger.received == logs + noted
        },
    );
    let (ledger, (logs, _)) = (door.ledger(), archived());
    let sums = &accepted.sums;
    assert_eq!(logs, accepted.ids.len() as u64, "{product}: {ledger:?}");
    assert_eq!(
        (ledger.parsed, ledger.rejected),
        (sums.logs, sums.rejected),
        "{product}"
    );
    let settled = ledger.parsed + ledger.duplicate + ledger.rejected;
    assert_eq!(ledger.received, settled, "{product}: {ledger:?}");
    let found = Sums::of_sessions(&door.sessions());
    let figures = |sums: &Sums| {
        (
            sums.sessions.len(),
            sums.events,
            sums.occurrences,
            sums.errors,
        )
    };
    assert_eq!(figures(&found), figures(sums), "{product}");
}
