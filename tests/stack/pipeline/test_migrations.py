"""The custom resource that makes the schemas."""

import http.server
import json

import pytest

from surroundings import Listener


class Answers(Listener):
    """Stands in for where CloudFormation awaits its answers."""

    def __init__(self):
        self.got = []
        answers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                content = self.rfile.read(int(self.headers["content-length"]))
                answers.got.append((self.headers.get("content-type"), json.loads(content)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(Handler)


@pytest.fixture(scope="module")
def answers():
    listener = Answers()
    yield listener
    listener.close()


def asked(answers, kind, **more):
    return {"RequestType": kind, "ResponseURL": f"{answers.url}/answer", "StackId": "arn:aws:cloudformation:x",
            "RequestId": f"request-{kind}", "ResourceType": "AWS::CloudFormation::CustomResource",
            "LogicalResourceId": "Migration", "ServiceToken": "arn", "ResourceProperties": {"Code": "1"}, **more}


def answered(stack, answers, kind, **more):
    answers.got.clear()
    _, error = stack.aws.invoke("migrate", asked(answers, kind, **more))
    assert error is None
    (content_type, answer), = answers.got
    assert not content_type, "the address is signed without one"
    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == (
        "arn:aws:cloudformation:x", f"request-{kind}", "Migration")
    return answer


def test_the_deployment_has_made_both_schemas(stack):
    found = {row[0] for row in stack.database.rows("SHOW DATABASES")}
    assert {"logbook_sessions", "logbook_analytics"} <= found
    assert stack.database.one("SELECT COUNT(*) FROM logbook_sessions._sqlx_migrations WHERE success") > 0
    assert stack.aws.resources()["Migration"] == "logbook-schemas"


def test_migrating_again_changes_nothing_and_succeeds(stack, answers):
    before = stack.database.rows("SELECT * FROM logbook_sessions._sqlx_migrations")
    old = {"PhysicalResourceId": "logbook-schemas", "OldResourceProperties": {"Code": "0"}}
    for kind, more in (("Create", {}), ("Update", old)):
        answer = answered(stack, answers, kind, **more)
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "logbook-schemas")
    assert stack.database.rows("SELECT * FROM logbook_sessions._sqlx_migrations") == before


def test_deleting_keeps_the_data_and_needs_no_database(stack, answers):
    stack.database.stop()
    try:
        answer = answered(stack, answers, "Delete", PhysicalResourceId="logbook-schemas")
        assert answer["Status"] == "SUCCESS"
    finally:
        stack.database.start()
    assert stack.database.one("SELECT COUNT(*) FROM logbook_sessions._sqlx_migrations") > 0


def test_a_failure_is_answered_with_its_reason(stack, answers):
    secrets = stack.aws.client("secretsmanager")
    held = secrets.get_secret_value(SecretId="database")["SecretString"]
    secrets.put_secret_value(SecretId="database", SecretString=json.dumps(
        {"username": stack.database.user, "password": "wrong"}))
    try:
        answer = answered(stack, answers, "Create")
    finally:
        secrets.put_secret_value(SecretId="database", SecretString=held)
    assert answer["Status"] == "FAILED"
    assert "Access denied" in answer["Reason"] and "wrong" not in answer["Reason"]


def test_a_deployment_whose_database_refuses_fails_and_says_why(stack, tmp_path):
    secret = stack.aws.client("secretsmanager").create_secret(
        Name="refused", SecretString=json.dumps({"username": "nobody", "password": "none"}))["ARN"]
    with pytest.raises(RuntimeError, match="Migration: .*Access denied"):
        stack.deploy_beside("refused", DatabaseSecretArn=secret)
