"""Raw events, sessions and deliveries of a product as tables of DuckDB."""

import collections
import csv
import datetime
import multiprocessing
import re
import tempfile

import duckdb

from archive import Rejected
from reading.sessions import folded, parts_of

DAY_US = 86_400_000_000
UNKNOWN = "(unknown)"
WORKERS = 2
SCHEMA = {
    "session": {
        "id": "BIGINT", "day": "DATE", "production": "BOOLEAN", "version": "VARCHAR", "os": "VARCHAR",
        "os_version": "VARCHAR", "runtime": "VARCHAR", "person": "VARCHAR", "account": "VARCHAR",
        "status": "VARCHAR"},
    "event": {
        "session": "BIGINT", "place": "BIGINT", "feature": "VARCHAR", "uses": "BIGINT", "failed": "BOOLEAN",
        "duration_us": "BIGINT"},
    "delivery": {"day": "DATE", "outcome": "VARCHAR", "reason": "VARCHAR"},
    "contract": {
        "account": "VARCHAR", "name": "VARCHAR", "seats": "BIGINT", "modules": "VARCHAR", "owner": "VARCHAR",
        "renews_on": "DATE"},
}


def day_of(micros):
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=micros // DAY_US)


def loaded(archive, product, profile, readable_accounts, silent_before_us):
    """A database with what the archive holds of a product."""
    deliveries = [(day, "duplicate", "") for day in archive.edge_notes(product)]
    parts, contents = collections.defaultdict(list), set()
    with multiprocessing.get_context("fork").Pool(WORKERS, know, [profile]) as pool:
        for received_us, content, refused, found in pool.imap(read, archive.logs(product), 16):
            again = content in contents and refused is None
            if refused is None and not again:
                contents.add(content)
                for part in found:
                    parts[part.session].append(part)
            outcome = "rejected" if refused else "duplicate" if again else "parsed"
            deliveries.append((day_of(received_us), outcome, refused or ""))

    def pseudonym(kind, text):
        kept = kind == "account" and readable_accounts
        return text if kept else archive.pseudonym(product, kind, text)

    sessions = [folded(of_one, profile, pseudonym, silent_before_us) for of_one in parts.values()]
    database = duckdb.connect()
    fill(database, "delivery", deliveries)
    fill(database, "contract", map(contract_row, archive.contracts(product).items()))
    fill(database, "session", map(session_row, range(len(sessions)), sessions))
    fill(database, "event", (
        (number, place, event.name, event.count, event.error, event.duration)
        for number, session in enumerate(sessions) for place, event in enumerate(session.features)))
    return database


def know(profile):
    """Gives a worker the profile, whose functions cannot be sent to it."""
    global PROFILE
    PROFILE = profile


def read(log):
    """What a log is: when it was received, its content, why it is refused, its parts."""
    try:
        if "logbook-conflict-with" in log.headers:
            raise Rejected("id_conflict")
        return log.received_us, log.content_hash, None, parts_of(log, PROFILE)
    except (Rejected, ValueError) as refused:
        return log.received_us, log.content_hash, refused.args[0], []


def session_row(number, session):
    production = (session.environment or "production").lower() in ("production", "prod")
    name, version = operating_system(session.os)
    return (number, day_of(session.day_us), production, session.version or UNKNOWN, name, version,
            session.runtime or UNKNOWN, session.person, session.account, session.status)


def contract_row(agreed):
    account, contract = agreed
    said = [contract.get(name) for name in ("name", "seats", "owner", "renews_on")]
    return (account, *said[:2], ";".join(contract.get("modules", ())), *said[2:])


def operating_system(text):
    """Name and version: the version begins with the first word that begins with a digit, or with v
    and a digit; a last word "version" of the name goes."""
    words = (text or "").split()
    at = next((at for at, word in enumerate(words) if re.match(r"[vV]?\d", word)), len(words))
    name = words[:at]
    if name and name[-1].lower() == "version":
        name = name[:-1]
    return " ".join(name) or UNKNOWN, " ".join(words[at:]) or UNKNOWN


def fill(database, table, rows):
    """A table from rows, by way of a file: DuckDB takes single rows slowly."""
    columns = SCHEMA[table]
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    database.execute(f"CREATE TABLE {table} ({declared})")
    with tempfile.NamedTemporaryFile("w", newline="", suffix=".csv") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
        writer.writerows(["\\N" if cell is None else cell for cell in row] for row in rows)
        file.flush()
        database.execute(
            f"INSERT INTO {table} SELECT * FROM read_csv(?, header=false, nullstr='\\N', delim=',', "
            f"quote='\"', escape='\"', columns={columns!r}, auto_detect=false, allow_quoted_nulls=false)",
            [file.name])
