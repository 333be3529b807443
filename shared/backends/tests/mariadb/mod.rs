//! A MariaDB server of a test's own, which the test may kill.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Mariadb {
    directory: tempfile::TempDir,
    port: u16,
    options: Vec<String>,
    server: Child,
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

impl Mariadb {
    /// `None`, and says so, where tests are to run without a server or none is installed.
    pub(crate) fn start(options: &[String]) -> Option<Self> {
        crate::place::server::url()?;
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=root", "--skip-test-db"])
            .arg("--auth-root-authentication-method=normal")
            .arg(format!("--datadir={}", data.display()))
            .stdout(Stdio::null())
            .status();
        if !installed.is_ok_and(|status| status.success()) {
            println!("skipped: mariadb-install-db is missing or failed");
            return None;
        }
        let port = free_port();
        let server = run(&directory, port, options);
        Some(Self {
            directory,
            port,
            options: options.to_vec(),
            server,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.server = run(&self.directory, self.port, &self.options);
    }
}

fn run(directory: &tempfile::TempDir, port: u16, options: &[String]) -> Child {
    let at = |name: &str| directory.path().join(name).display().to_string();
    let server = Command::new("mariadbd")
        .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"])
        .arg(format!("--datadir={}", at("data")))
        .arg(format!("--socket={}", at("socket")))
        .arg(format!("--port={port}"))
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "it did not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        let _dead = self.server.kill();
        let _reaped = self.server.wait();
    }
}
