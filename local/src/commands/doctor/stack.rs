//! What is wrong with a stack, as far as the caller's role lets it be seen.

use std::fmt::Display;
use std::time::Duration;

use logbook_model::Timestamp;
use logbook_pipeline::{ARCHIVE_PREFIX, sweep_inbox};

use super::{Report, Verdict, products};
use crate::api::answers;
use crate::host::now;
use crate::stack::{JobQueue, Stack};

/// Older than this, objects of the inbox were passed over by intake and by its own sweep, which
/// comes every quarter of an hour.
const OLD: Duration = Duration::from_hours(1);
/// For what cannot be seen.
const RIGHTS: &str = "docs/stack.md lists what your role must be allowed";
const REDRIVE: &str = "`logbook redrive --list` shows them; mend what the functions' logs name, \
                       then `logbook redrive`";

pub(super) async fn examine(stack: &Stack) -> Report {
    let mut report = Report::default();
    outputs(stack, &mut report);
    doors(stack, &mut report).await;
    if archive(stack, &mut report).await {
        registry(stack, &mut report).await;
    }
    inbox(stack, &mut report).await;
    queues(stack, &mut report).await;
    failures(stack, &mut report).await;
    alarms(stack, &mut report).await;
    report
}

impl Report {
    /// What could not be found out.
    fn unseen(&mut self, check: &'static str, error: impl Display) {
        self.add(check, Verdict::Bad, error.to_string(), RIGHTS);
    }
}

fn outputs(stack: &Stack, report: &mut Report) {
    let is_settled = stack.status.ends_with("_COMPLETE") && !stack.status.contains("ROLLBACK");
    let (verdict, what) = match stack.status.as_str() {
        _ if is_settled => (Verdict::Good, ""),
        "UPDATE_ROLLBACK_COMPLETE" => (
            Verdict::Look,
            "the last update was taken back; its events in CloudFormation say why",
        ),
        status if status.ends_with("_IN_PROGRESS") => (
            Verdict::Look,
            "it is being changed; look again when it is done",
        ),
        _ => (Verdict::Bad, "its events in CloudFormation say why"),
    };
    report.add(
        "stack",
        verdict,
        format!("{} is {}", stack.name, stack.status),
        what,
    );
    let missing = stack.missing_outputs();
    if missing.is_empty() {
        report.add("outputs", Verdict::Good, "all there".to_owned(), "");
    } else {
        let found = format!("missing: {}", missing.join(", "));
        let what = "is it Logbook's stack, and of this version? `make deploy` brings it up to date";
        report.add("outputs", Verdict::Bad, found, what);
    }
}

/// Whether both APIs answer; what they answer is for those who have a key or a token.
async fn doors(stack: &Stack, report: &mut Report) {
    let doors = [
        ("upload API", "UploadUrl", "/v1/logs"),
        ("query API", "QueryUrl", "/healthz"),
    ];
    for (check, output, path) in doors {
        let Some(base) = stack.output(output) else {
            continue;
        };
        let url = format!("{base}{path}");
        let asked = tokio::task::spawn_blocking(move || answers(&url)).await;
        match asked.map_err(anyhow::Error::from).flatten() {
            Ok(status) if status < 500 => {
                report.add(check, Verdict::Good, "answers".to_owned(), "");
            }
            Ok(status) => {
                let what = "its function's log says what fails";
                report.add(check, Verdict::Bad, format!("answers {status}"), what);
            }
            Err(error) => {
                let what = "can this machine reach it? else look at API Gateway";
                report.add(check, Verdict::Bad, format!("{error:#}"), what);
            }
        }
    }
}

async fn archive(stack: &Stack, report: &mut Report) -> bool {
    let Ok(archive) = stack.archive() else {
        return false;
    };
    match archive.list(ARCHIVE_PREFIX, None, 1).await {
        Ok(_) => {
            report.add("archive", Verdict::Good, "can be listed".to_owned(), "");
            true
        }
        Err(error) => {
            report.unseen("archive", error);
            false
        }
    }
}

async fn registry(stack: &Stack, report: &mut Report) {
    let Ok(archive) = stack.archive() else {
        return;
    };
    let strangers = "`logbook product add ID` if they are yours: logs that come from then on are \
                     parsed";
    products(&archive, strangers, report).await;
}

async fn inbox(stack: &Stack, report: &mut Report) {
    let Ok(inbox) = stack.inbox() else {
        return;
    };
    let before = Timestamp(now().0 - OLD.as_micros() as i64);
    match sweep_inbox(&inbox, before).await {
        Ok(old) if old.is_empty() => {
            let found = "nothing waits for over an hour".to_owned();
            report.add("inbox", Verdict::Good, found, "");
        }
        Ok(old) => {
            let found = format!("{} objects wait for over an hour", old.len());
            let what = "the log of the function intake says why they are not taken";
            report.add("inbox", Verdict::Bad, found, what);
        }
        Err(error) => report.unseen("inbox", error),
    }
}

async fn queues(stack: &Stack, report: &mut Report) {
    let Ok(queues) = stack.job_queues() else {
        return;
    };
    for JobQueue { name, queue } in queues {
        let depth = match queue.depth().await {
            Ok(depth) => depth,
            Err(error) => {
                report.unseen(name, error);
                continue;
            }
        };
        let found = format!("{} waiting, {} in work", depth.visible, depth.in_flight);
        report.add(name, Verdict::Good, found, "");
        let verdict = Verdict::bad_if(depth.dead > 0);
        let found = format!("{} of the {name}", depth.dead);
        report.add("dead letters", verdict, found, REDRIVE);
    }
}

async fn failures(stack: &Stack, report: &mut Report) {
    let Ok(failed) = stack.failed_intakes() else {
        return;
    };
    match failed.count().await {
        Ok(count) => {
            let verdict = Verdict::bad_if(count > 0);
            let found = format!("{count} events that intake failed at");
            report.add("failed intakes", verdict, found, REDRIVE);
        }
        Err(error) => report.unseen("failed intakes", error),
    }
}

async fn alarms(stack: &Stack, report: &mut Report) {
    match stack
        .clients
        .firing_alarms(&format!("{}-", stack.name))
        .await
    {
        Ok(alarms) if alarms.is_empty() => {
            report.add("alarms", Verdict::Good, "none fires".to_owned(), "");
        }
        Ok(alarms) => {
            for alarm in alarms {
                let mut found = format!("{} fires", alarm.name);
                if !alarm.description.is_empty() {
                    found.push_str(&format!(": {}", alarm.description));
                }
                let what = "docs/deploy.md says what each alarm asks for";
                report.add("alarms", Verdict::Bad, found, what);
            }
        }
        Err(error) => {
            let found = error.to_string();
            report.add("alarms", Verdict::Look, found, RIGHTS);
        }
    }
}
