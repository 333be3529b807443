//! The forms that a report is written in.

use std::fs::File;
use std::io::{BufWriter, Write};

use logbook_reports::{csv_header, csv_row};

use super::page::Page;
use super::parquet;

/// What writes pages into a file.
pub(super) enum Writer {
    Csv(Csv),
    Parquet(Parquet),
}

impl Writer {
    pub(super) fn add(&mut self, page: &Page) -> anyhow::Result<()> {
        match self {
            Self::Csv(csv) => csv.add(page),
            Self::Parquet(parquet) => parquet.0.add(&page.rows),
        }
    }

    /// Ends the file, with what it says of itself where its form has a place for that.
    pub(super) fn finish(self, about: &[(&'static str, String)]) -> anyhow::Result<()> {
        match self {
            Self::Csv(mut csv) => Ok(csv.0.flush()?),
            Self::Parquet(parquet) => parquet.0.finish(about),
        }
    }
}

pub(super) struct Csv(BufWriter<File>);

impl Csv {
    pub(super) fn new(file: File, page: &Page) -> anyhow::Result<Self> {
        let names: Vec<&str> = page.columns.iter().map(|column| &*column.name).collect();
        let mut out = BufWriter::new(file);
        out.write_all(csv_header(&names).as_bytes())?;
        Ok(Self(out))
    }

    fn add(&mut self, page: &Page) -> anyhow::Result<()> {
        for row in &page.rows {
            self.0.write_all(csv_row(row).as_bytes())?;
        }
        Ok(())
    }
}

pub(super) struct Parquet(parquet::Writer<BufWriter<File>>);

impl Parquet {
    pub(super) fn new(file: File, page: &Page) -> anyhow::Result<Self> {
        let columns = page.columns.iter();
        let columns = columns.map(|column| (column.name.clone(), column.kind));
        let out = BufWriter::new(file);
        Ok(Self(parquet::Writer::new(out, columns.collect())?))
    }
}
