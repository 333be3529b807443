"""Each function under the Runtime Interface Emulator answers its golden events rightly."""

import base64
import json

import pytest

import golden


def body(answer):
    text = answer["body"]
    text = base64.b64decode(text) if answer["isBase64Encoded"] else text
    return json.loads(text)


def test_every_golden_event_belongs_to_a_function():
    files = {path.stem for path in golden.EVENTS.glob("*.json")} - {"env"}
    assert files == {name for names in golden.OF_FUNCTION.values() for name in names}
    folders = {path.name for path in (golden.ROOT / "functions").iterdir()}
    assert folders == set(golden.OF_FUNCTION)


def test_the_guide_has_a_line_for_every_golden_event():
    guide = (golden.ROOT / "docs/sam-local.md").read_text()
    for function, names in golden.OF_FUNCTION.items():
        for name in names:
            line = f"sam local invoke {function.capitalize()}Function -e events/{name}.json"
            assert line in guide, line


def test_migrate_tells_cloudformation_that_it_succeeded(migrated):
    method, path, answer = migrated
    assert (method, answer["Status"], answer["PhysicalResourceId"]) == ("PUT", "SUCCESS", "logbook-schemas")
    create = golden.event("cloudformation-create")
    assert create["ResponseURL"].endswith(path)
    assert answer["RequestId"] == create["RequestId"] and answer["StackId"] == create["StackId"]


@pytest.mark.parametrize("event", ["cloudformation-update", "cloudformation-delete"])
def test_migrate_answers_updates_and_deletions(invoke, migrated, surroundings, event):
    assert invoke("migrate", event) is None
    ((_, _, answer),) = surroundings.taken()
    assert answer["Status"] == "SUCCESS" and answer["RequestId"] == golden.event(event)["RequestId"]


def test_upload_takes_logs_and_otlp(uploaded):
    log, otlp = uploaded
    assert log["statusCode"] == 201
    assert body(log) == {
        "product": "editor", "log_id": "run-1", "state": "archived", "duplicate": False,
        "receipt": "/v1/logs/run-1/receipt"}
    assert otlp["statusCode"] == 200 and body(otlp) == {}


def test_upload_gives_a_ticket(invoke, migrated):
    answer = invoke("upload", "rest-upload-ticket")
    assert answer["statusCode"] == 201
    ticket = body(answer)
    assert ticket["method"] == "PUT" and ticket["headers"]["content-length"] == "5838000"
    assert "X-Amz-Signature" in ticket["url"]


def test_intake_queues_what_is_put_into_the_archive(invoke, uploaded, surroundings):
    surroundings.queued()
    assert invoke("intake", "s3-archive-put") is None
    jobs = surroundings.queued()
    assert [(job["product"], job["log_id"]) for job in jobs] == [("editor", "run-1")]


def test_intake_moves_what_is_put_into_the_inbox(invoke, migrated, surroundings):
    surroundings.drop_into_inbox()
    s3, variables = surroundings.client("s3"), surroundings.variables
    archived = lambda: {
        found["Key"] for found in s3.list_objects_v2(
            Bucket=variables["LOGBOOK_ARCHIVE_BUCKET"], Prefix="archive/editor/").get("Contents", [])}
    before = archived()
    assert invoke("intake", "s3-inbox-put") is None
    (new,) = archived() - before
    assert new.rsplit("/", 1)[1].startswith("obj-")
    left = s3.list_objects_v2(Bucket=variables["LOGBOOK_INBOX_BUCKET"], Prefix="inbox/")
    assert left["KeyCount"] == 0


def test_intake_passes_over_the_test_event(invoke, migrated):
    assert invoke("intake", "s3-test-event") is None


def test_intake_sweeps_the_inbox(invoke, migrated):
    assert invoke("intake", "schedule-inbox-sweep") is None


