"""The deployed stack with what is around it, and the programs that are deployed."""

import concurrent.futures
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import zipfile

import emulator
from doors import Door, Uploads, until
from surroundings import AUDIENCE, ROOT, Database, Issuer, Slack

# SHA-256 of a key is all that the registry holds.
PRODUCT = """[[product]]
id = "{id}"
profile = "{profile}"
consent = "{consent}"
min_users = {min_users}
session_timeout_secs = {session_timeout_secs}
accounts_readable = {readable}
keys = ["sha256:{hash}"]
"""


def programs(folder):
    """The functions' programs, stripped and packed: those of the dev profile, or of the folder that
    LOGBOOK_PROGRAMS names."""
    built = pathlib.Path(os.environ.get("LOGBOOK_PROGRAMS", ROOT / "target/debug"))
    folder.mkdir()

    def one(name):
        subprocess.run(["strip", "-o", folder / name, built / name], check=True)
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as packed:
            packed.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED, 1)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, emulator.BINARIES))
    return folder


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


class Stack:
    """The stack on an emulator."""

    def __init__(self, aws, folder):
        self.aws = aws
        self.database = Database(folder / "database")
        certificates = folder / "emulator/tmp/ministack-tls"
        self.issuer = Issuer((certificates / "server.crt", certificates / "server.key"))
        self.slack = Slack()
        self.programs = programs(folder / "programs")
        signed_in = json.dumps({"username": Database.user, "password": Database.password})
        self.parameters = {
            "DatabasePort": str(self.database.port),
            "DatabaseSecretArn": self._secret("database", signed_in),
            "SlackWebhookSecretArn": self._secret("slack", self.slack.url),
            "JwtIssuer": self.issuer.url,
            "JwtAudience": AUDIENCE,
            "TicketTtlSecs": "60",
            "GlueScript": "s3://artifacts/bulk.py",
            "BulkBytes": str(1 << 20),
            "BreakGlassRoleArn": self.make_role("operator"),
        }
        self.outputs = aws.deploy(artifacts=self.programs, parameters=self.parameters)
        self.archive, self.inbox = self.outputs["ArchiveBucket"], self.outputs["InboxBucket"]
        self.s3 = aws.client("s3")
        self._let_failures_be_seen()
        self.keys = {}
        self._registry = []
        self.upload_url, self.query_url = self.outputs["UploadUrl"], self.outputs["QueryUrl"]
        key_id = self.outputs["UploadApiKeyId"]
        self.api_key = aws.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"]

    def _secret(self, name, text):
        return self.aws.client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"]

    def deploy_beside(self, name, **parameters):
        """Deploys another stack of the same template to the same emulator."""
        try:
            return self.aws.deploy(artifacts=self.programs, stack=name, parameters={**self.parameters, **parameters})
        finally:
            self.aws.stack = "logbook"

    # ---- roles

    def role_arn(self, logical_id):
        name = self.aws.resources()[logical_id].split("/")[-1]
        return f"arn:aws:iam::{emulator.ACCOUNT}:role/{name}"

    def make_role(self, name):
        """Makes a role that may be taken, and gives its ARN."""
        account = {"AWS": f"arn:aws:iam::{emulator.ACCOUNT}:root"}
        taken = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": account}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [taken]})
        return self.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]

    def grant(self, role, statements):
        """Lets a role do what statements allow, as the emulator asks for it: by batches as well, and
        by a call of a function's alias it sees the function."""

        def asked(one):
            batches = [f"{action}Batch" for action in one["Action"] if action in emulator.BATCHED]
            functions = [arn.removesuffix(":live") for arn in one["Resource"]]
            return {**one, "Action": one["Action"] + batches, "Resource": one["Resource"] + functions}

        policy = json.dumps({"Version": "2012-10-17", "Statement": [asked(one) for one in statements]})
        self.aws.client("iam").put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=policy)

    def credentials(self, role_arn):
        return self.aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]

    # ---- faults

    def quietly(self, bucket, act):
        """Does something in a bucket that the bucket tells nobody of, as an event that is lost."""
        held = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        held.pop("ResponseMetadata")
        self.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        try:
            return act()
        finally:
            self.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=held)

    def close(self):
        self.issuer.listener.close()
        self.slack.listener.close()
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.database.stop()

    def _let_failures_be_seen(self):
        """The emulator looks at the function for what becomes of events that fail, not at its alias."""
        functions, name = self.aws.client("lambda"), f"{self.aws.stack}-intake"
        held = functions.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
        functions.put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=held["MaximumRetryAttempts"],
            DestinationConfig={"OnFailure": held["DestinationConfig"]["OnFailure"]})

    # ---- products

    def register(self, product):
        """Registers a product, as described by the demo's product.json."""
        self.keys[product["id"]] = key = f"lbk_{product['id']}_{secrets.token_urlsafe(24)}"
        described = {"session_timeout_secs": 1800, "readable": "false", **product}
        described["readable"] = str(product.get("accounts_readable", False)).lower()
        hash = hashlib.sha256(key.encode()).hexdigest()
        self._registry.append(PRODUCT.format(**described, hash=hash))
        self.s3.put_object(Bucket=self.archive, Key="config/products.toml",
                           Body="\n".join(self._registry).encode())

    # ---- doors

    def uploads(self, product):
        def put_into_inbox(name, body, metadata):
            self.s3.put_object(Bucket=self.inbox, Key=f"inbox/{product}/files/{name}", Body=body, Metadata=metadata)

        headers = {"x-api-key": self.api_key, "x-logbook-key": self.keys.get(product)}
        return Uploads(self.upload_url, headers, str(self.aws.bundle), put_into_inbox)

    def query(self, scope="logbook/admin", products="*", **claims):
        return self.bearing(self.issuer.token(scope, products, **claims))

    def bearing(self, token):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return Door(self.query_url, headers, str(self.aws.bundle))

    # ---- functions

    def scheduled(self, function, task, at=None):
        """Invokes a function as its schedule would, and gives its answer."""
        event = json.loads((ROOT / "events/schedule-analyze.json").read_text())
        event["time"] = (at or utc_now()).strftime("%Y-%m-%dT%H:%M:%SZ")
        event["detail"] = {"task": task}
        answer, error = self.aws.invoke(function, event)
        assert error is None, (function, error, answer)
        return answer

    def analyze(self):
        """Brings all reports up to date, with nothing left out for being young."""
        ahead = utc_now() + datetime.timedelta(minutes=10)

        def done():
            answer = self.scheduled("analyze", "analyze", ahead)
            left = sum(product["days_left"] for product in answer["products"].values())
            return not left and not answer["busy"] and not answer["waiting"]

        until(done, "analyze does not come to an end")

    def sweep(self):
        return self.scheduled("sweep", "sweep")

    def processes(self, function):
        """Ids of the processes that run a function now."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self._is_child(folder) and f"AWS_LAMBDA_FUNCTION_NAME={self.aws.stack}-{function}" in \
                        (folder / "environ").read_bytes().decode().split("\0"):
                    found.append(int(folder.name))
        return found

    def _is_child(self, folder):
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return int(fields[1]) == self.aws.process.pid and fields[0] != "Z"

    def kill(self, function):
        """Kills a process of a function, as if its machine went; gives how many there were."""
        found = self.processes(function)
        for process in found[:1]:
            os.kill(process, signal.SIGKILL)
        return len(found)

    @contextlib.contextmanager
    def parsing_held(self):
        """Nothing of the queue is given to parse, for as long as the block takes."""
        functions = self.aws.client("lambda")
        mappings = functions.list_event_source_mappings()["EventSourceMappings"]
        mapping, = (one for one in mappings if one["EventSourceArn"].endswith(f":{self.aws.stack}-parse"))
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextlib.contextmanager
    def environment(self, function, **variables):
        """Runs a function with further variables, for as long as the block takes."""
        functions, name = self.aws.client("lambda"), f"{self.aws.stack}-{function}"
        held = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        version = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]

        def set_to(values, version):
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": values})
            functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

        set_to({**held, **variables}, "$LATEST")
        try:
            yield
        finally:
            set_to(held, version)

    # ---- queues

    def depth(self, output):
        got = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.outputs[output], AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
        return sum(int(got["Attributes"].get(name, 0)) for name in names)

    def condition(self, lines=12):
        """What waits where, and each function's last lines, for whoever looks for a failure's cause."""
        said = []
        for output in ("ParseQueueUrl", "ParseDeadLettersUrl", "BulkQueueUrl", "BulkDeadLettersUrl", "IntakeFailuresUrl"):
            said.append(f"{output}: {self.depth(output)}")
        for function in ("upload", "intake", "parse", "sweep", "analyze"):
            said += [f"-- {function}", *(line.strip()[:600] for line in self.aws.logs(function)[-lines:])]
        said += ["-- the emulator", *self.aws.log_path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(said)

    def forget_failures(self):
        """Empties the queues of what died."""
        for queue in ("ParseDeadLettersUrl", "BulkDeadLettersUrl", "IntakeFailuresUrl"):
            self.aws.client("sqs").purge_queue(QueueUrl=self.outputs[queue])

    def set_visibility(self, seconds):
        """How soon what a process held comes back: half an hour in the template."""
        self.aws.client("sqs").set_queue_attributes(
            QueueUrl=self.outputs["ParseQueueUrl"], Attributes={"VisibilityTimeout": str(seconds)})
