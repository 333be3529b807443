//! Writes the description of the API: `cargo run -p logbook-query --example openapi > functions/query/openapi.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(logbook_query::document().as_bytes())
}
