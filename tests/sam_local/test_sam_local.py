"""`sam local invoke` of every function on its golden events, and `sam local start-api`, in Docker.

`tests/sam_local/run` sets all of it up. The events come in the order of a log's life, because
each works on what those before it left.
"""

import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lambda"))
import golden  # noqa: E402
import surroundings as around  # noqa: E402

INVOKE_SECS = 180
START_SECS = 180
API_PORT = 3000

pytestmark = pytest.mark.skipif(
    "LOGBOOK_TEST_DOCKER" not in os.environ, reason="tests/sam_local/run starts Docker")


@pytest.fixture(scope="module")
def surroundings():
    return around.Surroundings(golden.variables(), golden.OUTSIDE)


def invoke(function, event):
    """What `sam local invoke` prints of a function's answer."""
    command = ["sam", "local", "invoke", f"{function.capitalize()}Function", "-e", f"events/{event}.json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=INVOKE_SECS)
    assert done.returncode == 0, done.stderr[-4000:]
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    # A function that answers null prints nothing, or null.
    answer = json.loads(lines[-1]) if lines else None
    assert not (isinstance(answer, dict) and "errorType" in answer), (answer, done.stderr[-2000:])
    return answer


def body(answer):
    text = answer["body"]
    return json.loads(base64.b64decode(text) if answer.get("isBase64Encoded") else text)


def test_migrate(surroundings):
    surroundings.taken()
    for event in golden.OF_FUNCTION["migrate"]:
        assert invoke("migrate", event) is None
        ((method, _, answer),) = surroundings.taken()
        assert (method, answer["Status"], answer["RequestId"]) == ("PUT", "SUCCESS", golden.event(event)["RequestId"])


def test_upload():
    log = invoke("upload", "rest-upload-log")
    assert log["statusCode"] == 201 and body(log)["log_id"] == "run-1"
    assert invoke("upload", "rest-upload-otlp")["statusCode"] == 200
    ticket = invoke("upload", "rest-upload-ticket")
    assert ticket["statusCode"] == 201 and body(ticket)["method"] == "PUT"


def test_intake(surroundings):
    surroundings.drop_into_inbox()
    for event in golden.OF_FUNCTION["intake"]:
        assert invoke("intake", event) is None
    assert {job["log_id"] for job in surroundings.queued()} == {"run-1"}
    assert len(surroundings.bulk_runs()) == 1
    left = surroundings.client("s3").list_objects_v2(
        Bucket=surroundings.variables["LOGBOOK_INBOX_BUCKET"], Prefix="inbox/")
    assert left["KeyCount"] == 0


def test_parse():
    poison = golden.event("sqs-parse-batch")["Records"][1]["messageId"]
    assert invoke("parse", "sqs-parse-batch") == {"batchItemFailures": [{"itemIdentifier": poison}]}


def test_analyze():
    assert list(invoke("analyze", "schedule-analyze")["products"]) == ["editor"]
    [week] = invoke("analyze", "schedule-digest")["notices"]
    assert week["title"].startswith("editor: the week to ")


def test_query():
    rows = body(invoke("query", "http-report"))["rows"]
    assert [(row["version"], row["sessions"]) for row in rows] == [("3.1", 2)]
    assert body(invoke("query", "http-session"))["status"] == "errored"
    assert body(invoke("query", "rest-receipt"))["state"] == "parsed"


def test_sweep(surroundings):
    archived = surroundings.client("s3").list_objects_v2(
        Bucket=surroundings.variables["LOGBOOK_ARCHIVE_BUCKET"], Prefix="archive/editor/")["Contents"]
    # Of the last minute a sweep says nothing.
    settled = max(object["LastModified"].timestamp() for object in archived) + 60
    time.sleep(max(settled + 1 - time.time(), 0))
    summary = invoke("sweep", "schedule-sweep")
    assert (summary["archived"], summary["unbalanced_days"]) == (len(archived), 0)


def test_notify(surroundings):
    surroundings.taken()
    for event in golden.OF_FUNCTION["notify"]:
        assert invoke("notify", event) is None
    told = [message["text"] for _, _, message in surroundings.taken()]
    assert told[:2] == ["🔴 logbook-dead-letters: alarm", "✅ logbook-dead-letters: recovered"]
    assert told[2].startswith("editor: the week to ") and len(told) == 3


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """`sam local start-api`; gives its address."""
    output = tmp_path_factory.mktemp("api") / "output"
    with open(output, "wb") as log:
        process = subprocess.Popen(
            ["sam", "local", "start-api", "--host", "127.0.0.1", "--port", str(API_PORT), "--warm-containers", "LAZY"],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        until = time.monotonic() + START_SECS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", API_PORT)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < until, output.read_text(errors="replace")[-4000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{API_PORT}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        print(output.read_text(errors="replace")[-3000:])


def test_start_api_takes_uploads_and_tells_how_far_they_are(api):
    headers = {"x-logbook-key": golden.KEY, "x-logbook-log-id": "run-3"}
    log = b'{"time":"2026-11-02T12:00:00Z","session":"s3","name":"draw.line"}\n'
    answer = requests.post(f"{api}/v1/logs", data=log, headers=headers, timeout=INVOKE_SECS)
    assert (answer.status_code, answer.json()["log_id"]) == (201, "run-3")
    again = requests.post(f"{api}/v1/logs", data=log, headers=headers, timeout=INVOKE_SECS)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)

    receipt = requests.get(f"{api}/v1/logs/run-3/receipt", headers=headers, timeout=INVOKE_SECS)
    assert (receipt.status_code, receipt.json()["state"]) == (200, "pending")
    wrong = requests.post(f"{api}/v1/logs", data=log, headers={"x-logbook-key": "lbk_wrong"}, timeout=INVOKE_SECS)
    assert wrong.status_code == 401 and wrong.headers["content-type"] == "application/problem+json"


def test_start_api_takes_otlp_in_protobuf(api):
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsServiceRequest, ExportLogsServiceResponse)

    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.event_name, record.time_unix_nano = "draw.line", time.time_ns()
    headers = {"x-logbook-key": golden.KEY, "content-type": "application/x-protobuf"}
    answer = requests.post(
        f"{api}/v1/otlp/v1/logs", data=request.SerializeToString(), headers=headers, timeout=INVOKE_SECS)
    assert answer.status_code == 200
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")
