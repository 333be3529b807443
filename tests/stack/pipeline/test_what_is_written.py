"""What the functions write into their logs, at the finest level: lines for machines, and nothing of people
or of keys. (`functions/*/tests/program.rs` look at each program by itself.)"""

import contextlib
import json
import re

import pytest

from doors import Upload, until
from emulator import BINARIES

# Of what Powertools for AWS Lambda writes, those that each line bears.
KEYS = {"level", "location", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size"}
TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1")
PEOPLE = {"user": "marked-user", "installation": "marked-installation", "account": "marked-account",
          "file_name": "marked-file.log"}
LOG = b'{"name":"marked-event","time":"2026-01-01T00:00:00Z","session":"%s","user":"marked-inside"}\n'


@pytest.fixture(scope="module")
def written(stack):
    """What each function wrote while everything that is secret went through all of them."""
    before = {function: len(stack.aws.logs(function)) for function in BINARIES}
    with contextlib.ExitStack() as finest:
        for function in ("upload", "intake", "parse", "query"):
            finest.enter_context(stack.environment(function, LOGBOOK_LOG_LEVEL="trace"))
        tokens = go_through(stack)
    stack.sweep()
    stack.analyze()
    lines = {function: stack.aws.logs(function)[before[function]:] for function in BINARIES}
    return lines, secrets_of(stack, tokens)


def go_through(stack):
    uploads, one = stack.uploads("probe"), stack.database.one
    for route in ("api", "ticket", "inbox"):
        assert uploads.send(Upload(f"written-{route}", LOG % route.encode(), route, None, dict(PEOPLE))).status < 300
    assert uploads.ask("POST", "/v1/logs", LOG, {"x-logbook-key": "marked-wrong-key"}).status == 401
    parsed = """SELECT COUNT(*) FROM logbook_sessions.part
                WHERE product = 'probe' AND session_id IN ('api', 'ticket', 'inbox')"""
    until(lambda: one(parsed) == 3, "all three are parsed", 40)
    token = stack.issuer.token("logbook/admin", "probe", sub="marked-analyst")
    query = stack.bearing(token)
    query.get("/v1/sessions/api/events", product="probe")
    assert query.ask("GET", "/v1/logs/written-api", product="probe").content == LOG % b"api"
    assert query.ask("GET", "/v1/sessions", product="probe", user="marked-asked-for").status < 500
    refused = stack.issuer.token("openid", "probe", sub="marked-analyst")
    assert stack.bearing(refused).ask("GET", "/v1/sessions").status == 403
    return token, refused


def secrets_of(stack, tokens):
    read = stack.aws.client("secretsmanager").get_secret_value
    hash_secret = read(SecretId=stack.outputs["HashSecretArn"])["SecretString"]
    return [*PEOPLE.values(), "marked-", "X-Amz-Signature", hash_secret, stack.database.password, stack.api_key,
            stack.keys["probe"], stack.slack.url, *tokens]


def lines_of(lines):
    """Our own lines: the others are the runtime's."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_every_line_bears_the_keys_of_powertools(written):
    lines, _ = written
    told = [(function, line) for function in BINARIES for line in lines_of(lines[function]) if "_aws" not in line]
    assert {function for function, _ in told} >= {"upload", "parse", "sweep", "analyze"}
    for function, line in told:
        assert KEYS <= line.keys(), (function, KEYS - line.keys())
        assert (line["service"], line["function_name"]) == (function, f"logbook-{function}")


def test_a_line_names_its_invocation_and_the_trace_that_this_belongs_to(written):
    lines, _ = written
    for function in ("upload", "intake", "parse", "query", "sweep", "analyze"):
        of_invocations = [line for line in lines_of(lines[function]) if "function_request_id" in line]
        assert of_invocations, function
        assert all(TRACE.fullmatch(line["xray_trace_id"]) for line in of_invocations), function


def test_nothing_secret_and_nothing_of_people_is_written(written):
    lines, secrets = written
    for function, told in lines.items():
        for secret in secrets:
            assert len(secret) > 5
            assert not [line for line in told if secret in line], (function, secret)