def test_intake_gives_large_logs_to_one_run_of_the_bulk_job(invoke, uploaded, surroundings):
    surroundings.queued()
    for event in ("s3-archive-put-large", "schedule-bulk-drain"):
        assert invoke("intake", event) is None
    (run,) = surroundings.bulk_runs()
    manifest = surroundings.client("s3").get_object(
        Bucket=surroundings.variables["LOGBOOK_ARCHIVE_BUCKET"], Key=run["Arguments"]["--manifest"])
    assert [json.loads(line)["log_id"] for line in manifest["Body"].iter_lines()] == ["run-1"]
    assert surroundings.queued() == []


def test_parse_gives_back_only_what_is_no_job(parsed):
    poison = golden.event("sqs-parse-batch")["Records"][1]["messageId"]
    assert parsed == {"batchItemFailures": [{"itemIdentifier": poison}]}


def test_analyze_brings_the_product_up_to_date(analyzed):
    assert list(analyzed["products"]) == ["editor"]
    assert (analyzed["busy"], analyzed["waiting"]) == ([], [])


def test_query_answers_reports_sessions_and_receipts(invoke, analyzed):
    report = invoke("query", "http-report")
    assert report["statusCode"] == 200
    rows = body(report)["rows"]
    assert [(row["version"], row["sessions"], row["error_free_session_rate"]) for row in rows] == [("3.1", 2, 0.5)]

    session = body(invoke("query", "http-session"))
    assert (session["session_id"], session["status"], session["events"]) == ("s1", "errored", 4)

    receipt = body(invoke("query", "rest-receipt"))
    assert (receipt["log_id"], receipt["state"], receipt["sessions"]) == ("run-1", "parsed", 1)


def test_query_lets_in_no_one_without_the_gateway_s_claims(functions, migrated):
    event = golden.event("http-report")
    del event["requestContext"]["authorizer"]
    assert functions("query").invoke(event)["statusCode"] == 401


def test_sweep_leaves_alone_what_is_younger_than_a_minute(invoke, parsed):
    # What it finds in older logs: tests/sam_local, where they have the time to grow old.
    assert invoke("sweep", "schedule-sweep") == {"archived": 0, "queued": 0, "unbalanced_days": 0}


def test_notify_tells_of_an_alarm_and_its_end_once_each(invoke, surroundings):
    surroundings.taken()
    for event in ("sns-alarm", "sns-alarm", "sns-ok"):
        assert invoke("notify", event) is None
    told = surroundings.taken()
    assert [(method, path) for method, path, _ in told] == [("POST", "/slack")] * 2
    assert [message["text"] for _, _, message in told] == [
        "🔴 logbook-dead-letters: alarm", "✅ logbook-dead-letters: recovered"]


def test_notify_tells_of_the_week_that_analyze_put_into_the_archive(invoke, surroundings, analyzed):
    [week] = invoke("analyze", "schedule-digest")["notices"]
    assert week["title"].startswith("editor: the week to ")
    assert [section["heading"] for section in week["sections"]] == ["Use", "Releases", "Errors", "Accounts", "Logs"]
    surroundings.taken()
    for _ in range(2):
        assert invoke("notify", "s3-notice-put") is None
    [(_, _, message)] = surroundings.taken()
    assert message["text"] == week["title"]
    assert len(message["blocks"]) == 6


@pytest.mark.parametrize("name", golden.OF_FUNCTION)
def test_a_function_starts_in_time_and_writes_nothing_but_json(functions, surroundings, analyzed, name):
    function = functions(name)
    if function.init_ms() is None:
        function.invoke(golden.event(golden.OF_FUNCTION[name][0], surroundings.outside))
    took = function.init_ms()
    print(f"\n{name}: INIT REPORT, {took} ms")
    # Lambda itself gives a function ten seconds. What a release build takes: docs/cold-start.md.
    assert 0 < took < 5000
    own = [line for line in function.lines().splitlines() if line.startswith("{")]
    assert all(json.loads(line)["service"] == name for line in own)
