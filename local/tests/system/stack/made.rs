//! A stack in the emulator that has what the program asks of one: `tests/stack/small.yaml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use logbook_backends::{AwsClients, AwsOptions, Keys, KmsConfig, ObjectStore, Queue};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A stack of its own, and a folder to work in.
pub(crate) struct Stack {
    pub(crate) name: String,
    outputs: BTreeMap<String, String>,
    clients: AwsClients,
    folder: TempDir,
}

/// A variable that `tests/emulator/run` sets.
fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells tests where the emulator is"
    )]
    std::env::var(name).ok()
}

/// What Lambda writes of an event that intake failed at.
pub(crate) fn failed_event(detail: &str) -> String {
    json!({
        "version": "1.0",
        "timestamp": "2026-11-14T18:11:09.000Z",
        "requestContext": {"requestId": "e4b46cbf", "condition": "RetriesExhausted",
                           "approximateInvokeCount": 3},
        "requestPayload": {"detail": detail},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "once"},
    })
    .to_string()
}

impl Stack {
    /// None, with a note, where no emulator runs.
    pub(crate) async fn make(upload_url: &str, query_url: &str) -> Option<Self> {
        let Some(python) = variable("LOGBOOK_TEST_AWS_PYTHON") else {
            println!("skipped: LOGBOOK_TEST_AWS_PYTHON is not set: see tests/emulator/run");
            return None;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let name = format!("cli-{}", now.as_nanos());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stack/small.py");
        let made = Command::new(python)
            .arg(script)
            .args([&name, upload_url, query_url])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Some(Self {
            name,
            outputs: serde_json::from_slice(&made.stdout).unwrap(),
            clients: AwsClients::load(AwsOptions::default()).await,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// Writes a file into the folder, and gives its name.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        name.to_owned()
    }

    /// Runs the program on the stack.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_on(&self.name, arguments)
    }

    /// Runs the program on a stack of a name.
    pub(crate) fn run_on(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logbook"));
        for variable in [
            "LOGBOOK_KEY",
            "LOGBOOK_API_KEY",
            "LOGBOOK_TOKEN",
            "LOGBOOK_DATA",
        ] {
            command.env_remove(variable);
        }
        command.args(arguments).args(["--stack", name]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    /// Runs it, and gives what it prints; it must succeed.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.status.success(), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// The JSON that it prints; it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.good(arguments)).unwrap()
    }

    /// What `logbook doctor` finds.
    pub(crate) fn doctor(&self) -> Vec<Value> {
        let ran = self.run(&["doctor", "--json"]);
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// A queue, by the output that names it.
    pub(crate) fn queue(&self, output: &str) -> Queue {
        let url = &self.outputs[output];
        Queue::open_sqs(&self.clients, url, url)
    }

    /// A bucket, by the output that names it.
    pub(crate) fn bucket(&self, output: &str) -> ObjectStore {
        ObjectStore::open_s3(&self.clients, &self.outputs[output])
    }

    /// The keys of its archive.
    pub(crate) fn keys(&self) -> Keys {
        let config = KmsConfig {
            key_id: self.outputs["KeyArn"].clone(),
            secret_id: self.outputs["HashSecretArn"].clone(),
        };
        Keys::open_kms(&self.clients, config)
    }

    /// Makes the alarm of dead letters fire.
    pub(crate) fn fire_alarm(&self) {
        let code = "import boto3, sys; boto3.client('cloudwatch').set_alarm_state(\
                    AlarmName=sys.argv[1], StateValue='ALARM', StateReason='a test')";
        let alarm = format!("{}-parse-dead-letters-alarm", self.name);
        let python = variable("LOGBOOK_TEST_AWS_PYTHON").unwrap();
        let done = Command::new(python).args(["-c", code, &alarm]).status();
        assert!(done.unwrap().success());
    }
}
