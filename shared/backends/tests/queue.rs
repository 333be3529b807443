//! What every queue must do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use logbook_backends::{Attributes, Message, Queue, QueuePolicy, Receive};
use proptest::prelude::*;

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(150);

async fn open(directory: &Path) -> Queue {
    let policy = QueuePolicy {
        max_receives: 3,
        ..QueuePolicy::default()
    };
    Queue::open_file(&directory.join("queue.db"), policy)
        .await
        .unwrap()
}

async fn take(queue: &Queue, max: usize, wait: Duration, visibility: Duration) -> Vec<Message> {
    let how = Receive {
        max,
        wait,
        visibility,
    };
    queue.receive(how).await.unwrap()
}

async fn take_now(queue: &Queue) -> Vec<Message> {
    take(queue, Queue::MAX_BATCH, Duration::ZERO, LONG).await
}

/// The contract, for a queue of three receives at most. It is empty before each part.
async fn contract(queue: &Queue) {
    a_message_is_received_once_and_deleted(queue).await;
    what_is_not_deleted_comes_again(queue).await;
    a_stale_receipt_deletes_nothing(queue).await;
    visibility_can_be_changed(queue).await;
    batches_are_bounded_and_answered_in_order(queue).await;
    a_poison_message_is_dead_lettered_and_can_be_redriven(queue).await;
    a_waiting_receiver_is_woken(queue).await;
    receivers_at_once_share_no_message(queue).await;
}

async fn a_message_is_received_once_and_deleted(queue: &Queue) {
    let attributes = Attributes::from([("product".to_owned(), "editor".to_owned())]);
    let id = queue.send("hello", &attributes).await.unwrap();
    let messages = take_now(queue).await;
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!((&message.id, &*message.body), (&id, "hello"));
    assert_eq!(
        (&message.attributes, message.receive_count),
        (&attributes, 1)
    );
    assert!(take_now(queue).await.is_empty());
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.dead), (0, 1, 0));
    assert!(depth.oldest_age.unwrap() < LONG);
    assert!(queue.delete(&message.receipt_handle).await.unwrap());
    assert!(!queue.delete(&message.receipt_handle).await.unwrap());
    assert_eq!(queue.depth().await.unwrap().oldest_age, None);
}

async fn what_is_not_deleted_comes_again(queue: &Queue) {
    let id = queue.send("again", &Attributes::new()).await.unwrap();
    take(queue, 1, Duration::ZERO, SHORT).await;
    let again = take(queue, 1, LONG, LONG).await;
    assert_eq!((&again[0].id, again[0].receive_count), (&id, 2));
    assert!(queue.delete(&again[0].receipt_handle).await.unwrap());
}

async fn a_stale_receipt_deletes_nothing(queue: &Queue) {
    queue.send("stale", &Attributes::new()).await.unwrap();
    let first = take(queue, 1, Duration::ZERO, Duration::ZERO).await;
    let second = take_now(queue).await;
    let (stale, fresh) = (&first[0].receipt_handle, &second[0].receipt_handle);
    assert!(!queue.delete(stale).await.unwrap());
    assert!(
        !queue
            .change_visibility(stale, Duration::ZERO)
            .await
            .unwrap()
    );
    assert!(!queue.delete("nonsense").await.unwrap());
    assert_eq!(queue.depth().await.unwrap().in_flight, 1);
    assert!(queue.delete(fresh).await.unwrap());
}

async fn visibility_can_be_changed(queue: &Queue) {
    queue.send("back", &Attributes::new()).await.unwrap();
    let first = take_now(queue).await;
    assert!(
        queue
            .change_visibility(&first[0].receipt_handle, Duration::ZERO)
            .await
            .unwrap()
    );
    let second = take(queue, 1, Duration::ZERO, SHORT).await;
    assert!(
        queue
            .change_visibility(&second[0].receipt_handle, LONG)
            .await
            .unwrap()
    );
    tokio::time::sleep(SHORT * 2).await;
    assert!(take_now(queue).await.is_empty());
    assert!(queue.delete(&second[0].receipt_handle).await.unwrap());
}

