//! A page of `platforms` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use crate::Result;
use crate::day_table::DayTable;
use crate::groups::Group;
use crate::query::{Range, Rows};
use crate::request::ReportRequest;
use crate::shares::{self, Crowd};
use crate::stored::{self, Stored};

const STORED: Stored = Stored {
    table: DayTable::PLATFORMS,
    figures: "sessions, users, session_share, user_share",
};

#[derive(Default)]
struct Platform(Crowd);

impl Group for Platform {
    const COLUMNS: &'static str = Crowd::COLUMNS;
    const TABLE: DayTable = DayTable::PLATFORMS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0.add(cells)
    }

    fn persons(&mut self) -> u64 {
        self.0.persons()
    }
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    if STORED.has_rows_of(request) {
        let page = STORED.page(analytics, request, range).await?;
        return Ok(stored::rows(request, page));
    }
    shares::page::<Platform>(analytics, request, range, |platform| &mut platform.0).await
}
