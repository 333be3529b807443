"""`logbook export`: what other programs read of its files is what the report says."""

import csv
import datetime
import io
import json
import os
import sys

import duckdb
import pytest

from conftest import FEATURES

RANGE = ("--from", "2026-02-01", "--to", "2026-02-28")
REPORTS = [
    ("feature-usage", *RANGE),
    ("feature-usage", *RANGE, "--by", "feature"),
    ("feature-adoption", *RANGE, "--by", "day,feature", "--where", "feature=open"),
    ("release-health", *RANGE, "--by", "day,version"),
    ("release-delta", *RANGE, "--where", "feature=(all)"),
    ("active-users", *RANGE),
    ("retention", *RANGE),
    ("accounts", *RANGE),
    ("account-features", *RANGE, "--where", "feature=open"),
    ("top-errors", *RANGE, "--by", "day,version,error"),
    ("ledger",),
    ("freshness",),
    ("funnel", *RANGE, "--where", "steps=open,save"),
    ("platforms", "--from", "2020-01-01", "--to", "2020-01-31"),
]
TYPES = {
    "date": "DATE", "time": "TIMESTAMP WITH TIME ZONE", "text": "VARCHAR", "integer": "BIGINT", "ratio": "DOUBLE",
    "number": "DOUBLE", "boolean": "BOOLEAN",
}


def plain(cell):
    """A cell as JSON has it."""
    if isinstance(cell, datetime.datetime):
        utc = cell.astimezone(datetime.timezone.utc)
        return utc.isoformat().replace("+00:00", "Z")
    return str(cell) if isinstance(cell, datetime.date) else cell


def moment(cell):
    """Instants compare as such, whatever digits they are written with."""
    try:
        return datetime.datetime.fromisoformat(cell)
    except (TypeError, ValueError):
        return cell


def compared(rows):
    return [{name: moment(cell) if "until" in name else cell for name, cell in row.items()} for row in rows]


def whole(logbook, report, *parameters):
    """All rows of a report, whatever number of pages they take, and the last page."""
    rows, after = [], ()
    while True:
        asked = ("report", report, "--json", "--limit", "10000", *parameters, *after)
        page = json.loads(logbook.run(*asked).stdout)
        rows += page["rows"]
        if page["next"] is None:
            return rows, page
        after = ("--where", f"after={page['next']}")


def read(path):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names, types = [column[0] for column in found.description], [str(column[1]) for column in found.description]
        rows = [dict(zip(names, map(plain, row))) for row in found.fetchall()]
        about = connection.execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
        return rows, dict(zip(names, types)), {key.decode(): value.decode() for key, value in about}


@pytest.mark.parametrize("asked", REPORTS, ids=" ".join)
def test_parquet_holds_the_report_s_rows_in_columns_of_its_types(logbook, tmp_path, asked):
    file = tmp_path / "out.parquet"
    logbook.run("export", *asked, "--parquet", str(file))
    rows, types, about = read(file)
    expected, page = whole(logbook, *asked)
    # What is received meanwhile is told of by the instants.
    ignored = {"complete_until", "analyzed_until"} if asked[0] == "freshness" else set()

    def kept(rows):
        return compared([{name: cell for name, cell in row.items() if name not in ignored} for row in rows])

    assert kept(rows) == kept(expected)
    assert types == {column["name"]: TYPES[column["type"]] for column in page["columns"]}
    columns = json.loads(about["logbook.columns"])
    assert [column["meaning"] for column in columns] == [column["meaning"] for column in page["columns"]]
    assert about["logbook.report"] == asked[0]
    assert about["logbook.withheld_groups"] == str(page["withheld_groups"])
    moment_of = datetime.datetime.fromisoformat
    assert moment_of(about["logbook.complete_until"]) <= moment_of(page["freshness"]["complete_until"])
    assert list(tmp_path.iterdir()) == [file]