async fn batches_are_bounded_and_answered_in_order(queue: &Queue) {
    let (none, bodies) = (
        Attributes::new(),
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"],
    );
    let batch: Vec<(&str, &Attributes)> = bodies.iter().map(|body| (*body, &none)).collect();
    let ids = queue.send_batch(&batch).await.unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 11);
    let first = take(queue, 99, Duration::ZERO, LONG).await;
    let second = take_now(queue).await;
    assert_eq!((first.len(), second.len()), (10, 1));
    let mut receipts: Vec<&str> = first
        .iter()
        .map(|message| &*message.receipt_handle)
        .collect();
    receipts.insert(1, "1-unknown");
    let mut expected = vec![true; 11];
    expected[1] = false;
    assert_eq!(queue.delete_batch(&receipts).await.unwrap(), expected);
    assert!(queue.delete(&second[0].receipt_handle).await.unwrap());
}

async fn a_poison_message_is_dead_lettered_and_can_be_redriven(queue: &Queue) {
    let id = queue.send("poison", &Attributes::new()).await.unwrap();
    for n in 1..=3 {
        let message = take(queue, 1, Duration::ZERO, Duration::ZERO).await;
        assert_eq!(message[0].receive_count, n);
    }
    assert!(take_now(queue).await.is_empty());
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.dead), (0, 0, 1));
    assert_eq!(queue.dead_letters(10).await.unwrap()[0].id, id);
    assert_eq!(queue.redrive(0).await.unwrap(), 0);
    assert_eq!(queue.redrive(10).await.unwrap(), 1);
    let message = take_now(queue).await;
    assert_eq!((&message[0].id, message[0].receive_count), (&id, 1));
    assert!(queue.delete(&message[0].receipt_handle).await.unwrap());
}

async fn a_waiting_receiver_is_woken(queue: &Queue) {
    let waiter = queue.clone();
    let waiting = tokio::spawn(async move { take(&waiter, 1, LONG, LONG).await });
    tokio::time::sleep(SHORT).await;
    let sent = Instant::now();
    queue.send("wake", &Attributes::new()).await.unwrap();
    let messages = waiting.await.unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2));
    assert!(queue.delete(&messages[0].receipt_handle).await.unwrap());
    let asked = Instant::now();
    assert!(take(queue, 1, SHORT, LONG).await.is_empty());
    assert!(asked.elapsed() >= SHORT);
}

async fn receivers_at_once_share_no_message(queue: &Queue) {
    let none = Attributes::new();
    for n in 0..20 {
        let bodies: Vec<String> = (0..10).map(|m| format!("{n}-{m}")).collect();
        let batch: Vec<(&str, &Attributes)> = bodies.iter().map(|body| (&**body, &none)).collect();
        queue.send_batch(&batch).await.unwrap();
    }
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                loop {
                    let messages = take(&queue, 7, Duration::ZERO, LONG).await;
                    if messages.is_empty() {
                        return bodies;
                    }
                    for message in messages {
                        assert!(queue.delete(&message.receipt_handle).await.unwrap());
                        bodies.push(message.body);
                    }
                }
            })
        })
        .collect();
    let mut bodies = Vec::new();
    for receiver in receivers {
        bodies.extend(receiver.await.unwrap());
    }
    assert_eq!(bodies.len(), 200);
    assert_eq!(bodies.into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_queue_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    contract(&open(directory.path()).await).await;
}

/// What is done to a queue, and to a model of it.
#[derive(Debug, Clone)]
enum Step {
    Send,
    /// Receive that many, invisible for ever or not at all.
    Take(usize, bool),
    /// Delete by the receipt at this place among all ever given.
    Delete(prop::sample::Index),
    Return(prop::sample::Index),
    Redrive,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Send),
        4 => (1usize..5, any::<bool>()).prop_map(|(max, hidden)| Step::Take(max, hidden)),
        3 => any::<prop::sample::Index>().prop_map(Step::Delete),
        2 => any::<prop::sample::Index>().prop_map(Step::Return),
        1 => Just(Step::Redrive),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

#[derive(Debug, Default)]
struct Modelled {
    receipt: Option<String>,
    receives: u32,
    hidden: bool,
    dead: bool,
}

/// The queue as it ought to be, by message id.
#[derive(Debug, Default)]
struct Model {
    messages: BTreeMap<String, Modelled>,
    receipts: Vec<String>,
}

