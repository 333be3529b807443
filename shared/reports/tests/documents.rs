//! The same text everywhere: catalogue, page, comments of the tables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use logbook_reports::{Column, ColumnType, catalogue, docs, tableau, views};

#[test]
fn the_page_is_made_of_the_catalogue() {
    let page = include_str!("../../../docs/reports.md");
    assert!(
        page == docs::markdown(),
        "run: cargo run -p logbook-reports --example docs > docs/reports.md"
    );
}

#[test]
fn the_data_source_of_tableau_is_made_of_the_views() {
    let file = include_str!("../../../docs/tableau/logbook.tds");
    assert!(
        file == tableau::data_source(),
        "run: cargo run -p logbook-reports --example tableau > docs/tableau/logbook.tds"
    );
}

#[test]
fn the_page_on_bi_tools_names_every_view() {
    let page = include_str!("../../../docs/bi.md");
    for view in views() {
        let row = format!("| `{}` | {}", view.name, view.row);
        assert!(
            page.contains(&row),
            "docs/bi.md has no row that begins {row:?}"
        );
    }
}

#[test]
fn the_tables_bear_the_texts_of_the_catalogue() {
    let (sqlite, mysql) = (&migrations("sqlite"), &migrations("mysql"));
    for report in catalogue() {
        let Some(table) = report.table else { continue };
        for column in report.columns.iter().filter(|column| column.stored) {
            let comment = format!("-- {}", column.meaning);
            check(sqlite, table, column, "CHAR(10)", &comment);
            let meaning = column.meaning.replace('\'', "''");
            let comment = format!("COMMENT '{meaning}',");
            check(mysql, table, column, "DATE", &comment);
        }
    }
}

/// All migrations of a dialect.
fn migrations(dialect: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/");
    let files = std::fs::read_dir(format!("{folder}{dialect}")).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

fn check(schema: &str, table: &str, column: &Column, date: &str, tail: &str) {
    let start = schema.find(&format!("CREATE TABLE {table} (")).unwrap();
    let text = &schema[start..];
    let text = &text[..text.find("\n)").unwrap()];
    let kind = match column.kind {
        ColumnType::Date => date,
        ColumnType::Time => panic!("no table has instants"),
        ColumnType::Text => "VARCHAR(",
        ColumnType::Integer => "BIGINT",
        ColumnType::Ratio | ColumnType::Number => "DOUBLE",
        ColumnType::Boolean => "SMALLINT",
    };
    let head = format!("    {} {kind}", column.name);
    let line = text.lines().find(|line| line.starts_with(&head));
    let line = line.unwrap_or_else(|| panic!("{table} has no {head}"));
    assert!(line.ends_with(tail), "{line:?} does not end in {tail:?}");
}

#[test]
fn a_parameter_for_each_thing_that_can_be_asked() {
    for report in catalogue() {
        let names: Vec<&str> = report.parameters.iter().map(|p| p.name).collect();
        for name in ["from", "to", "limit", "after"] {
            assert!(names.contains(&name), "{} {name}", report.name);
        }
        assert!(report.definition.len() > 100 && !report.definition.contains("  "));
        assert!(report.columns.first().is_some_and(|column| column.groups));
    }
}
