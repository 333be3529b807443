//! Writes the demo's uploads into a folder, for programs that send them by themselves:
//!
//! ```sh
//! cargo run -p logbook-demo --example uploads -- FOLDER SESSIONS END
//! ```
//!
//! `product.json` is the product; each line of `uploads.jsonl` is an upload, with the name of the
//! file of its body; `END` is the last day, `2026-06-30` say.

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use logbook_demo::{Demo, DemoConfig, Expect, Upload};
use logbook_model::Day;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, sessions, end] = arguments.as_slice() else {
        return Err("usage: uploads FOLDER SESSIONS END".into());
    };
    let config = DemoConfig {
        sessions: sessions.parse()?,
        ..DemoConfig::new(end.parse::<Day>()?)
    };
    write(Path::new(folder), &Demo::new(config))
}

fn write(folder: &Path, demo: &Demo) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let product = demo.product();
    let described = json!({
        "id": product.id,
        "profile": product.profile,
        "consent": product.default_consent.name(),
        "min_users": product.min_users,
        "session_timeout_secs": product.session_timeout_secs,
        "accounts_readable": product.account_ids_readable,
    });
    fs::write(folder.join("product.json"), described.to_string())?;
    let mut list = BufWriter::new(fs::File::create(folder.join("uploads.jsonl"))?);
    for (number, upload) in demo.uploads().enumerate() {
        let file = format!("{number:05}.log");
        fs::write(folder.join(&file), &upload.body)?;
        writeln!(list, "{}", line(&file, &upload))?;
    }
    list.flush()?;
    Ok(())
}

fn line(file: &str, upload: &Upload) -> Value {
    let (sessions, events) = match upload.expect {
        Expect::Parsed {
            sessions, events, ..
        } => (sessions, events),
        _ => (0, 0),
    };
    json!({
        "file": file,
        "log_id": upload.log_id,
        "route": format!("{:?}", upload.route).to_lowercase(),
        "content_type": upload.content_type,
        "consent": upload.consent.name(),
        "metadata": upload.metadata,
        "expect": upload.expect.name(),
        "sessions": sessions,
        "events": events,
    })
}
