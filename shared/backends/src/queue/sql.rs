//! The statements of the local queue.
//!
//! A message is due when `visible_at` is past; it is dead when `dead_at` is not null. Times
//! are microseconds since 1970.

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS message (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        receive_count INTEGER NOT NULL,
        receipt TEXT,
        dead_at INTEGER
    );
    CREATE INDEX IF NOT EXISTS message_due ON message (visible_at, seq) WHERE dead_at IS NULL;
    CREATE INDEX IF NOT EXISTS message_sent ON message (sent_at) WHERE dead_at IS NULL;
    CREATE INDEX IF NOT EXISTS message_dead ON message (dead_at, seq) WHERE dead_at IS NOT NULL;
";

pub(super) const SEND: &str = "
    INSERT INTO message (id, body, attributes, sent_at, visible_at, receive_count)
    VALUES (?1, ?2, ?3, ?4, ?4, 0)";

pub(super) const BURY: &str = "
    UPDATE message SET dead_at = ?1, receipt = NULL
    WHERE dead_at IS NULL AND visible_at <= ?1 AND receive_count >= ?2";

pub(super) const TAKE: &str = "
    UPDATE message
    SET visible_at = ?2, receive_count = receive_count + 1,
        receipt = seq || '-' || lower(hex(randomblob(16)))
    WHERE seq IN (SELECT seq FROM message WHERE dead_at IS NULL AND visible_at <= ?1
                  ORDER BY visible_at, seq LIMIT ?3)
    RETURNING id, receipt, body, attributes, receive_count, sent_at, seq";

pub(super) const NEXT_DUE: &str = "SELECT MIN(visible_at) FROM message WHERE dead_at IS NULL";

pub(super) const DELETE: &str =
    "DELETE FROM message WHERE seq = ?1 AND receipt = ?2 AND dead_at IS NULL";

pub(super) const CHANGE: &str =
    "UPDATE message SET visible_at = ?3 WHERE seq = ?1 AND receipt = ?2 AND dead_at IS NULL";

pub(super) const REDRIVE: &str = "
    UPDATE message SET dead_at = NULL, receive_count = 0, visible_at = ?1
    WHERE seq IN (SELECT seq FROM message WHERE dead_at IS NOT NULL
                  ORDER BY dead_at, seq LIMIT ?2)";

pub(super) const DEAD: &str = "
    SELECT id, '', body, attributes, receive_count, sent_at, seq FROM message
    WHERE dead_at IS NOT NULL ORDER BY dead_at, seq LIMIT ?1";

pub(super) const DEPTH: &str = "
    SELECT COUNT(CASE WHEN dead_at IS NULL AND visible_at <= ?1 THEN 1 END),
           COUNT(CASE WHEN dead_at IS NULL AND visible_at > ?1 THEN 1 END),
           COUNT(dead_at),
           MIN(CASE WHEN dead_at IS NULL THEN sent_at END)
    FROM message";