def test_all_pages_are_in_it_and_withheld_groups_are_counted_over_them(logbook, tmp_path):
    file = tmp_path / "out.parquet"
    ran = logbook.run("export", "feature-usage", *RANGE, "--by", "feature", "--parquet", str(file))
    rows, _, about = read(file)
    assert len(rows) > FEATURES and f"{len(rows)} rows" in ran.stdout
    assert len({row["feature"] for row in rows}) == len(rows)
    assert about["logbook.withheld_groups"] == "0"


def test_the_query_api_gives_the_same_file(logbook, tmp_path):
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    asked = ("export", "feature-usage", *RANGE, "--product", "app")
    logbook.run(*asked, "--parquet", str(here))
    logbook.run(*asked, "--url", logbook.url, "--token", logbook.token(), "--parquet", str(there))
    (rows, types, about), (others, other_types, about_others) = read(here), read(there)
    assert (rows, types) == (others, other_types)
    assert about["logbook.columns"] == about_others["logbook.columns"]


def test_csv_is_that_of_the_report(logbook, tmp_path):
    file = tmp_path / "out.csv"
    asked = ("release-health", *RANGE, "--by", "day,version")
    logbook.run("export", *asked, "--csv", str(file))
    report = logbook.run("report", *asked, "--csv", "--limit", "10000").stdout
    assert file.read_bytes().decode().replace("\r\n", "\n") == report.replace("\r\n", "\n")
    asked = ("feature-usage", *RANGE, "--by", "feature")
    logbook.run("export", *asked, "--csv", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
    names = {row["feature"] for row in rows}
    assert len(rows) > FEATURES and {'a "b", c', "größer → 10", "'=1+1"} <= names


def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(logbook, tmp_path):
    file = tmp_path / "out.parquet"
    file.write_text("mine")
    for asked, said in [
            (("no-such-report",), "no-such-report"),
            (("feature-usage", "--where", "limit=5"), "limit"),
            (("feature-usage", "--by", "nothing"), "by")]:
        ran = logbook.run("export", *asked, "--parquet", str(file), code=1)
        assert said in ran.stderr
    assert "cannot write into" in logbook.run(
        "export", "active-users", "--parquet", str(tmp_path / "no" / "out"), code=1).stderr
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]


def test_an_extract_for_tableau_holds_the_report_s_rows(logbook, tmp_path):
    hyper = pytest.importorskip("tableauhyperapi", reason="tableauhyperapi is not to be had for this machine")
    file = tmp_path / "out.hyper"
    asked = ("release-health", *RANGE, "--by", "day,version")
    logbook.run("export", *asked, "--hyper", str(file), "--python", sys.executable)
    assert list(tmp_path.iterdir()) == [file]
    expected, page = whole(logbook, *asked)
    names = [column["name"] for column in page["columns"]]
    kinds = {"date": "DATE", "text": "TEXT", "integer": "BIG_INT", "ratio": "DOUBLE"}
    with hyper.HyperProcess(
            hyper.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}) as process, \
            hyper.Connection(process.endpoint, file) as connection:
        table = hyper.TableName("Extract", "Extract")
        columns = connection.catalog.get_table_definition(table).columns
        assert [column.name.unescaped for column in columns] == names
        assert [column.type.tag.name for column in columns] == [kinds[column["type"]] for column in page["columns"]]
        rows = connection.execute_list_query(f"SELECT * FROM {table} ORDER BY day, version")
        about = dict(connection.execute_list_query('SELECT * FROM "Extract"."About"'))
    rows = [[str(cell) if isinstance(cell, hyper.Date) else cell for cell in row] for row in rows]
    assert rows == [[row[name] for name in names] for row in expected]
    assert about["logbook.report"] == "release-health" and about["logbook.complete_until"]


def test_without_tableau_s_library_it_is_said_how_to_get_it(logbook, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    file = tmp_path / "out.hyper"
    ran = logbook.run("export", "active-users", "--hyper", str(file), "--python", str(bare), code=1)
    assert "pip install tableauhyperapi" in ran.stderr
    missing = logbook.run("export", "active-users", "--hyper", str(file), "--python", "no-such-python", code=1)
    assert "no-such-python" in missing.stderr
    assert os.listdir(tmp_path) == ["python"]
