//! The contract of queues on the local one, and what that does besides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;
#[path = "contract/queue.rs"]
mod contract;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use contract::{Kind, LONG, contract, take, take_now};
use logbook_backends::{Attributes, Message, Queue, QueuePolicy};
use proptest::prelude::*;

const LOCAL: Kind = Kind {
    short: Duration::from_millis(150),
    knows_all: true,
};

async fn open(directory: &Path) -> Queue {
    let policy = QueuePolicy {
        max_receives: 3,
        ..QueuePolicy::default()
    };
    Queue::open_file(&directory.join("queue.db"), policy)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_queue_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    contract(&open(directory.path()).await, LOCAL).await;
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
