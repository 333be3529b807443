"""The golden events of `events/`, and which function answers which."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"

# The first of a function is the one that it is invoked with where none is named.
OF_FUNCTION = {
    "upload": ["rest-upload-log", "rest-upload-otlp", "rest-upload-ticket"],
    "intake": [
        "s3-archive-put", "s3-archive-put-large", "s3-inbox-put", "s3-test-event", "schedule-inbox-sweep",
        "schedule-bulk-drain"],
    "parse": ["sqs-parse-batch"],
    "analyze": ["schedule-analyze", "schedule-digest"],
    "query": ["http-report", "http-session", "rest-receipt"],
    "sweep": ["schedule-sweep"],
    "migrate": ["cloudformation-create", "cloudformation-update", "cloudformation-delete"],
    "notify": ["sns-alarm", "sns-ok", "s3-notice-put"],
}

# The addresses that env.json and the events name; runs on other ports replace them.
ENDPOINT = "localhost:4566"
DATABASE_PORT = "3306"
OUTSIDE = "localhost:4567"

PRODUCT = "editor"
KEY = "lbk_editor_golden0golden0golden0golden0gold"
INBOX_KEY = "inbox/editor/files/größer als+zuvor.log"


def event(name, outside=OUTSIDE):
    """An event, which tells of `outside` where it names an address to answer to."""
    text = (EVENTS / f"{name}.json").read_text()
    return json.loads(text.replace(OUTSIDE, outside))


def variables(endpoint=ENDPOINT, database_port=DATABASE_PORT):
    """What `events/env.json` gives every function."""
    text = (EVENTS / "env.json").read_text().replace(ENDPOINT, endpoint)
    return {**json.loads(text)["Parameters"], "LOGBOOK_DATABASE_PORT": str(database_port)}
