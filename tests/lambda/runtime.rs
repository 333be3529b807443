//! A Lambda runtime for one program: the Runtime API on a free port of 127.0.0.1, which hands the
//! program one event after the other and takes its answers, and all that the program writes.

#![allow(dead_code, reason = "each test program uses its share")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// How long a program may take over an event, and to start or to refuse to.
const PATIENCE: Duration = Duration::from_mins(1);
/// The trace that each invocation belongs to.
pub(crate) const TRACE: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// A program that runs.
pub(crate) struct Lambda {
    child: Child,
    events: Sender<String>,
    answers: Receiver<Answer>,
    output: Vec<JoinHandle<String>>,
}

/// What a program made of an event.
#[derive(Debug)]
pub(crate) enum Answer {
    Response(Value),
    Error(Value),
}

#[allow(
    clippy::disallowed_methods,
    reason = "tells tests where the emulator is"
)]
fn variables() -> Vec<(String, String)> {
    let kept = std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name == "PATH");
    kept.collect()
}

/// Variables that each function of Lambda has, and those of this test run that lead to emulators.
fn surroundings(command: &mut Command, name: &str, api: &str) {
    command.env_clear().env("AWS_REGION", "us-east-1");
    command.envs(variables());
    command.env("AWS_LAMBDA_FUNCTION_NAME", format!("logbook-{name}"));
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "1");
    command.env("AWS_LAMBDA_LOG_GROUP_NAME", "logs");
    command.env("AWS_LAMBDA_LOG_STREAM_NAME", "stream");
    command.env("AWS_LAMBDA_RUNTIME_API", api);
    command.env("LOGBOOK_STAGE", "test");
}

impl Lambda {
    /// Starts a program with the variables of its function.
    pub(crate) fn start(program: &str, name: &str, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let api = listener.local_addr().unwrap().to_string();
        let (events, to_hand_out) = channel();
        let (answered, answers) = channel();
        std::thread::spawn(move || serve(&listener, to_hand_out, &answered));
        let mut command = Command::new(program);
        surroundings(&mut command, name, &api);
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = vec![
            read_all(child.stdout.take().unwrap()),
            read_all(child.stderr.take().unwrap()),
        ];
        Self {
            child,
            events,
            answers,
            output,
        }
    }

    /// Lets the program handle an event.
    pub(crate) fn invoke(&self, event: &str) -> Answer {
        self.events.send(event.to_owned()).unwrap();
        self.answers.recv_timeout(PATIENCE).unwrap()
    }

    /// Lets the program handle an event, which must not fail.
    pub(crate) fn succeed(&self, event: &str) -> Value {
        match self.invoke(event) {
            Answer::Response(value) => value,
            Answer::Error(error) => unreachable!("{error}"),
        }
    }

    /// Ends the program, and gives all that it wrote.
    pub(crate) fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.output
            .drain(..)
            .map(|all| all.join().unwrap())
            .collect()
    }

    /// Waits until the program ends by itself, and gives all that it wrote.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it goes on");
            std::thread::sleep(Duration::from_millis(20));
        };
        (
            status,
            self.output
                .drain(..)
                .map(|all| all.join().unwrap())
                .collect(),
        )
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        String::from_utf8_lossy(&all).into_owned()
    })
}

/// Serves each connection in a thread of its own. The program asks for one event at a time.
fn serve(listener: &TcpListener, events: Receiver<String>, answered: &Sender<Answer>) {
    let events = Arc::new(Mutex::new(events));
    while let Ok((stream, _)) = listener.accept() {
        let (events, answered) = (Arc::clone(&events), answered.clone());
        // A connection that breaks off is the program's end.
        std::thread::spawn(move || connection(stream, &events, &answered));
    }
}

fn connection(
    stream: TcpStream,
    events: &Mutex<Receiver<String>>,
    answered: &Sender<Answer>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (path, body) = request(&mut reader)?;
        let stream = reader.get_mut();
        if path.ends_with("/invocation/next") {
            let Ok(event) = events.lock().unwrap().recv() else {
                return Ok(());
            };
            let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: request-1\r\n\
                 lambda-runtime-deadline-ms: {}\r\nlambda-runtime-trace-id: {TRACE}\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:1:function:f\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
                deadline.as_millis(),
                event.len()
            )?;
        } else {
            let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let is_error = path.ends_with("/error");
            let answer = if is_error {
                Answer::Error
            } else {
                Answer::Response
            };
            // Nobody waits for it where the test has ended.
            let _ended = answered.send(answer(value));
            write!(stream, "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
}

/// Path and body of the next request.
fn request(reader: &mut BufReader<TcpStream>) -> std::io::Result<(String, Vec<u8>)> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut is_chunked) = (0, false);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(("transfer-encoding", value)) => is_chunked = value == "chunked",
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    while is_chunked {
        line.clear();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let start = body.len();
        body.resize(start + size + 2, 0);
        reader.read_exact(&mut body[start..])?;
        body.truncate(start + size);
        is_chunked = size > 0;
    }
    Ok((path, body))
}

/// A program that lacks any one of its function's variables ends with a failure, and names it.
pub(crate) fn refuses_without_each(program: &str, name: &str, variables: &[(&str, &str)]) {
    for (missing, _) in variables {
        let others = variables.iter().filter(|(name, _)| name != missing);
        let others: Vec<(&str, &str)> = others.copied().collect();
        refuses(
            program,
            name,
            &others,
            &format!("the environment variable {missing} is not set"),
        );
    }
}

/// A program ends with a failure, and one line of JSON says why.
pub(crate) fn refuses(program: &str, name: &str, variables: &[(&str, &str)], says: &str) {
    let (status, output) = Lambda::start(program, name, variables).ended();
    assert!(!status.success(), "{output}");
    let line: Value = serde_json::from_str(output.trim()).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "the function cannot run");
    assert_eq!(line["service"], name);
    let error = line["error"].as_str().unwrap();
    assert!(error.contains(says), "{error}");
}

/// A program asks for its first event before it connects to anything: neither to AWS nor to a
/// database. `event` is one over which nothing is to be done.
pub(crate) fn starts_unconnected(
    program: &str,
    name: &str,
    variables: &[(&str, &str)],
    event: &str,
) {
    let listen = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port.to_string())
    };
    let ((aws, aws_port), (database, database_port)) = (listen(), listen());
    let endpoint = format!("http://127.0.0.1:{aws_port}");
    let mut variables = variables.to_vec();
    variables.extend([
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("LOGBOOK_DATABASE_PORT", &database_port),
    ]);
    let lambda = Lambda::start(program, name, &variables);
    lambda.succeed(event);
    assert!(aws.accept().is_err(), "a service was connected to");
    assert!(database.accept().is_err(), "the database was connected to");
    let output = lambda.end();
    assert!(output.contains("ColdStart"), "{output}");
}
