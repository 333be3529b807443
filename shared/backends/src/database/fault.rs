//! Whose fault it is that a database refused.

/// Whether the database found fault with the values: too big, of the wrong type, against a
/// constraint, or not readable as what the column holds.
pub(crate) fn is_input_fault(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => true,
        sqlx::Error::Database(database) => {
            use sqlx::error::ErrorKind;
            if let Some(number) = number(error) {
                return mysql::INPUT_FAULTS.contains(&number);
            }
            // SQLITE_TOOBIG and SQLITE_MISMATCH.
            let code = database.code();
            matches!(code.as_deref(), Some("18" | "20"))
                || matches!(
                    database.kind(),
                    ErrorKind::NotNullViolation | ErrorKind::CheckViolation
                )
        }
        _ => false,
    }
}

/// Whether another transaction was in the way: the same transaction may succeed at once.
pub(crate) fn is_contention(error: &sqlx::Error) -> bool {
    number(error).is_some_and(|number| mysql::CONTENTION.contains(&number))
}

/// Whether another has inserted a row of the same key.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

/// Whether the server cannot be reached, or takes no work, for now.
#[cfg(feature = "mysql")]
pub(crate) fn is_absent(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(_) => {
            number(error).is_some_and(|number| mysql::ABSENCE.contains(&number))
        }
        _ => false,
    }
}

/// Whether the server cannot be reached for now: a file always can.
#[cfg(not(feature = "mysql"))]
pub(crate) const fn is_absent(_error: &sqlx::Error) -> bool {
    false
}

/// The number of an error of MySQL or MariaDB.
#[cfg(feature = "mysql")]
fn number(error: &sqlx::Error) -> Option<u16> {
    let database = error.as_database_error()?;
    let error = database.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?;
    Some(error.number())
}

#[cfg(not(feature = "mysql"))]
const fn number(_error: &sqlx::Error) -> Option<u16> {
    None
}

/// Numbers of errors. Source: the server error references of MySQL 8.4 and MariaDB.
mod mysql {
    pub(super) const INPUT_FAULTS: &[u16] = &[
        1048, // a column cannot be NULL
        1264, // number out of range
        1265, // value truncated
        1292, // value of the wrong type, truncated
        1364, // a column without a default has no value
        1366, // text that is no number, or of the wrong character set
        1367, // no value of the type
        1406, // too long
        1411, // no value for the function
        1690, // arithmetic out of range
        3140, // no JSON
        3819, // against a CHECK of MySQL
        4025, // against a CHECK of MariaDB
    ];

    pub(super) const CONTENTION: &[u16] = &[
        1020, // a row changed since it was read
        1205, // a lock was waited for too long
        1213, // deadlock: this transaction gave way
    ];

    #[cfg(feature = "mysql")]
    pub(super) const ABSENCE: &[u16] = &[
        1040, // too many connections
        1053, // shutting down
        1077, // shut down
        1080, // shut down, connection closed
        1203, // too many connections of the user
        1290, // read-only: the writer has moved
        1792, // read-only transaction
        1836, // read-only mode
        1927, // connection killed
        2003, // cannot connect, as a proxy says it
        2006, // gone away
        2013, // lost during a query
        3168, // the server is not available
        3169, // session killed
        4031, // disconnected for inactivity
    ];
}
