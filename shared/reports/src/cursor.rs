//! Where a page ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_model::Day;

use crate::description::is_date;

/// The group of a page's last row: opaque to callers, `next` of one reply and `after` of the
/// next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(crate) Vec<String>);

impl Cursor {
    /// The inverse of [`Cursor::encode`]; `None` if it is none.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&bytes).ok().map(Self)
    }

    /// As it stands in a reply and in a query string.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::Value::from(self.0.clone()).to_string())
    }

    /// Whether it can be of a report grouped like this.
    pub(crate) fn fits(&self, grouping: &[&str]) -> bool {
        let mut cells = grouping.iter().zip(&self.0);
        self.0.len() == grouping.len()
            && cells.all(|(name, cell)| match *name {
                name if is_date(name) => cell.parse::<Day>().is_ok(),
                "week" | "step" => cell.parse::<i32>().is_ok(),
                _ => true,
            })
    }
}
