//! A column of a row group: one page.

use anyhow::bail;
use logbook_reports::{Cell, ColumnType};

use super::thrift::Compact;

/// Encodings, by their numbers in `parquet.thrift`.
pub(super) const PLAIN: i32 = 0;
pub(super) const RLE: i32 = 3;

/// A data page with its header.
pub(super) fn page(kind: ColumnType, cells: &[&Cell]) -> anyhow::Result<Vec<u8>> {
    let levels = levels(cells);
    let mut body = u32::try_from(levels.len())?.to_le_bytes().to_vec();
    body.extend(levels);
    values(kind, cells, &mut body)?;
    let size = i32::try_from(body.len())?;
    let mut header = Compact::default();
    // DATA_PAGE
    header.int(1, 0);
    header.int(2, size);
    header.int(3, size);
    header.begin(5);
    header.int(1, i32::try_from(cells.len())?);
    header.int(2, PLAIN);
    header.int(3, RLE);
    header.int(4, RLE);
    header.end();
    let mut page = header.finish();
    page.append(&mut body);
    Ok(page)
}

/// Which cells are there (1) and which are null (0), as runs.
fn levels(cells: &[&Cell]) -> Vec<u8> {
    let mut levels = Vec::new();
    for run in cells.chunk_by(|a, b| is_null(a) == is_null(b)) {
        let mut left = (run.len() as u64) << 1;
        while left >= 0x80 {
            levels.push(left as u8 | 0x80);
            left >>= 7;
        }
        levels.push(left as u8);
        levels.push(u8::from(!run.first().is_some_and(|cell| is_null(cell))));
    }
    levels
}

const fn is_null(cell: &Cell) -> bool {
    matches!(cell, Cell::Null)
}

fn values(kind: ColumnType, cells: &[&Cell], out: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut bits = Bits::default();
    for cell in cells {
        match (kind, cell) {
            (_, Cell::Null) => {}
            (ColumnType::Date, Cell::Day(day)) => out.extend(day.0.to_le_bytes()),
            (ColumnType::Time, Cell::Time(time)) => out.extend(time.0.to_le_bytes()),
            (ColumnType::Integer, Cell::Integer(number)) => out.extend(number.to_le_bytes()),
            (ColumnType::Ratio, Cell::Ratio(number))
            | (ColumnType::Number, Cell::Number(number)) => out.extend(number.to_le_bytes()),
            (ColumnType::Boolean, Cell::Boolean(value)) => bits.push(*value, out),
            (ColumnType::Text, Cell::Text(text)) => {
                out.extend(u32::try_from(text.len())?.to_le_bytes());
                out.extend(text.as_bytes());
            }
            _ => bail!("a cell is not of its column's type"),
        }
    }
    Ok(())
}

/// Packs bits, the first lowest.
#[derive(Default)]
struct Bits(u8);

impl Bits {
    fn push(&mut self, bit: bool, out: &mut Vec<u8>) {
        if self.0 == 0 {
            out.push(0);
        }
        if let Some(last) = out.last_mut() {
            *last |= u8::from(bit) << self.0;
        }
        self.0 = (self.0 + 1) % 8;
    }
}
