//! What is loaded is what would have been stored.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use logbook_backends::sql::rows::{Cells, Value, statement};
use logbook_backends::sql::{self, ListedLog, Listing, ParsedLog, RejectedLog, StoreOutcome};
use logbook_backends::{Database, Durability};
use logbook_bench_reports::{Delivery, LISTED_AS_OF, PRODUCT, Size, TABLES, World, Writer};
use logbook_model::ProductId;

const SIZE: Size = Size {
    sessions: 700,
    days: 20,
    persons: 60,
    seed: 1,
};

#[tokio::test]
async fn rows_of_files_are_those_that_the_store_writes() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("sessions.db");
    let database = Database::open_file(&database, Durability::Process);
    let database = database.await.unwrap();
    sql::migrate(&database).await.unwrap();
    let world = World::new(SIZE);
    let mut writer = Writer::new(folder.path()).unwrap();
    let (mut kinds, mut listed) = (BTreeSet::new(), Vec::new());
    for number in world.numbers() {
        let deliveries = world.deliveries(number);
        writer.session(&deliveries).unwrap();
        for delivery in deliveries {
            let (Delivery::Parsed(ParsedLog { meta, .. })
            | Delivery::Duplicate(ParsedLog { meta, .. }, _)
            | Delivery::Rejected(RejectedLog { meta, .. })) = &delivery;
            listed.push(ListedLog {
                log: meta.log.clone(),
                archived_at: meta.archived_at,
            });
            kinds.insert(store(&database, delivery).await);
        }
    }
    let product = ProductId::new(PRODUCT).unwrap();
    let listing = Listing::begin(&database, &product, LISTED_AS_OF, None).await;
    let mut listing = listing.unwrap();
    listing.add(&database, &listed).await.unwrap();
    listing.finish(&database).await.unwrap();
    writer.finish().unwrap();
    assert_eq!(kinds, BTreeSet::from(["duplicate", "parsed", "rejected"]));

    for (table, columns) in TABLES {
        // Made up: storing writes none of it.
        if table == "stage_work" {
            continue;
        }
        // How often a day was marked depends on how logs come together.
        let columns = columns.replace("generation", "1");
        let stored = stored(&database, table, &columns).await;
        assert!(!stored.is_empty(), "{table}");
        assert_eq!(written(folder.path(), table), stored, "{table}");
    }
}

async fn store(database: &Database, delivery: Delivery) -> &'static str {
    let (outcome, expected, kind) = match delivery {
        Delivery::Parsed(log) => {
            let outcome = sql::store_parsed(database, &[log]).await.remove(0);
            (outcome, StoreOutcome::Stored, "parsed")
        }
        Delivery::Duplicate(log, of) => {
            let outcome = sql::store_parsed(database, &[log]).await.remove(0);
            (outcome, StoreOutcome::Duplicate { of }, "duplicate")
        }
        Delivery::Rejected(log) => {
            let outcome = sql::store_rejected(database, &log).await;
            (outcome, StoreOutcome::Stored, "rejected")
        }
    };
    assert_eq!(outcome.unwrap(), expected);
    kind
}

fn written(folder: &Path, table: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join(format!("{table}.tsv"))).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn stored(database: &Database, table: &str, columns: &str) -> BTreeSet<String> {
    let mut connection = database.read().await.unwrap();
    let query = statement(format!("SELECT {columns} FROM {table}"));
    let rows = query.fetch_all(&mut connection).await.unwrap();
    let line = |row| {
        let mut cells = Cells::new(row);
        let mut line = Vec::new();
        while let Some(cell) = cells.value() {
            line.push(match cell.unwrap() {
                Value::Null => "\\N".to_owned(),
                Value::Int(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text.into_owned(),
                Value::Bytes(bytes) => bytes
                    .iter()
                    .fold(String::new(), |hex, byte| format!("{hex}{byte:02X}")),
            });
        }
        line.join("\t")
    };
    rows.iter().map(line).collect()
}

#[test]
fn a_new_hour_is_the_same_whatever_there_was_before() {
    let small = World::new(SIZE);
    let large = World::new(Size {
        sessions: 7000,
        ..SIZE
    });
    let hours = |world: &World| [0, 1, 10].map(|nth| world.hour(nth, 20));
    assert_eq!(hours(&small), hours(&large));
    assert_ne!(small.hour(0, 20), small.hour(1, 20));
}
