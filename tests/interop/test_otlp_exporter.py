"""OpenTelemetry's own exporter sends to Logbook, and its sessions appear.

Sources: OpenTelemetry Protocol specification, OTLP/HTTP (answers, failures, retries).
"""

import gzip
import os
import re
import subprocess
import sys
import time
import uuid

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest, ExportLogsServiceResponse)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.resources import Resource

from conftest import ROOT
from faults import between

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
SECOND_NS = 1_000_000_000


class Watched(OTLPLogExporter):
    """The exporter, which remembers how its exports ended."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.ended = []

    def export(self, batch):
        self.ended.append(super().export(batch))
        return self.ended[-1]


def exporter(logbook, url=None, compression=Compression.Gzip, **headers):
    return Watched(
        endpoint=url or logbook.otlp_url, compression=compression, certificate_file=logbook.ca,
        headers={**logbook.upload_headers, **headers})


def provider(to, **attributes):
    resource = Resource.create({"service.name": "editor", **attributes})
    made = LoggerProvider(resource=resource, shutdown_on_exit=False)
    made.add_log_record_processor(BatchLogRecordProcessor(to, schedule_delay_millis=60_000))
    return made


def send_session(logbook, to, events=("draw.line",)):
    """Sends one session in one export; gives its id."""
    session, made = str(uuid.uuid4()), provider(to)
    for name in events:
        made.get_logger("test").emit(event_name=name, timestamp=time.time_ns(), attributes={"session.id": session})
    made.force_flush()
    made.shutdown()
    return session


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.NoCompression])
def test_sessions_appear_with_all_that_the_records_say(logbook, compression):
    person, installation = f"ada-{uuid.uuid4()}", f"machine-{uuid.uuid4()}"
    to = exporter(logbook, compression=compression)
    made = provider(to, **{
        "service.version": "3.1.4", "os.name": "Debian", "os.version": "12",
        "process.runtime.name": "cpython", "process.runtime.version": "3.11",
        "deployment.environment.name": "production", "app.installation.id": installation})
    logger, begun = made.get_logger("editor"), time.time_ns() - 60 * SECOND_NS
    fine, crashed = str(uuid.uuid4()), str(uuid.uuid4())

    def emit(session, offset_secs, **record):
        attributes = {"session.id": session, "user.id": person, **record.pop("attributes", {})}
        logger.emit(timestamp=begun + int(offset_secs * SECOND_NS), attributes=attributes, **record)

    emit(fine, 0, event_name="session.start", severity_number=SeverityNumber.INFO)
    emit(fine, 1, event_name="draw.line", severity_number=SeverityNumber.DEBUG)
    emit(crashed, 1.5, event_name="session.start", severity_number=SeverityNumber.INFO)
    emit(fine, 2, event_name="draw.line", severity_number=SeverityNumber.INFO, body="two points")
    emit(fine, 3, event_name="export.pdf", severity_number=SeverityNumber.ERROR, attributes={
        "exception.type": "OSError", "exception.message": "the disk is full"})
    emit(crashed, 4, event_name="app.crash", severity_number=SeverityNumber.FATAL)
    emit(fine, 5, event_name="session.end", severity_number=SeverityNumber.INFO)
    assert made.force_flush()
    made.shutdown()
    assert to.ended == [LogRecordExportResult.SUCCESS]

    session = logbook.eventually(f"/v1/sessions/{fine}")
    assert session["status"] == "errored" and session["end_reason"] == "explicit"
    assert (session["events"], session["errors"], session["crashes"]) == (5, 1, 0)
    assert session["levels"] == {"debug": 1, "info": 3, "error": 1}
    assert session["version"] == "3.1.4" and session["environment"] == "production"
    assert session["os"] == "Debian 12" and session["runtime"] == "cpython 3.11"
    assert {f["name"]: f["uses"] for f in session["features"]}["draw.line"] == 2
    assert person not in str(session) and session["user"]
    assert installation not in str(session) and session["installation"]

    other = logbook.eventually(f"/v1/sessions/{crashed}")
    assert other["status"] == "crashed" and (other["events"], other["crashes"]) == (2, 1)
    assert other["user"] == session["user"]

    listed = logbook.eventually("/v1/sessions")
    assert {fine, crashed} <= {s["session_id"] for s in listed["sessions"]}

    events = logbook.eventually(f"/v1/sessions/{fine}/events")["events"]
    assert [e["name"] for e in events] == ["session.start", "draw.line", "draw.line", "export.pdf", "session.end"]
    assert [e["level"] for e in events] == ["info", "debug", "info", "error", "info"]
    assert events[2]["attributes"]["body"] == "two points"
    assert events[2]["attributes"]["service"] == "editor"
    failed = events[3]
    assert failed["kind"] == "error"
    assert failed["attributes"]["exception.type"] == "OSError"
    assert failed["attributes"]["exception.message"] == "the disk is full"
    assert events[0]["time"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(begun // SECOND_NS)))


def test_the_program_of_the_guide_works_as_it_stands_there(embedded, tmp_path):
    guide = (ROOT / "docs/send-logs.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", guide, re.S)
    program = next(block for block in blocks if "OTLPLogExporter" in block)
    exports = next(block for block in re.findall(r"```sh\n(.*?)```", guide, re.S) if "OTEL_EXPORTER" in block)
    settings = dict(re.findall(r"^export (\w+)=\"?(.*?)\"?$", exports, re.M))
    key = embedded.upload_headers["authorization"].removeprefix("Bearer ")
    settings = {
        name: value.replace("$LOGBOOK_KEY", key).replace("http://127.0.0.1:8080", embedded.upload_url)
        for name, value in settings.items()}
    settings["OTEL_RESOURCE_ATTRIBUTES"] += ",deployment.environment.name=guide"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **settings}, check=True, timeout=60)

    def of_guide(body):
        return [s for s in body["sessions"] if s["environment"] == "guide"]

    found = of_guide(embedded.eventually("/v1/sessions", of_guide))
    assert [(s["status"], s["events"], s["errors"], s["version"]) for s in found] == [("errored", 3, 1, "3.1")]


def test_full_success_is_answered_as_the_protocol_says(logbook):
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.event_name, record.time_unix_nano = "draw.line", time.time_ns()
    body = gzip.compress(request.SerializeToString())
    headers = {**logbook.upload_headers, **PROTOBUF, "content-encoding": "gzip"}
    answer = logbook.post(body, headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == PROTOBUF["content-type"]
    # partial_success must not be set where everything was taken.
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")

    text = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","eventName":"x"}]}]}]}'
    answer = logbook.post(text % time.time_ns(), {**logbook.upload_headers, **JSON})
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == JSON["content-type"]


def test_a_refusal_is_a_status_and_is_not_tried_again(embedded):
    with between(embedded.upload_url, []) as (url, seen):
        to = exporter(embedded, f"{url}/v1/otlp/v1/logs", authorization="Bearer lbk_wrong")
        send_session(embedded, to)
    assert to.ended == [LogRecordExportResult.FAILURE]
    assert seen.answered == [401] and seen.encodings == ["gzip"]

    wrong = {"authorization": "Bearer lbk_wrong"}
    answer = embedded.post(b"", {**wrong, **PROTOBUF})
    assert answer.headers["content-type"] == PROTOBUF["content-type"]
    assert Status.FromString(answer.content).message.startswith("unauthorized: ")
    answer = embedded.post(b"", {**wrong, **JSON})
    assert answer.headers["content-type"] == JSON["content-type"]
    assert answer.json()["message"].startswith("unauthorized: ")


def test_a_user_who_did_not_agree_leaves_nothing_and_is_not_asked_again(embedded):
    with between(embedded.upload_url, []) as (url, seen):
        to = exporter(embedded, f"{url}/v1/otlp/v1/logs", **{"x-logbook-consent": "off"})
        session = send_session(embedded, to)
    assert to.ended == [LogRecordExportResult.FAILURE] and seen.answered == [403]
    seen_later = send_session(embedded, exporter(embedded))
    embedded.eventually(f"/v1/sessions/{seen_later}")
    assert embedded.ask(f"/v1/sessions/{session}")[0] == 404


@pytest.mark.parametrize("status", [429, 503])
def test_an_export_that_is_put_off_comes_again_after_the_time_asked_for(embedded, status):
    with between(embedded.upload_url, [(status, {"retry-after": "2"}, False)]) as (url, seen):
        begun = time.monotonic()
        to = exporter(embedded, f"{url}/v1/otlp/v1/logs")
        session = send_session(embedded, to)
        assert time.monotonic() - begun >= 2
    assert to.ended == [LogRecordExportResult.SUCCESS] and seen.answered == [status, 200]
    assert embedded.eventually(f"/v1/sessions/{session}")["events"] == 1


def test_an_export_whose_answer_was_lost_comes_again_and_counts_once(embedded):
    before = ledger(embedded)
    with between(embedded.upload_url, [(503, {"retry-after": "0"}, True)]) as (url, seen):
        to = exporter(embedded, f"{url}/v1/otlp/v1/logs")
        session = send_session(embedded, to, events=("draw.line", "draw.line"))
    assert to.ended == [LogRecordExportResult.SUCCESS] and seen.answered == [503, 200]

    def settled(body):
        now = sums(body)
        return now["received"] == before["received"] + 2 and now["duplicate"] == before["duplicate"] + 1

    after = embedded.eventually("/v1/ledger", settled)
    assert after["balanced"] and sums(after)["parsed"] == before["parsed"] + 1
    detail = embedded.eventually(f"/v1/sessions/{session}")
    assert (detail["events"], detail["parts"]) == (2, 1)


def sums(body):
    return {name: sum(day[name] for day in body["days"]) for name in ("received", "parsed", "duplicate", "pending")}


def ledger(logbook):
    """The ledger's sums, once nothing is on its way and the archive was listed since."""
    # The next second: a listing of this one may have been before what was sent in it.
    called = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    ready = lambda body: body["as_of"] and body["as_of"] > called and body["balanced"] and not sums(body)["pending"]
    return sums(logbook.eventually("/v1/ledger", ready))
