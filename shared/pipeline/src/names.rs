//! Keys of objects.

use logbook_model::{Day, LogId, ProductId};

/// Where sealed logs lie.
pub const ARCHIVE_PREFIX: &str = "archive/";
/// Where uploads wait that come without passing the upload function.
pub const INBOX_PREFIX: &str = "inbox/";
/// The folder of a product's inbox in which the name of an object is the id of its log.
const TICKETS: &str = "tickets";

/// `archive/{product}/{2 hex of SHA-256(id)}/{id}`: no date in it, so that a conditional put
/// means the same on every day.
pub fn archive_key(product: &ProductId, log: &LogId) -> String {
    format!("{ARCHIVE_PREFIX}{product}/{}/{log}", log.shard())
}

/// The log of an archive key; `None` for a key that is none.
pub fn log_of_archive_key(key: &str) -> Option<(ProductId, LogId)> {
    let mut steps = key.strip_prefix(ARCHIVE_PREFIX)?.split('/');
    let product = ProductId::new(steps.next()?).ok()?;
    let shard = steps.next()?;
    let log = LogId::new(steps.next()?).ok()?;
    (steps.next().is_none() && log.shard() == shard).then_some((product, log))
}

/// Where a file dropped for a product goes.
pub fn inbox_key(product: &ProductId, name: &str) -> String {
    format!("{INBOX_PREFIX}{product}/files/{name}")
}

/// Where the object of an upload ticket goes.
pub fn ticket_key(product: &ProductId, log: &LogId) -> String {
    format!("{INBOX_PREFIX}{product}/{TICKETS}/{log}")
}

/// What an inbox key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxKey {
    /// The product, if it is one.
    pub product: Option<ProductId>,
    /// The log id, where the object came by a ticket.
    pub ticket: Option<LogId>,
    /// The object's own name: its last step that is not empty.
    pub name: String,
}

impl InboxKey {
    /// Reads a key; `None` outside the inbox.
    pub fn parse(key: &str) -> Option<Self> {
        let mut steps = key.strip_prefix(INBOX_PREFIX)?.split('/');
        let product = ProductId::new(steps.next()?).ok();
        let name = key.rsplit('/').find(|step| !step.is_empty());
        let name = name.unwrap_or_default().to_owned();
        let ticket = match (steps.next(), steps.next(), steps.next()) {
            (Some(TICKETS), Some(id), None) => LogId::new(id).ok(),
            _ => None,
        };
        Some(Self {
            product,
            ticket,
            name,
        })
    }
}

/// Whether an object is what S3's console makes of an empty folder: a key that ends with a slash, and
/// nothing under it.
pub fn is_folder(key: &str, bytes: u64) -> bool {
    bytes == 0 && key.ends_with('/')
}

/// Where the edge notes deliveries that leave no archive object of their own.
pub fn edge_prefix(product: &ProductId, day: Option<Day>) -> String {
    match day {
        Some(day) => format!("edge/{product}/{day}/"),
        None => format!("edge/{product}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_keys_round_trip_and_refuse_others() {
        let product = ProductId::new("editor").unwrap();
        let log = LogId::new("abc").unwrap();
        let key = archive_key(&product, &log);
        assert_eq!(log_of_archive_key(&key), Some((product, log)));
        for bad in [
            "archive/editor/00/abc",
            "archive/editor/abc",
            "inbox/editor/abc",
            "archive/",
        ] {
            assert_eq!(log_of_archive_key(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_tickets_name_their_log() {
        let ticket = InboxKey::parse("inbox/editor/tickets/abc").unwrap();
        assert_eq!(ticket.ticket, Some(LogId::new("abc").unwrap()));
        assert_eq!(
            InboxKey::parse("inbox/editor/files/abc").unwrap().ticket,
            None
        );
        assert_eq!(
            InboxKey::parse("inbox/editor/abc.log").unwrap().name,
            "abc.log"
        );
        assert_eq!(InboxKey::parse("inbox/No Such/abc").unwrap().product, None);
        assert_eq!(InboxKey::parse("archive/editor/abc"), None);
    }
}
