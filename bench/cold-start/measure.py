"""Measures cold starts; `make cold-start` runs it beside an emulator of AWS and a database.

1. exec → first call of the Runtime API: each function, a minimal program, Python with boto3 and
   Node with the AWS SDK. The environment is that of a deployment with a cluster of its own (the
   database is signed in to by IAM), and names no endpoint, as on AWS.
2. exec → first right answer, with the first calls of S3, KMS, Secrets Manager and MySQL in it:
   `parse` on a log of its own each time, beside a minimal program that makes the same calls.

Rounds go through all programs in turn, so that what else the machine does meets all alike.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lambda"))
import golden  # noqa: E402
import surroundings  # noqa: E402

from runtime_api import RuntimeApi  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NODE = ROOT / ".tools/node"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
               "AWS_DEFAULT_REGION": "us-east-1"}


def lambda_environment(name, variables):
    """What Lambda gives a function, and no more."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "en_US.UTF-8", "TZ": ":UTC",
        "AWS_LAMBDA_FUNCTION_NAME": f"logbook-{name}", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "x", "AWS_LAMBDA_LOG_STREAM_NAME": "x",
        **CREDENTIALS, **variables}


def on_aws():
    """The variables of a deployment: no endpoints, IAM for the database."""
    kept = {k: v for k, v in golden.variables().items() if not k.startswith("AWS_ENDPOINT_URL")}
    return {**kept, "LOGBOOK_DATABASE_AUTH": "iam", "LOGBOOK_DATABASE_USER": "logbook",
            "LOGBOOK_DATABASE_HOST": "cluster.invalid", "LOGBOOK_DATABASE_TLS": "verify-identity",
            "AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH": "true"}


def in_rounds(rounds, measures):
    """Each measure `rounds` times, in turn, after one that does not count."""
    taken = {name: [] for name in measures}
    for at in range(rounds + 1):
        for name, measure in measures.items():
            value = measure(at)
            if at:
                taken[name].append(value)
    return taken


def first_calls(api, programs, rounds):
    variables = on_aws()
    commands = {"minimal": [programs / "cold-minimal"]}
    commands.update({name: [programs / name] for name in golden.OF_FUNCTION})
    commands["Node 20 + AWS SDK"] = [shutil.which("node"), NODE / "sdk.mjs"]
    commands["Python 3.11 + boto3"] = [sys.executable, HERE / "sdk.py"]
    return in_rounds(rounds, {
        name: lambda _, name=name, command=command: api.until_called(command, lambda_environment(name, variables))
        for name, command in commands.items()})


class Logs:
    """Logs in the archive, one for each start of `parse`."""

    def __init__(self, made, programs, api):
        self.made = made
        self.programs = programs
        self.api = api

    def upload(self, log_id):
        event = golden.event("rest-upload-log")
        event["isBase64Encoded"] = False
        event["body"] = json.dumps({"name": "draw.line", "session": log_id}) + "\n"
        for headers in (event["headers"], event["multiValueHeaders"]):
            headers["X-Logbook-Log-Id"] = log_id if headers is event["headers"] else [log_id]
        _, _, answer = self.api.until_answered(
            [self.programs / "upload"], lambda_environment("upload", self.made.variables), event)
        assert answer["statusCode"] == 201, answer

    def job(self, log_id):
        event = golden.event("sqs-parse-batch")
        event["Records"] = event["Records"][:1]
        event["Records"][0]["body"] = json.dumps({"product": golden.PRODUCT, "log_id": log_id, "queued_at": 1793620801456000})
        return event


def statements(port):
    """Statements that the database server has been given."""
    done = mariadb(port, "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")
    return int(done.split()[-1])


def mariadb(port, sql):
    return subprocess.run(
        ["mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={port}", "--user=root",
         "--skip-column-names", f"--execute={sql}"], check=True, capture_output=True, text=True).stdout


def first_answers(api, programs, rounds):
    port = urllib.parse.urlsplit(os.environ["LOGBOOK_TEST_MYSQL_URL"]).port
    with surroundings.provided() as made:
        logs, right = Logs(made, programs, api), {"batchItemFailures": []}
        migrate = lambda_environment("migrate", made.variables)
        api.until_answered([programs / "migrate"], migrate, golden.event("cloudformation-create", made.outside))
        ((_, _, told),) = made.taken()
        assert told["Status"] == "SUCCESS", told
        for at in range(rounds + 2):
            logs.upload(f"cold-{at}")

        def parse(at):
            environment = lambda_environment("parse", made.variables)
            called, answered, answer = api.until_answered([programs / "parse"], environment, logs.job(f"cold-{at}"))
            assert answer == right, answer
            return called, answered

        before = statements(port)
        parse(rounds + 1)
        ran = statements(port) - before
        mariadb(port, "CREATE DATABASE cold_start; CREATE TABLE cold_start.t (id CHAR(36) PRIMARY KEY, n INT)")
        event = same_calls(made, port, ran)

        def same(_):
            environment = lambda_environment("same", {**made.variables})
            called, answered, answer = api.until_answered([programs / "cold-same-calls"], environment, event)
            assert answer == right, answer
            return called, answered

        return in_rounds(rounds, {"same calls": same, "parse": parse}), ran


def same_calls(made, port, ran):
    kms, variables = made.client("kms"), made.variables
    wrapped = kms.generate_data_key(KeyId=variables["LOGBOOK_KMS_KEY_ID"], KeySpec="AES_256")["CiphertextBlob"]
    listed = made.client("s3").list_objects_v2(Bucket=variables["LOGBOOK_ARCHIVE_BUCKET"], Prefix="archive/editor/")
    return {
        "bucket": variables["LOGBOOK_ARCHIVE_BUCKET"], "key": listed["Contents"][0]["Key"],
        "hash_secret": variables["LOGBOOK_HASH_SECRET_ARN"],
        "database_secret": variables["LOGBOOK_DATABASE_SECRET_ARN"],
        "wrapped": list(wrapped), "database_port": port, "statements": ran}


def row(name, values, against):
    median, least = statistics.median(values), min(values)
    return f"| {name} | {median:.1f} | {least:.1f} | {median / against:.2f} |"


def main():
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--programs", type=pathlib.Path, default=ROOT / "target/release")
    given.add_argument("--rounds", type=int, default=30)
    given = given.parse_args()
    api, programs = RuntimeApi(), given.programs.resolve()

    calls = first_calls(api, programs, given.rounds)
    minimal, node = (statistics.median(calls[name]) for name in ("minimal", "Node 20 + AWS SDK"))
    print(f"exec to the first call of the Runtime API, ms, of {given.rounds}\n")
    print("| program | median | least | times the minimal |\n|---|---|---|---|")
    for name, values in calls.items():
        print(row(name, values, minimal))
    slowest = max(statistics.median(calls[name]) for name in golden.OF_FUNCTION)
    print(f"\nslowest function: {slowest / minimal:.2f} times the minimal; Node takes {node / slowest:.0f} times as long")

    answers, ran = first_answers(api, programs, given.rounds)
    same = statistics.median(answered for _, answered in answers["same calls"])
    print(f"\nexec to the first right answer, ms, of {given.rounds}; {ran} statements of SQL\n")
    print("| program | median | least | times the minimal |\n|---|---|---|---|")
    for name, values in answers.items():
        print(row(name, [answered for _, answered in values], same))


if __name__ == "__main__":
    main()
