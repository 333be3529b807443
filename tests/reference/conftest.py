"""A data folder with the demo and the logs of the field, served, and the same read by the reference."""

import datetime
import os
import pathlib

import pytest

import tables
from archive import Archive
from program import ROOT, free_port, logbook, served
from reading.profile import Profile

#: How many sessions of the demo are loaded; see CONTRIBUTING.md.
SESSIONS = int(os.environ.get("LOGBOOK_REFERENCE_SESSIONS", "1000"))
DEMO = "quire"
# Folder of LOGBOOK_REAL_LOGS, ending of the files, profile.
FIELD = (
    ("jetbrains-fus", "log", "jetbrains-fus"),
    ("eclipse-udc", "csv", "eclipse-udc"),
    ("idea-log", "log", "idea-log"),
    ("elastic-apm-intake", "ndjson", "elastic-apm"),
    ("minecraft", "log", "minecraft"),
    ("otlp-oteldemo-otlp2parquet", "jsonl", "otlp"),
    ("otlp-gcp-fixtures", "json", "otlp"),
)
#: Everything that the logs of the field tell of is older.
SILENCE_US = 30 * 60 * 1_000_000


def field_folder():
    named = os.environ.get("LOGBOOK_REAL_LOGS")
    return pathlib.Path(named) if named else None


def field_logs(folder, ending):
    """The logs of a set, at most as large as an upload may be."""
    found = sorted(path for path in (field_folder() / folder).rglob(f"*.{ending}")
                   if "_expected" not in path.name and "expected-output" not in str(path))
    assert found, folder
    return [path for path in found if path.stat().st_size <= 4 << 20]


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """The program, with all products loaded and analyzed."""
    data = tmp_path_factory.mktemp("reference") / "data"
    logbook(data, "demo", "--exit", "--sessions", SESSIONS, "--listen", f"127.0.0.1:{free_port()}")
    keys = {}
    for folder, _, profile in FIELD if field_folder() else ():
        said = logbook(data, "product", "add", product_of(folder), "--profile", profile, "--min-users", 0)
        keys[product_of(folder)] = next(word for word in said.split() if word.startswith("lbk_"))
    with served(data, DEMO) as program:
        for folder, ending, _ in FIELD if field_folder() else ():
            for path in field_logs(folder, ending):
                program.upload(keys[product_of(folder)], path.read_bytes(), path.name)
        for product in (DEMO, *keys):
            program.settled(product)
        yield program


def product_of(folder):
    return "field-" + folder[:12].strip("-")


@pytest.fixture(scope="session")
def read(running):
    """Tables of a product, made of the archive by the reference; once for each product."""
    archive, made = Archive(running.data), {}
    now_us = int(datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000)

    def of(product, profile):
        if product not in made:
            rules = Profile(ROOT / "profiles" / f"{profile}.toml")
            made[product] = tables.loaded(archive, product, rules, product == DEMO, now_us - SILENCE_US)
        return made[product]

    return of
