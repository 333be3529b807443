//! Parquet, as far as a table of plain columns needs it: flat and optional columns, plain pages, no
//! compression. Any reader knows these; the crate that can do more would take longer to build than
//! all else that this program is made of here.
//!
//! Source: Apache Parquet, `parquet.thrift` and the encodings of data pages, version 1.

mod footer;
mod pages;
mod thrift;

use std::io::Write;

use anyhow::ensure;
use logbook_reports::{Cell, ColumnType};

use footer::{Chunk, RowGroup};

/// At both ends of a file.
const MAGIC: &[u8] = b"PAR1";

/// Writes a file: a row group for each lot of rows.
pub(super) struct Writer<W> {
    out: W,
    /// How much is written.
    at: usize,
    columns: Vec<(String, ColumnType)>,
    groups: Vec<RowGroup>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut out: W, columns: Vec<(String, ColumnType)>) -> anyhow::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self {
            out,
            at: MAGIC.len(),
            columns,
            groups: Vec::new(),
        })
    }

    /// Adds rows, which have a cell for each column.
    pub(super) fn add(&mut self, rows: &[Vec<Cell>]) -> anyhow::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut chunks = Vec::with_capacity(self.columns.len());
        for (nth, (_, kind)) in self.columns.iter().enumerate() {
            let cells: Vec<&Cell> = rows.iter().filter_map(|row| row.get(nth)).collect();
            ensure!(cells.len() == rows.len(), "a row has too few cells");
            let page = pages::page(*kind, &cells)?;
            chunks.push(Chunk {
                at: self.at,
                bytes: page.len(),
            });
            self.out.write_all(&page)?;
            self.at += page.len();
        }
        self.groups.push(RowGroup {
            rows: rows.len(),
            chunks,
        });
        Ok(())
    }

    /// Writes what the file says of itself.
    pub(super) fn finish(mut self, about: &[(&'static str, String)]) -> anyhow::Result<()> {
        let footer = footer::footer(&self.columns, &self.groups, about);
        self.out.write_all(&footer)?;
        self.out
            .write_all(&u32::try_from(footer.len())?.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        Ok(self.out.flush()?)
    }
}
