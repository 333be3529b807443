//! A server that gives answers made up beforehand, and tells what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// A server for as many requests as it has answers.
pub(crate) struct Fake {
    pub(crate) url: String,
    asked: JoinHandle<Vec<String>>,
}

impl Fake {
    /// One that gives answers in turn: a status, headers as lines, a body.
    pub(crate) fn answering(answers: Vec<(u16, &'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let answers = answers.into_iter();
            answers.map(|answer| serve(&listener, &answer)).collect()
        });
        Self { url, asked }
    }

    /// The requests, each with its headers, once all answers are given.
    pub(crate) fn asked(self) -> Vec<String> {
        self.asked.join().unwrap()
    }
}

fn serve(listener: &TcpListener, (status, headers, body): &(u16, &str, String)) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let asked = read(&stream);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} So\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
    .unwrap();
    asked
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut asked, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        asked.push_str(&line);
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    asked
}
