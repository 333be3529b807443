"""What the functions work on, as `events/env.json` names it: buckets, a key, secrets, a queue, a
database, a product, and a listener in the place of Slack and CloudFormation.

It is made on the emulator and the database server that `tests/emulator/run` and
`tests/databases/run` name in the environment.
"""

import contextlib
import hashlib
import http.server
import json
import os
import subprocess
import threading
import urllib.parse
import urllib.request

import boto3

import golden


class Outside:
    """Takes whatever it is sent, as Slack and CloudFormation's bucket would; GET gives it out."""

    def __init__(self, host, port):
        held = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                held.append((self.command, self.path, json.loads(body)))
                self.answer(b"")

            do_PUT = do_POST

            def do_GET(self):
                self.answer(json.dumps(held).encode())
                held.clear()

            def answer(self, content):
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        self.address = f"localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Surroundings:
    """What there is, and how functions find it."""

    def __init__(self, variables, outside):
        self.variables = variables
        self.outside = outside

    def taken(self):
        """What was sent to the outside since it was last asked: method, path, body of each."""
        with urllib.request.urlopen(f"http://{self.outside}/", timeout=10) as answer:
            return json.loads(answer.read())

    def client(self, service):
        return boto3.client(service)

    def drop_into_inbox(self, body=b'{"name":"draw.line"}\n{"name":"quit"}\n'):
        """The object that the golden event of the inbox tells of."""
        self.client("s3").put_object(
            Bucket=self.variables["LOGBOOK_INBOX_BUCKET"], Key=golden.INBOX_KEY, Body=body)

    def bulk_runs(self):
        """The runs of the bulk job."""
        return self.client("glue").get_job_runs(JobName=self.variables["LOGBOOK_GLUE_JOB_NAME"])["JobRuns"]

    def queued(self):
        """The jobs that wait in the parse queue."""
        got = self.client("sqs").receive_message(
            QueueUrl=self.variables["LOGBOOK_PARSE_QUEUE_URL"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        return [json.loads(message["Body"]) for message in got.get("Messages", [])]


def products():
    """The registry: one product, to which the golden events' key belongs."""
    digest = hashlib.sha256(golden.KEY.encode()).hexdigest()
    return f'[[product]]\nid = "{golden.PRODUCT}"\nmin_users = 1\nkeys = ["sha256:{digest}"]\n'


def make_services(variables, outside):
    s3, kms, sqs = boto3.client("s3"), boto3.client("kms"), boto3.client("sqs")
    for name in ("LOGBOOK_ARCHIVE_BUCKET", "LOGBOOK_INBOX_BUCKET"):
        s3.create_bucket(Bucket=variables[name])
    s3.put_object(
        Bucket=variables["LOGBOOK_ARCHIVE_BUCKET"], Key="config/products.toml", Body=products().encode())
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=variables["LOGBOOK_KMS_KEY_ID"], TargetKeyId=key)
    for name in ("LOGBOOK_PARSE_QUEUE_URL", "LOGBOOK_BULK_QUEUE_URL"):
        sqs.create_queue(QueueName=variables[name].rsplit("/", 1)[1])
    boto3.client("glue").create_job(
        Name=variables["LOGBOOK_GLUE_JOB_NAME"], Role="arn:aws:iam::000000000000:role/bulk",
        Command={"Name": "glueetl", "ScriptLocation": "s3://scripts/bulk.py"})
    secrets = boto3.client("secretsmanager")
    random = secrets.get_random_password(PasswordLength=48)["RandomPassword"]
    for variable, text in {
        "LOGBOOK_HASH_SECRET_ARN": random,
        "LOGBOOK_DATABASE_SECRET_ARN": json.dumps({"username": "logbook", "password": "golden"}),
        "LOGBOOK_SLACK_WEBHOOK_SECRET_ARN": f"http://{outside}/slack",
    }.items():
        secrets.create_secret(Name=variables[variable], SecretString=text)


def make_user(port):
    """The user of the database that the secret names."""
    subprocess.run(
        ["mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={port}", "--user=root",
         "--execute=CREATE USER 'logbook'@'%' IDENTIFIED BY 'golden'; GRANT ALL ON *.* TO 'logbook'@'%'"],
        check=True)


@contextlib.contextmanager
def provided(outside=("127.0.0.1", 0)):
    """Everything, for as long as the block takes; `outside` is where that listener listens."""
    endpoint = urllib.parse.urlsplit(os.environ["LOGBOOK_TEST_AWS_ENDPOINT"])
    port = urllib.parse.urlsplit(os.environ["LOGBOOK_TEST_MYSQL_URL"]).port
    variables = golden.variables(f"localhost:{endpoint.port}", port)
    listener = Outside(*outside)
    try:
        make_services(variables, listener.address)
        make_user(port)
        yield Surroundings(variables, listener.address)
    finally:
        listener.close()
