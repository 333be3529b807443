//! What `measure.py` calls, step by step; each prints what it found as JSON.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints"
)]

mod ask;
mod compare;
mod server;
mod upkeep;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use logbook_bench_reports::{Size, World, Writer};
use logbook_model::ProductId;
use serde_json::{Value, json};

use server::Server;

const USAGE: &str = "bench-reports write FOLDER SIZE
bench-reports schemas|build|ask|compare URL NAME SIZE
bench-reports hour URL NAME SIZE NTH SESSIONS
SIZE: SESSIONS,DAYS,PERSONS,SEED";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let found = match arguments.as_slice() {
        ["write", folder, size] => write(Path::new(folder), self::size(size)?)?,
        ["hour", url, name, size, nth, sessions] => {
            let (server, world) = (Server::open(url, name)?, World::new(self::size(size)?));
            let new = (nth.parse()?, sessions.parse()?);
            upkeep::hour(&server, &world, new).await?
        }
        [step, url, name, size] => {
            let (server, world) = (Server::open(url, name)?, World::new(self::size(size)?));
            match *step {
                "schemas" => server.make().await?,
                "build" => upkeep::build(&server, &world).await?,
                "ask" => ask::ask(&server, &world).await?,
                "compare" => compare::compare(&server, &world).await?,
                _ => bail!(USAGE),
            }
        }
        _ => bail!(USAGE),
    };
    println!("{found}");
    Ok(())
}

fn size(text: &str) -> Result<Size> {
    let numbers: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    let &[sessions, days, persons, seed] = numbers?.as_slice() else {
        bail!(USAGE);
    };
    Ok(Size {
        sessions,
        days: u32::try_from(days)?,
        persons: u32::try_from(persons)?,
        seed,
    })
}

fn product() -> Result<ProductId> {
    ProductId::new(logbook_bench_reports::PRODUCT).context("the product")
}

fn write(folder: &Path, size: Size) -> Result<Value> {
    let started = Instant::now();
    let world = World::new(size);
    let mut writer = Writer::new(folder)?;
    for (at, number) in world.numbers().into_iter().enumerate() {
        writer.session(&world.deliveries(number))?;
        if at % 100_000 == 0 {
            eprintln!("{at} of {} sessions written", size.sessions);
        }
    }
    writer.finish()?;
    Ok(json!({ "seconds": started.elapsed().as_secs_f64() }))
}
