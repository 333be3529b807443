//! The texts of the views' columns, in the analytics schema: `view_columns`.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Query, insert, statement};

use super::{View, adds_up, views};
use crate::Result;
use crate::description::Column;

const COLUMNS: &str = "view_name, position, column_name, type, unit, adds_up, meaning";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    view: String,
    position: i64,
    column: String,
    kind: String,
    unit: String,
    adds_up: i64,
    meaning: String,
}

impl Text {
    fn new(view: &View, position: i64, column: &Column) -> Self {
        Self {
            view: view.name.to_owned(),
            position,
            column: column.name.to_owned(),
            kind: column.kind.name().to_owned(),
            unit: column.unit.to_owned(),
            adds_up: adds_up(column).into(),
            meaning: column.meaning.to_owned(),
        }
    }

    fn bind<'q>(query: Query<'q>, text: &'q Self) -> Query<'q> {
        query
            .bind(text.view.as_str())
            .bind(text.position)
            .bind(text.column.as_str())
            .bind(text.kind.as_str())
            .bind(text.unit.as_str())
            .bind(text.adds_up)
            .bind(text.meaning.as_str())
    }
}

/// Puts the texts as they are now in the place of those that are there; writes nothing where they
/// are the same.
pub(crate) async fn keep(analytics: &Database) -> Result<()> {
    let mut texts: Vec<Text> = Vec::new();
    for view in views() {
        let columns = (1..).zip(&view.columns);
        texts.extend(columns.map(|(position, column)| Text::new(&view, position, column)));
    }
    texts.sort_by(|a, b| (&a.view, a.position).cmp(&(&b.view, b.position)));
    if held(analytics).await? == texts {
        return Ok(());
    }
    let mut transaction = analytics.begin_late().await?;
    statement("DELETE FROM view_columns")
        .execute(&mut transaction)
        .await?;
    let head = "INSERT INTO view_columns";
    insert(&mut transaction, head, COLUMNS, &texts, Text::bind).await?;
    Ok(transaction.commit().await?)
}

async fn held(analytics: &Database) -> Result<Vec<Text>> {
    let mut connection = analytics.read().await?;
    let rows = statement(format!(
        "SELECT {COLUMNS} FROM view_columns ORDER BY view_name, position"
    ))
    .fetch_all(&mut connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(Text {
                view: cells.text()?,
                position: cells.int()?,
                column: cells.text()?,
                kind: cells.text()?,
                unit: cells.text()?,
                adds_up: cells.int()?,
                meaning: cells.text()?,
            })
        })
        .collect()
}
