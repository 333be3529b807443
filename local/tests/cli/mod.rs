//! The program `logbook`, run in a folder of its own.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// Three good records of two sessions, and one that is none.
pub(crate) const LOG: &str = r#"{"time":"2026-11-02T10:00:00Z","session":"s1","name":"start","type":"session_start","version":"1.0"}
{"time":"2026-11-02T10:00:01Z","session":"s1","name":"export","level":"error"}
this is no record
{"time":"2026-11-02T11:00:00Z","session":"s2","name":"start","type":"session_start","version":"1.1"}
"#;

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the log as `run.log`.
    pub(crate) fn with_log() -> Self {
        let folder = Self::new();
        folder.write("run.log", LOG);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Runs the program here.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.0.path(), arguments)
    }
}

pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_logbook"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("LOGBOOK_DATA")
        .env_remove("LOGBOOK_KEY")
        .env_remove("LOGBOOK_API_KEY")
        .env_remove("LOGBOOK_TOKEN")
        .env_remove("LOGBOOK_STACK")
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn gzip(plain: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain.as_ref()).unwrap();
    encoder.finish().unwrap()
}
