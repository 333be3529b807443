//! Extracts for Tableau. Only Tableau's own Hyper API writes them, a library for Python among
//! others: it is asked to, where it is installed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use serde_json::json;

use super::target::Target;

const SCRIPT: &str = include_str!("hyper.py");
/// How the script says that the library is missing.
const MISSING: i32 = 3;

/// A Python that has the library.
pub(super) struct Converter {
    python: PathBuf,
}

impl Converter {
    /// Looks whether it is there, before anything is asked of a report.
    pub(super) fn find(python: &Path) -> anyhow::Result<Self> {
        let converter = Self {
            python: python.to_owned(),
        };
        converter.run(&[], "")?;
        Ok(converter)
    }

    /// An extract of a Parquet file, to be put in a place.
    pub(super) fn convert(
        &self,
        parquet: &Target,
        path: &Path,
        about: &[(&'static str, String)],
    ) -> anyhow::Result<Target> {
        let extract = Target::beside(path)?;
        let about = json!(about).to_string();
        self.run(&[parquet.path(), extract.path()], &about)?;
        Ok(extract)
    }

    fn run(&self, arguments: &[&Path], input: &str) -> anyhow::Result<()> {
        let python = self.python.display();
        let mut child = Command::new(&self.python)
            .args(["-c", SCRIPT])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {python}, which --hyper needs"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that ended already says why.
            let _gone = stdin.write_all(input.as_bytes());
        }
        let Output { status, stderr, .. } = child.wait_with_output()?;
        match status.code() {
            Some(0) => Ok(()),
            Some(MISSING) => bail!(
                "{python} has no tableauhyperapi, without which no extract for Tableau can be \
                 written: pip install tableauhyperapi, or name a Python that has it with --python; \
                 --parquet needs nothing"
            ),
            _ => {
                let said = String::from_utf8_lossy(&stderr);
                let last = said.trim().lines().last().unwrap_or("it says nothing");
                bail!("Tableau's Hyper API failed: {last}")
            }
        }
    }
}
