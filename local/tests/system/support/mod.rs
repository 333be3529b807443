//! An installation in a folder of its own, the program that runs on it, and its doors.

pub(crate) mod door;
pub(crate) mod items;
pub(crate) mod logs;
pub(crate) mod stores;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use door::Door;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_logbook");
/// Longest time that anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A data folder and a port, both removed or free again when it goes.
pub(crate) struct Installation {
    folder: TempDir,
    port: u16,
}

/// A free port of this machine.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Installation {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            port: free_port(),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder beside the data, for logs to inspect.
    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs a command of the program on the data folder, to its end.
    pub(crate) fn logbook(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(args).arg("--data").arg(self.data());
        command.env_remove("LOGBOOK_KEY").output().unwrap()
    }

    /// The JSON that a command prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.logbook(args);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    }

    /// Registers a product with a profile, whose reports withhold nothing.
    pub(crate) fn add_product(&self, id: &str, profile: &str) {
        let args = [
            "product",
            "add",
            id,
            "--profile",
            profile,
            "--min-users",
            "1",
        ];
        let output = self.logbook(&args);
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.data().join("secrets").join(name)).unwrap()
    }

    /// Starts `logbook run`, sweeping and analyzing each second; does not wait for it.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let output = |name: &str| {
            let mut options = File::options();
            let path = self.folder.path().join(name);
            Stdio::from(options.create(true).append(true).open(path).unwrap())
        };
        let child = Command::new(PROGRAM)
            .args(["run", "--sweep-secs", "1", "--analyze-secs", "1"])
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(args)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(output("out.txt"))
            .stderr(output("err.txt"))
            .spawn()
            .unwrap();
        Running(child)
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn started(&self) -> Running {
        let mut running = self.start(&[]);
        eventually("the program answers", || {
            assert!(running.0.try_wait().unwrap().is_none(), "{}", self.errors());
            self.door("app").alive()
        });
        running
    }

    /// The doors of a product, as long as its secrets are there.
    pub(crate) fn door(&self, product: &str) -> Door {
        let secret = |name: &str| {
            let path = self.data().join("secrets").join(name);
            std::fs::read_to_string(path).unwrap_or_default()
        };
        let key = secret(&format!("product-key-{product}"));
        Door::new(self.port, product, &key, &secret("token"))
    }

    /// What the program said on standard error.
    pub(crate) fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("err.txt")).unwrap_or_default()
    }

    /// What the program said on standard output.
    pub(crate) fn greeting(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("out.txt")).unwrap_or_default()
    }

    /// What `logbook doctor` finds of a kind of check: its verdict and its words, all of them.
    pub(crate) fn doctor(&self, check: &str) -> Vec<(String, String)> {
        let report = self.json(&["doctor", "--json"]);
        let of_check = report.as_array().unwrap().iter();
        of_check
            .filter(|finding| finding["check"] == check)
            .map(|finding| {
                let text = |name: &str| finding[name].as_str().unwrap().to_owned();
                (text("verdict"), text("found"))
            })
            .collect()
    }
}

/// A running `logbook`; it is killed when it goes.
pub(crate) struct Running(Child);

impl Running {
    /// Waits until it ends by itself; `None` if it does not.
    pub(crate) fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < within {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            sleep(Duration::from_millis(5));
        }
        None
    }

    /// Kills it at once.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.ended(PATIENCE).expect("SIGTERM ends it")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something holds, or fails.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        sleep(Duration::from_millis(50));
    }
}
