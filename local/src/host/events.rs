//! The events that AWS would send, as the JSON that it would send.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use logbook_backends::{Created, Message};
use serde_json::{Value, json};

/// An S3 `ObjectCreated:Put` event. Source: Amazon S3 User Guide, event message structure.
pub(super) fn object_created(bucket: &str, created: &Created, at: &str) -> Value {
    json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "local",
            "eventTime": at,
            "eventName": "ObjectCreated:Put",
            "userIdentity": { "principalId": "local" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": {},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "intake",
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": { "principalId": "local" },
                    "arn": format!("arn:aws:s3:::{bucket}"),
                },
                "object": {
                    "key": percent_encode(&created.key),
                    "size": created.size,
                    "eTag": created.etag,
                    "sequencer": "0",
                },
            },
        }],
    })
}

/// An `EventBridge` Scheduler event. Source: Amazon `EventBridge` User Guide, scheduled events.
pub(super) fn scheduled(at: &str) -> serde_json::Result<EventBridgeEvent> {
    serde_json::from_value(json!({
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": at,
        "region": "local",
        "resources": [],
        "detail": {},
    }))
}

/// S3 percent-encodes keys in events, and writes a blank as `+`.
fn percent_encode(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// An SQS event of a batch. Source: AWS Lambda Developer Guide, using Lambda with Amazon SQS.
pub(super) fn messages(batch: &[Message]) -> serde_json::Result<SqsEvent> {
    let records: Vec<Value> = batch
        .iter()
        .map(|message| {
            json!({
                "messageId": message.id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": message.receive_count.to_string(),
                    "SentTimestamp": (message.sent_at.0 / 1000).to_string(),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:local:000000000000:parse",
                "awsRegion": "local",
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::event::s3::S3Event;

    #[test]
    fn events_are_those_that_lambda_functions_read() {
        let created = Created {
            key: "inbox/p/a b.log".to_owned(),
            size: 3,
            etag: "e".to_owned(),
        };
        let event = object_created("inbox", &created, "2026-01-01T00:00:00Z");
        let event: S3Event = serde_json::from_value(event).unwrap();
        assert_eq!(
            event.records[0].s3.object.key.as_deref(),
            Some("inbox/p/a+b.log")
        );
    }

    #[test]
    fn keys_are_encoded_as_s3_does() {
        assert_eq!(
            percent_encode("inbox/p/a b+ü.log"),
            "inbox/p/a+b%2B%C3%BC.log"
        );
    }
}
