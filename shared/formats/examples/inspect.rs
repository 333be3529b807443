//! scratch
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs
)]
use logbook_formats::*;
use logbook_model::*;
fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let profile = args.remove(0);
    let profile = if profile.ends_with(".toml") {
        Box::leak(Box::new(
            Profile::from_toml(&std::fs::read_to_string(&profile).unwrap()).unwrap_or_else(|e| {
                println!("{e}");
                std::process::exit(1)
            }),
        )) as &Profile
    } else if profile == "-" {
        let head = std::fs::read(&args[0]).unwrap();
        let g = guess(&head[..head.len().min(65536)]);
        match g {
            Some(p) => p,
            None => {
                println!("no guess");
                return;
            }
        }
    } else {
        builtin(&profile).unwrap()
    };
    for a in args {
        let f = std::fs::File::open(&a).unwrap();
        let ctx = LogContext::new(
            ProductId::new("p").unwrap(),
            LogId::new("l").unwrap(),
            Timestamp(1_790_000_000_000_000),
        );
        let mut lines: Vec<(u64, &'static str, String, String)> = vec![];
        let events = std::env::args().any(|a| a == "--events");
        let mut obs = |o: &Observed<'_>| {
            lines.push((
                o.event.line,
                o.event.level.name(),
                o.event.name.to_string(),
                o.event.time.map(|t| t.to_string()).unwrap_or_default(),
            ))
        };
        match read_log(f, profile, &ctx, &Limits::default(), Some(&mut obs)) {
            Ok(p) => println!("{}", serde_json::to_string(&serde_json::json!({"file": a, "events": lines, "inspection": Inspection::new(&p, profile)})).unwrap()),
            Err(e) => println!("{}", serde_json::to_string(&serde_json::json!({"file": a, "error": e.to_string()})).unwrap()),
        }
        let _ = events;
    }
}
