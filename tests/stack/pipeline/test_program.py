"""The program `logbook` on the stack, in a role that has the rights of docs/stack.md and no others."""

import concurrent.futures
import re

import pytest

from doors import until
from surroundings import ROOT

RUN = (b'{"type":"session_start","time":"2026-02-01T10:00:00Z","session":"%s","name":"app.start","version":"3.1"}\n'
       b'{"time":"2026-02-01T10:00:04Z","session":"%s","name":"draw.line"}\n')
DAY = ("--from", "2026-02-01", "--to", "2026-02-01")


def run(session):
    return RUN % (session, session)


def test_the_rights_are_those_that_are_documented(operator):
    text = (ROOT / "docs/stack.md").read_text().partition("\n## Rights\n")[2]
    documented = set(re.findall(r"`([a-z0-9]+:[A-Z][A-Za-z]+)`", text))
    granted = {action for statement in operator.statements for action in statement["Action"]}
    assert granted == documented - {"kms:ViaService"}


def test_products_are_registered_and_changed_and_none_is_lost(operator):
    before = {product["id"] for product in operator.json("product", "list")}
    added = operator.good("product", "add", "editor", "--min-users", "3")
    assert "lbk_editor_" in added
    assert operator.json("product", "set", "editor", "--consent", "error")["consent"] == "error"
    profile = operator.write("own.toml", b'profile = "own"\nversion = 1\nfamily = "ndjson"\n[name]\nfield = "n"\n')
    operator.good("product", "profile", profile)
    operator.good("product", "set", "editor", "--profile", "own")
    further = operator.good("product", "key", "editor")
    assert further.startswith("lbk_editor_") and further.strip() not in added
    shown = operator.json("product", "show", "editor")
    assert (shown["profile"], shown["min_users"]) == ("own@1", 3)
    assert operator.run("product", "add", "editor").returncode == 2
    # Several at once: each replaces only what it read.
    names = {f"p{number}" for number in range(4)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: operator.good("product", "add", name), sorted(names)))
    assert {product["id"] for product in operator.json("product", "list")} == before | names | {"editor"}


def test_logs_go_by_body_and_by_ticket_are_sent_once_and_are_in_the_reports(stack, operator):
    line = b'{"time":"2026-02-01T10:00:05Z","session":"large","name":"draw.circle","note":"%s"}\n' % (b"-" * 3000)
    large = run(b"large") + line * 1_500
    assert len(large) > 4 << 20
    operator.write("logs/small.log", run(b"small"))
    operator.write("logs/large.log", large)
    token = stack.issuer.token("logbook/read:reports logbook/read:sessions", "program")
    upload = ("upload", "logs", "--key", stack.keys["program"])
    sent = operator.json(*upload, "--token", token)
    assert (sent["sent"], sent["parsed"], sent["sessions"]) == (2, 2, 2), sent
    again = operator.json(*upload, "--token", token)
    assert (again["already_there"], again["sent"]) == (2, 0), again
    # Without a token the archive is looked at.
    operator.write("logs/more.log", run(b"more"))
    blind = operator.json(*upload)
    assert (blind["already_there"], blind["sent"]) == (2, 1), blind
    until(lambda: stack.database.one(
        "SELECT COUNT(*) FROM logbook_sessions.session WHERE product = 'program'") == 3, "three sessions")

    stack.analyze()
    report = ("report", "release-health", "--product", "program", *DAY)
    rows = operator.json(*report, "--token", token)["rows"]
    assert [row["sessions"] for row in rows] == [3]
    table = operator.good(*report, "--token", token)
    assert table.startswith("2026-02-01 .. 2026-02-01\n") and "complete until" in table
    assert operator.good(*report, "--token", token, "--csv").count("\n") == 2
    assert "release-health" in operator.good("report", "--token", token)
    for bad, said in (("wrong", "LOGBOOK_TOKEN"), (stack.issuer.token("openid", "program"), "does not allow")):
        refused = operator.run(*report, "--token", bad)
        assert refused.returncode == 1 and said in refused.stderr, refused.stderr


def test_views_follow_the_size_of_groups_though_nothing_new_came(stack, operator):
    kept = "SELECT min_users FROM logbook_analytics.product_settings WHERE product = 'program'"

    for number in (7, 0):
        assert operator.json("product", "set", "program", "--min-users", str(number))["min_users"] == number
        with stack.environment("analyze", LOGBOOK_NOTE="afresh"):  # functions know products for half a minute
            stack.analyze()
        assert stack.database.one(kept) == number


def test_without_the_products_key_the_way_to_one_is_told(operator):
    keyless = operator.run("upload", "logs")
    assert keyless.returncode == 1 and "--stack logbook" in keyless.stderr


def test_a_log_is_read_out_of_the_archive_by_who_may_break_the_glass_only(stack, operator, outsider):
    assert stack.uploads("program").ask(
        "POST", "/v1/logs", run(b"inspected"), {"x-logbook-log-id": "inspected"}).status == 201
    report = operator.json("inspect", "--log", "program/inspected")
    assert [session["session_id"] for session in report["sessions"]] == ["inspected"]
    none = operator.run("inspect", "--log", "program/none")
    assert none.returncode == 1 and "has no log none" in none.stderr
    denied = outsider.run("inspect", "--log", "program/inspected")
    assert denied.returncode == 1 and "AccessDenied" in denied.stderr


def test_a_stack_that_is_not_there_is_named(operator):
    ran = operator.run("product", "list", stack="nobodys")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "nobodys" in ran.stderr


@pytest.fixture
def quiet(stack):
    """No alarm fires, and nothing has died."""
    stack.forget_failures()
    cloudwatch = stack.aws.client("cloudwatch")
    for alarm in cloudwatch.describe_alarms(AlarmNamePrefix="logbook-", StateValue="ALARM")["MetricAlarms"]:
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="a test")
    return cloudwatch


def test_doctor_finds_what_is_wrong_and_says_what_to_do(stack, operator, quiet):
    findings, code = operator.findings()
    bad = [one for found in findings.values() for one in found if one["verdict"] == "bad"]
    assert (bad, code) == ([], 0)
    assert set(findings) >= {"stack", "outputs", "upload API", "query API", "archive", "products", "inbox",
                             "parse queue", "bulk queue", "dead letters", "failed intakes", "alarms"}

    quiet.set_alarm_state(AlarmName="logbook-freshness-alarm", StateValue="ALARM", StateReason="a test")
    key = "config/products.toml"
    held = stack.s3.get_object(Bucket=stack.archive, Key=key)["Body"].read()
    stack.s3.put_object(Bucket=stack.archive, Key=key, Body=held + b'\n[[product]]\nid = "bad"\nprofile = "nope"\n')
    try:
        findings, code = operator.findings()
    finally:
        stack.s3.put_object(Bucket=stack.archive, Key=key, Body=held)
    assert code == 2
    (alarm,), products = findings["alarms"], findings["products"]
    assert "logbook-freshness-alarm fires" in alarm["found"] and "docs/" in alarm["what_to_do"]
    assert any('there is no profile "nope"' in one["found"] and "mend it" in one["what_to_do"] for one in products)
