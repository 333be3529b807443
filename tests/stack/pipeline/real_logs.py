"""Logs of the field, which are no part of the repository: LOGBOOK_REAL_LOGS names their folder."""

import hashlib
import os
import pathlib

from doors import Upload

# Folder, ending of the files, profile, and the first of the ten years in which they were written.
SETS = (
    ("jetbrains-fus", "log", "jetbrains-fus", 2017),
    ("eclipse-udc", "csv", "eclipse-udc", 2008),
    ("idea-log", "log", "idea-log", 2017),
    ("elastic-apm-intake", "ndjson", "elastic-apm", 2017),
    ("minecraft", "log", "minecraft", 2017),
    ("otlp-oteldemo-otlp2parquet", "jsonl", "otlp", 2017),
    ("otlp-gcp-fixtures", "json", "otlp", 2017),
)
PRODUCTS = [{"id": f"real-{folder[:12].strip('-')}", "profile": profile, "consent": "usage", "min_users": 0}
            for folder, _, profile, _ in SETS]
AT_MOST = 40


def folder():
    return os.environ.get("LOGBOOK_REAL_LOGS")


def uploads():
    """The logs by product; none where no folder is named."""
    return {product["id"]: _logs(*one[:2]) for product, one in zip(PRODUCTS, SETS)} if folder() else {}


def _logs(place, ending):
    """The logs of a set, each with an id made of its name."""
    found = sorted(path for path in pathlib.Path(folder(), place).rglob(f"*.{ending}")
                   if "_expected" not in path.name and "expected-output" not in str(path))
    assert found, place
    logs, contents = [], set()
    for path in found[:AT_MOST]:
        body = path.read_bytes()
        # Of two logs of one content the first that is parsed is the log, which may be either.
        if 0 < len(body) <= 4 << 20 and body not in contents:
            contents.add(body)
            log_id = hashlib.sha256(str(path).encode()).hexdigest()[:32]
            logs.append(Upload(log_id, body, "ticket" if len(logs) % 4 == 3 else "api", None,
                               {"file_name": path.name, "modified_at": "2025-03-01T12:00:00Z"}))
    return logs
