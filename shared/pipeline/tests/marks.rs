//! Whether no work is lost over marks, and none is done for nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use logbook_backends::{Durability, ObjectStore};
use logbook_model::{ProductId, Timestamp};
use logbook_pipeline::{Marks, ProductMarks};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

struct Site {
    store: ObjectStore,
    _directory: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = ObjectStore::open_dir(directory.path(), Durability::Process);
        Self {
            store: store.await.unwrap(),
            _directory: directory,
        }
    }

    /// Marks as another process sees them.
    fn marks(&self) -> Marks {
        Marks::new(self.store.clone())
    }

    async fn keys(&self) -> Vec<String> {
        let page = self.store.list("", None, 100).await.unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }
}

fn editor() -> ProductId {
    ProductId::new("editor").unwrap()
}

/// The clock of the store, some time later.
fn later(us: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64 + us)
}

async fn read(marks: &Marks) -> ProductMarks {
    let mut read: BTreeMap<_, _> = marks.read().await.unwrap();
    read.remove(&editor()).unwrap_or_default()
}

#[tokio::test]
async fn a_mark_calls_until_it_was_settled_by_who_read_it_long_after() {
    let site = Site::new().await;
    let (parse, analyze) = (site.marks(), site.marks());
    assert!(!read(&analyze).await.calls(later(0)));
    parse.put_dirty(&editor(), later(0)).await.unwrap();
    let seen = read(&analyze).await;
    assert!(seen.calls(later(0)));
    // A commit of the minute after the mark may not have been seen: the mark stays.
    analyze
        .settle(&editor(), &seen, None, later(0))
        .await
        .unwrap();
    assert!(read(&analyze).await.calls(later(0)));
    analyze
        .settle(&editor(), &seen, None, later(4 * MINUTE))
        .await
        .unwrap();
    assert!(!read(&analyze).await.calls(later(0)));
    assert!(site.keys().await.is_empty());
}

#[tokio::test]
async fn a_mark_that_was_put_after_the_read_stays() {
    let site = Site::new().await;
    let analyze = site.marks();
    site.marks().put_dirty(&editor(), later(0)).await.unwrap();
    let seen = read(&analyze).await;
    // Another process, at the same instant even: no two marks are the same.
    site.marks().put_dirty(&editor(), later(0)).await.unwrap();
    analyze
        .settle(&editor(), &seen, None, later(4 * MINUTE))
        .await
        .unwrap();
    assert!(read(&analyze).await.calls(later(0)));
}

#[tokio::test]
async fn one_process_marks_a_product_once_a_minute() {
    let site = Site::new().await;
    let parse = site.marks();
    let (start, player) = (later(0), ProductId::new("player").unwrap());
    parse.put_dirty(&editor(), start).await.unwrap();
    let first = read(&parse).await;
    for after in [0, 30, 59] {
        let at = Timestamp(start.0 + after * SECOND);
        parse.put_dirty(&editor(), at).await.unwrap();
    }
    assert_eq!(read(&parse).await, first);
    parse.put_dirty(&player, start).await.unwrap();
    assert_eq!(site.keys().await.len(), 2, "of each product one");
    let minute = Timestamp(start.0 + 60 * SECOND);
    parse.put_dirty(&editor(), minute).await.unwrap();
    let second = read(&parse).await;
    assert_ne!(second, first);
    // A clock that went back knows nothing.
    parse.put_dirty(&editor(), start).await.unwrap();
    assert_ne!(read(&parse).await, second);
}

#[tokio::test]
async fn silence_calls_when_it_is_due() {
    let site = Site::new().await;
    let analyze = site.marks();
    let due = later(30 * MINUTE);
    let none = ProductMarks::default();
    analyze
        .settle(&editor(), &none, Some(due), later(0))
        .await
        .unwrap();
    let seen = read(&analyze).await;
    assert!(!seen.calls(due), "nothing was silent for longer");
    assert!(seen.calls(Timestamp(due.0 + 1)));
    assert_eq!(seen.since(Timestamp(due.0 + 1)), Some(due));
    assert_eq!(seen.since(due), None);
    // The same again is no news; another instant takes its place.
    analyze
        .settle(&editor(), &seen, Some(due), later(0))
        .await
        .unwrap();
    assert_eq!(read(&analyze).await, seen);
    let next = Timestamp(due.0 + MINUTE);
    analyze
        .settle(&editor(), &seen, Some(next), later(0))
        .await
        .unwrap();
    assert_eq!(site.keys().await.len(), 1);
    let seen = read(&analyze).await;
    assert!(!seen.calls(next) && seen.calls(Timestamp(next.0 + 1)));
    analyze
        .settle(&editor(), &seen, None, later(0))
        .await
        .unwrap();
    assert!(site.keys().await.is_empty());
}

#[tokio::test]
async fn what_is_no_mark_is_passed_over() {
    let site = Site::new().await;
    for key in [
        "state/analyze/editor/what",
        "state/analyze/editor/due/x",
        "state/bulk/a.jsonl",
    ] {
        let put = logbook_backends::Put::Always;
        site.store
            .put(key, Vec::new(), BTreeMap::new(), put)
            .await
            .unwrap();
    }
    assert!(site.marks().read().await.unwrap().is_empty());
}
