//! What a file says of itself: its columns, where they are, and texts by name.

use logbook_reports::ColumnType;

use super::pages::{PLAIN, RLE};
use super::thrift::{Compact, STRUCT};

/// A column's page in a row group.
pub(super) struct Chunk {
    pub(super) at: usize,
    pub(super) bytes: usize,
}

/// Rows that were written together.
pub(super) struct RowGroup {
    pub(super) rows: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// What a column is called in a file, by the numbers of `parquet.thrift`.
struct Type {
    physical: i32,
    /// `ConvertedType`, which older readers look at.
    converted: Option<i32>,
    /// The field of the union `LogicalType`.
    logical: Option<i16>,
}

impl Type {
    const fn of(kind: ColumnType) -> Self {
        let (physical, converted, logical) = match kind {
            // INT32, DATE
            ColumnType::Date => (1, Some(6), Some(6)),
            // INT64, TIMESTAMP_MICROS
            ColumnType::Time => (2, Some(10), Some(8)),
            // BYTE_ARRAY, UTF8
            ColumnType::Text => (6, Some(0), Some(1)),
            // INT64
            ColumnType::Integer => (2, None, None),
            // DOUBLE
            ColumnType::Ratio | ColumnType::Number => (5, None, None),
            // BOOLEAN
            ColumnType::Boolean => (0, None, None),
        };
        Self {
            physical,
            converted,
            logical,
        }
    }
}

/// `FileMetaData`.
pub(super) fn footer(
    columns: &[(String, ColumnType)],
    groups: &[RowGroup],
    about: &[(&'static str, String)],
) -> Vec<u8> {
    let mut out = Compact::default();
    out.int(1, 1);
    out.list(2, STRUCT, columns.len() + 1);
    out.item();
    out.text(4, "report");
    out.int(5, columns.len() as i32);
    out.end();
    for (name, kind) in columns {
        element(&mut out, name, *kind);
    }
    let rows: usize = groups.iter().map(|group| group.rows).sum();
    out.long(3, rows);
    out.list(4, STRUCT, groups.len());
    for group in groups {
        row_group(&mut out, columns, group);
    }
    out.list(5, STRUCT, about.len());
    for (name, value) in about {
        out.item();
        out.text(1, name);
        out.text(2, value);
        out.end();
    }
    out.text(6, concat!("logbook version ", env!("CARGO_PKG_VERSION")));
    out.finish()
}

/// `SchemaElement` of an optional column.
fn element(out: &mut Compact, name: &str, kind: ColumnType) {
    let kind = Type::of(kind);
    out.item();
    out.int(1, kind.physical);
    out.int(3, 1);
    out.text(4, name);
    if let Some(converted) = kind.converted {
        out.int(6, converted);
    }
    if let Some(logical) = kind.logical {
        out.begin(10);
        out.begin(logical);
        if logical == 8 {
            // In UTC, in microseconds.
            out.flag(1, true);
            out.begin(2);
            out.begin(2);
            out.end();
            out.end();
        }
        out.end();
        out.end();
    }
    out.end();
}

/// `RowGroup` with its `ColumnChunk`s.
fn row_group(out: &mut Compact, columns: &[(String, ColumnType)], group: &RowGroup) {
    out.item();
    out.list(1, STRUCT, group.chunks.len());
    for ((name, kind), chunk) in columns.iter().zip(&group.chunks) {
        out.item();
        out.long(2, chunk.at);
        out.begin(3);
        out.int(1, Type::of(*kind).physical);
        out.ints(2, &[PLAIN, RLE]);
        out.texts(3, &[name]);
        // UNCOMPRESSED
        out.int(4, 0);
        out.long(5, group.rows);
        out.long(6, chunk.bytes);
        out.long(7, chunk.bytes);
        out.long(9, chunk.at);
        out.end();
        out.end();
    }
    out.long(2, group.chunks.iter().map(|chunk| chunk.bytes).sum());
    out.long(3, group.rows);
    out.end();
}
