//! A page of `versions` from the table of `release-health`.

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
    table: DayTable::RELEASE_HEALTH,
    figures: "sessions, users, session_share, user_share",
};

#[derive(Default)]
struct Version(Crowd);

impl Group for Version {
    const COLUMNS: &'static str = Crowd::COLUMNS;
    const TABLE: DayTable = DayTable::RELEASE_HEALTH;

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
    shares::page::<Version>(analytics, request, range, |version| &mut version.0).await
}