impl Model {
    fn bury(&mut self) {
        for message in self.messages.values_mut() {
            message.dead |= !message.hidden && message.receives >= 3;
        }
    }

    /// The message whose latest receipt this is, unless it is dead.
    fn holder(&self, receipt: &str) -> Option<String> {
        let mut found = self.messages.iter();
        let (id, _) = found.find(|(_, m)| m.receipt.as_deref() == Some(receipt) && !m.dead)?;
        Some(id.clone())
    }

    fn took(&mut self, messages: &[Message], max: usize, hidden: bool) {
        self.bury();
        let visible = self.messages.values().filter(|m| !m.hidden && !m.dead);
        assert_eq!(messages.len(), visible.count().min(max));
        for message in messages {
            let modelled = self.messages.get_mut(&message.id).unwrap();
            assert!(!modelled.hidden && !modelled.dead);
            modelled.receives += 1;
            assert_eq!(message.receive_count, modelled.receives);
            modelled.hidden = hidden;
            modelled.receipt = Some(message.receipt_handle.clone());
            self.receipts.push(message.receipt_handle.clone());
        }
    }

    fn redriven(&mut self) -> u64 {
        self.bury();
        let mut count = 0;
        for message in self.messages.values_mut().filter(|m| m.dead) {
            *message = Modelled::default();
            count += 1;
        }
        count
    }

    fn depth(&mut self) -> (u64, u64, u64) {
        self.bury();
        let count = |wanted: fn(&Modelled) -> bool| {
            self.messages.values().filter(|m| wanted(m)).count() as u64
        };
        (
            count(|m| !m.dead && !m.hidden),
            count(|m| !m.dead && m.hidden),
            count(|m| m.dead),
        )
    }
}

async fn apply(queue: &mut Queue, directory: &Path, model: &mut Model, step: Step) {
    match step {
        Step::Send => {
            let id = queue.send("x", &Attributes::new()).await.unwrap();
            model.messages.insert(id, Modelled::default());
        }
        Step::Take(max, hidden) => {
            let visibility = if hidden { LONG } else { Duration::ZERO };
            let messages = take(queue, max, Duration::ZERO, visibility).await;
            model.took(&messages, max, hidden);
        }
        Step::Delete(at) if !model.receipts.is_empty() => {
            let receipt = at.get(&model.receipts).clone();
            let holder = model.holder(&receipt);
            assert_eq!(queue.delete(&receipt).await.unwrap(), holder.is_some());
            holder.map(|id| model.messages.remove(&id));
        }
        Step::Return(at) if !model.receipts.is_empty() => {
            let receipt = at.get(&model.receipts).clone();
            let changed = queue
                .change_visibility(&receipt, Duration::ZERO)
                .await
                .unwrap();
            let holder = model.holder(&receipt);
            assert_eq!(changed, holder.is_some());
            if let Some(id) = holder {
                model.messages.get_mut(&id).unwrap().hidden = false;
            }
        }
        Step::Redrive => assert_eq!(queue.redrive(99).await.unwrap(), model.redriven()),
        Step::Reopen => *queue = open(directory).await,
        Step::Delete(_) | Step::Return(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_queue_does_what_its_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let (mut queue, mut model) = (open(directory.path()).await, Model::default());
            for step in steps {
                apply(&mut queue, directory.path(), &mut model, step).await;
                let depth = queue.depth().await.unwrap();
                assert_eq!((depth.visible, depth.in_flight, depth.dead), model.depth());
            }
        });
    }
}

#[tokio::test]
async fn what_was_sent_outlives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let acknowledged = child::run_and_kill("child_sends_until_killed", directory.path(), 200);
    let queue = open(directory.path()).await;
    let mut bodies = BTreeSet::new();
    loop {
        let messages = take_now(&queue).await;
        if messages.is_empty() {
            break;
        }
        bodies.extend(messages.into_iter().map(|message| message.body));
    }
    assert!(acknowledged.iter().all(|body| bodies.contains(body)));
}

#[tokio::test]
#[ignore = "run by what_was_sent_outlives_kill_9"]
async fn child_sends_until_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let queue = open(&directory).await;
    for n in 0.. {
        let body = n.to_string();
        queue.send(&body, &Attributes::new()).await.unwrap();
        child::acknowledge(&body);
    }
}
