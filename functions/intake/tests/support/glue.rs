//! Glue, as far as one job of it goes: answers on a free port of 127.0.0.1.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// What comes of asking for a run.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Start,
    StartAndBreakOff,
    Refuse(&'static str),
}

struct State {
    answer: Answer,
    /// As `GetJobRuns` tells them, oldest first.
    runs: Vec<Value>,
}

pub(crate) struct Glue {
    address: String,
    state: Arc<Mutex<State>>,
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

impl Glue {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State {
            answer: Answer::Start,
            runs: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let served = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let state = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.state.lock().unwrap().answer = answer;
    }

    /// How many runs were started.
    pub(crate) fn started(&self) -> usize {
        self.state.lock().unwrap().runs.len()
    }

    /// The manifest that a run was given.
    pub(crate) fn manifest(&self, run: usize) -> String {
        let manifest = self.state.lock().unwrap().runs[run]["Arguments"]["--manifest"].clone();
        manifest.as_str().unwrap().to_owned()
    }

    /// Sets the state of the latest run.
    pub(crate) fn end(&self, state: &str) {
        self.latest("JobRunState", json!(state));
    }

    /// Sets when the latest run was started, in seconds from now.
    pub(crate) fn started_in(&self, secs: i32) {
        self.latest("StartedOn", json!(now() + f64::from(secs)));
    }

    fn latest(&self, member: &str, value: Value) {
        self.state.lock().unwrap().runs.last_mut().unwrap()[member] = value;
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some((target, body)) = request(&mut reader) {
        let mut state = state.lock().unwrap();
        assert_eq!(body["JobName"], "logbook-bulk");
        let (status, answer) = match (target.as_str(), state.answer) {
            ("AWSGlue.GetJobRuns", _) => {
                let latest_first: Vec<&Value> = state.runs.iter().rev().collect();
                (200, json!({ "JobRuns": latest_first }))
            }
            (_, Answer::Refuse(code)) => (400, json!({ "__type": code, "Message": "no" })),
            ("AWSGlue.StartJobRun", answer) => {
                let id = format!("jr_{}", state.runs.len());
                let (arguments, started) = (&body["Arguments"], now());
                state.runs.push(json!({
                    "Id": id, "JobRunState": "RUNNING", "StartedOn": started,
                    "Arguments": arguments,
                }));
                if matches!(answer, Answer::StartAndBreakOff) {
                    return;
                }
                (200, json!({ "JobRunId": id }))
            }
            (other, _) => unreachable!("{other}"),
        };
        let answer = answer.to_string();
        let written = write!(
            reader.get_mut(),
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n\
             content-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        written.unwrap();
    }
}

/// The operation and the body of the next request.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let (mut target, mut length, mut line) = (String::new(), 0, String::new());
    reader
        .read_line(&mut line)
        .ok()
        .filter(|&bytes| bytes > 0)?;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                value.clone_into(&mut target);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((target, serde_json::from_slice(&body).ok()?))
}
