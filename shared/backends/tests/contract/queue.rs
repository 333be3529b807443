//! What every queue must do.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use logbook_backends::{Attributes, Backlog, Depth, Message, Queue, Receive};

pub(crate) const LONG: Duration = Duration::from_mins(1);

/// In what queues may differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// A short time that the queue can tell from none.
    pub(crate) short: Duration,
    /// Whether it knows ages, which receipts are stale, and ids after a redrive.
    pub(crate) knows_all: bool,
}

pub(crate) async fn take(
    queue: &Queue,
    max: usize,
    wait: Duration,
    visibility: Duration,
) -> Vec<Message> {
    let how = Receive {
        max,
        wait,
        visibility,
    };
    queue.receive(how).await.unwrap()
}

pub(crate) async fn take_now(queue: &Queue) -> Vec<Message> {
    take(queue, Queue::MAX_BATCH, Duration::ZERO, LONG).await
}

/// The contract, for a queue of three receives at most. It is empty before each part.
pub(crate) async fn contract(queue: &Queue, kind: Kind) {
    a_message_is_received_once_and_deleted(queue, kind).await;
    what_is_not_deleted_comes_again(queue, kind).await;
    a_stale_receipt_deletes_nothing(queue, kind).await;
    visibility_can_be_changed(queue, kind).await;
    batches_are_bounded_and_answered_in_order(queue).await;
    a_poison_message_is_dead_lettered_and_can_be_redriven(queue, kind).await;
    a_waiting_receiver_is_woken(queue, kind).await;
    receivers_at_once_share_no_message(queue).await;
}

async fn a_message_is_received_once_and_deleted(queue: &Queue, kind: Kind) {
    let attributes = Attributes::from([("product".to_owned(), "editor".to_owned())]);
    assert_eq!(queue.backlog().await.unwrap(), Backlog::None);
    let id = queue.send("hello", &attributes).await.unwrap();
    match queue.backlog().await.unwrap() {
        Backlog::Since(age) => assert!(kind.knows_all && age < LONG),
        backlog => assert!(!kind.knows_all && backlog == Backlog::Unknown),
    }
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
    assert_eq!(depth.oldest_age.is_some(), kind.knows_all);
    assert!(depth.oldest_age.unwrap_or_default() < LONG);
    assert!(queue.delete(&message.receipt_handle).await.unwrap());
    let again = queue.delete(&message.receipt_handle).await.unwrap();
    assert!(!again || !kind.knows_all);
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

async fn what_is_not_deleted_comes_again(queue: &Queue, kind: Kind) {
    let id = queue.send("again", &Attributes::new()).await.unwrap();
    take(queue, 1, Duration::ZERO, kind.short).await;
    let again = take(queue, 1, LONG, LONG).await;
    assert_eq!((&again[0].id, again[0].receive_count), (&id, 2));
    assert!(queue.delete(&again[0].receipt_handle).await.unwrap());
}

async fn a_stale_receipt_deletes_nothing(queue: &Queue, kind: Kind) {
    queue.send("stale", &Attributes::new()).await.unwrap();
    let first = take(queue, 1, Duration::ZERO, Duration::ZERO).await;
    let second = take_now(queue).await;
    let (stale, fresh) = (&first[0].receipt_handle, &second[0].receipt_handle);
    let deleted = queue.delete(stale).await.unwrap();
    let changed = queue.change_visibility(stale, LONG).await.unwrap();
    assert!(!kind.knows_all || (!deleted && !changed));
    assert!(!queue.delete("nonsense").await.unwrap());
    assert_eq!(queue.depth().await.unwrap().in_flight, 1);
    assert!(queue.delete(fresh).await.unwrap());
}

async fn visibility_can_be_changed(queue: &Queue, kind: Kind) {
    queue.send("back", &Attributes::new()).await.unwrap();
    let first = take_now(queue).await;
    assert!(
        queue
            .change_visibility(&first[0].receipt_handle, Duration::ZERO)
            .await
            .unwrap()
    );
    let second = take(queue, 1, Duration::ZERO, kind.short).await;
    assert!(
        queue
            .change_visibility(&second[0].receipt_handle, LONG)
            .await
            .unwrap()
    );
    tokio::time::sleep(kind.short * 2).await;
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

async fn a_poison_message_is_dead_lettered_and_can_be_redriven(queue: &Queue, kind: Kind) {
    let attributes = Attributes::from([("product".to_owned(), "editor".to_owned())]);
    let id = queue.send("poison", &attributes).await.unwrap();
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
    assert_eq!((&*message[0].body, message[0].receive_count), ("poison", 1));
    assert_eq!(message[0].attributes, attributes);
    assert_eq!(queue.depth().await.unwrap().dead, 0);
    assert!(message[0].id == id || !kind.knows_all);
    assert!(queue.delete(&message[0].receipt_handle).await.unwrap());
}

async fn a_waiting_receiver_is_woken(queue: &Queue, kind: Kind) {
    let waiter = queue.clone();
    let waiting = tokio::spawn(async move { take(&waiter, 1, LONG, LONG).await });
    tokio::time::sleep(kind.short).await;
    let sent = Instant::now();
    queue.send("wake", &Attributes::new()).await.unwrap();
    let messages = waiting.await.unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2));
    assert!(queue.delete(&messages[0].receipt_handle).await.unwrap());
    let asked = Instant::now();
    assert!(take(queue, 1, kind.short, LONG).await.is_empty());
    assert!(asked.elapsed() >= kind.short);
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
