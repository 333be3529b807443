//! Contracts as CSV, as a CRM writes and reads them.

use logbook_model::Contract;

/// The columns; all but the first may be missing.
const COLUMNS: [&str; 6] = ["account", "name", "seats", "modules", "owner", "renews_on"];

/// Why a table is not taken, with the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ContractsError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

fn at(line: u64, message: impl Into<String>) -> ContractsError {
    ContractsError {
        line,
        message: message.into(),
    }
}

/// Reads a table by RFC 4180 whose header names its columns: `account`, and as many as there are of
/// `name`, `seats`, `modules` (between semicolons), `owner`, `renews_on` (`YYYY-MM-DD`). An empty
/// cell leaves open what it is about.
///
/// # Errors
/// The first line that is not taken. An account that stands there twice is one.
pub fn contracts_from_csv(table: &[u8]) -> Result<Vec<(String, Contract)>, ContractsError> {
    let table = table.strip_prefix(b"\xef\xbb\xbf").unwrap_or(table);
    let mut reader = csv::Reader::from_reader(table);
    let columns = columns(reader.headers().map_err(|error| unreadable(&error))?)?;
    let mut found: Vec<(String, Contract)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (account, contract) = row(&columns, &record).map_err(|message| at(line, message))?;
        if !seen.insert(account.clone()) {
            return Err(at(line, "the account stands in a line before"));
        }
        found.push((account, contract));
    }
    Ok(found)
}

fn unreadable(error: &csv::Error) -> ContractsError {
    let line = error.position().map_or(1, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} cells where the header has {expected_len}"),
        _ => "cannot be read".to_owned(),
    };
    at(line, message)
}

/// Which column each cell is of.
fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, ContractsError> {
    let mut found = Vec::new();
    for name in header {
        let name = name.trim();
        let known = COLUMNS.into_iter().find(|known| *known == name);
        let known = known.ok_or_else(|| {
            let allowed = COLUMNS.join(", ");
            at(1, format!("{name:?} is no column; columns are: {allowed}"))
        })?;
        if found.contains(&known) {
            return Err(at(1, format!("the column {known} is there twice")));
        }
        found.push(known);
    }
    if found.contains(&COLUMNS[0]) {
        Ok(found)
    } else {
        Err(at(1, "a header with the column account is needed"))
    }
}

fn row(columns: &[&str], record: &csv::StringRecord) -> Result<(String, Contract), String> {
    let (mut account, mut contract) = (String::new(), Contract::default());
    for (column, cell) in columns.iter().zip(record) {
        let cell = plain(cell.trim());
        if cell.is_empty() {
            continue;
        }
        match *column {
            "account" => cell.clone_into(&mut account),
            "name" => contract.name = Some(cell.to_owned()),
            "owner" => contract.owner = Some(cell.to_owned()),
            "seats" => {
                let seats = cell.parse().ok();
                let seats = seats.ok_or_else(|| format!("seats: {cell:?} is no whole number"));
                contract.seats = Some(seats?);
            }
            "modules" => {
                let modules = cell.split(';').map(str::trim);
                let modules = modules.filter(|module| !module.is_empty());
                contract.modules = modules.map(str::to_owned).collect();
            }
            _ => {
                let day = cell.parse();
                let day = day.map_err(|_| format!("renews_on: {cell:?} is no date YYYY-MM-DD"));
                contract.renews_on = Some(day?);
            }
        }
    }
    if account.is_empty() {
        return Err("the account is missing".to_owned());
    }
    let contract = contract.checked().map_err(|error| error.to_string())?;
    Ok((account, contract))
}

/// A cell without the apostrophe that keeps a spreadsheet from taking it for a formula, as tables
/// of reports have it.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}
