"""Deploys the stack to an emulator of AWS on this machine, and takes it down again.

    with started() as aws:
        outputs = aws.deploy(parameters={...}, artifacts="target/lambda")
        aws.client("s3").list_buckets()
        aws.logs("parse")

or, as a program: `python emulator.py --artifacts DIR [--keep]`.

The emulator is ministack: a real `sam deploy`, functions as native processes, policies enforced
(AUTH=true), TLS (USE_SSL=1); or without both, `started(open=True)`, which its authorizer of tokens
needs to ask its own user pools for keys. Where it differs from AWS is in `adapted` below and in docs/deploy.md.
"""

import argparse
import contextlib
import copy
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import boto3
import botocore.config
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION = "us-east-1"
ACCOUNT = "000000000000"
BINARIES = ("upload", "intake", "parse", "analyze", "query", "sweep", "migrate", "notify")

# What AWS covers by the permission for one message, and the emulator does not.
BATCHED = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")

# The smallest deployment that the emulator can hold: no VPC, and a database of the caller's.
PARAMETERS = {
    "Network": "none",
    "Canary": "false",  # CodeDeploy is not emulated
    "DatabaseHost": "127.0.0.1",
    "DatabaseTls": "off",
    "SlackWebhookSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:none",
    "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:none",
}


def adapted(template, parameters, artifacts, url):
    """The template as it is deployed here; what differs from AWS is this, and no more.

    - The emulator transforms SAM without the parameters' values: they become the defaults.
    - Programs are prebuilt: CodeUri names their folders, or NAME.zip where they are packed.
    - The encryption context of a call is no condition to the emulator, and would deny: that
      condition is left out. What S3 may do with the key stays conditional, and is granted to none.
    - It reads media types as they stand, without `~1` for the slash.
    - It keeps a number that comes by a parameter as text, which its poller of queues cannot compare,
      and clients of Glue cannot read.
    - It takes a role's session for the principal, where AWS takes the role: both are named.
    - It asks for a permission of its own for batches of messages, which AWS covers by that for one.
    - Both APIs and the sign-in page answer below its own address, which the outputs name.
    - The bulk path is there without a network, which it needs for the workers of its job alone; the
      job's settings of encryption are nothing that the emulator knows.
    """
    template = copy.deepcopy(template)
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    template["Globals"]["Function"].pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            metadata = resource.pop("Metadata")
            binary = metadata["BuildProperties"]["Binary"]
            packed = pathlib.Path(artifacts, f"{binary}.zip")
            code = packed if packed.exists() else packed.with_suffix("")
            resource["Properties"]["CodeUri"] = str(code.resolve())
    for node in _objects(template["Resources"]):
        condition = node.get("Condition", "")
        if "kms:EncryptionContextKeys" in json.dumps(condition, default=str):
            del node["Condition"]
        if isinstance(condition, dict) and "ArnNotLike" in condition:
            named = condition["ArnNotLike"]["aws:PrincipalArn"]
            glass = parameters.get("BreakGlassRoleArn", "").rpartition("/")[2]
            condition["ArnNotLike"]["aws:PrincipalArn"] = named + [_sessions(one, glass) for one in named]
        if "BinaryMediaTypes" in node:
            node["BinaryMediaTypes"] = [kind.replace("~1", "/") for kind in node["BinaryMediaTypes"]]
        if "ScalingConfig" in node:
            concurrency = template["Parameters"]["ParseConcurrency"]["Default"]
            node["ScalingConfig"] = {"MaximumConcurrency": int(concurrency)}
        if isinstance(node.get("Action"), list):
            node["Action"] += [f"{action}Batch" for action in node["Action"] if action in BATCHED]
    for api, path in (("Upload", "/in"), ("Query", "")):
        template["Outputs"][f"{api}Url"]["Value"] = {"Fn::Sub": f"{url}/_aws/execute-api/${{{api}Api}}{path}"}
    template["Outputs"]["LoginUrl"]["Value"] = url
    _put_bulk_beside_no_network(template)
    return template


def _put_bulk_beside_no_network(template):
    del template["Rules"]["CostlyPartsNeedOurNetwork"]
    for name in ("BulkConnection", "BulkGroup", "BulkGroupIn", "BulkGroupOut", "BulkSecurity"):
        del template["Resources"][name]
    job = template["Resources"]["BulkJob"]["Properties"]
    for name in ("Connections", "SecurityConfiguration"):
        del job[name]
    job["NumberOfWorkers"] = int(template["Parameters"]["GlueWorkers"]["Default"])


def _objects(node):
    """All objects of a template, outer ones first."""
    if isinstance(node, dict):
        yield node
    for inner in list(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()):
        yield from _objects(inner)


def _sessions(node, glass):
    """The sessions of the roles whose ARNs are asked for, that may break the glass among them."""
    if isinstance(node, dict) and ("Fn::GetAtt" in node or node.get("Ref") == "BreakGlassRoleArn"):
        role = f"${{{node['Fn::GetAtt'][0]}}}" if "Fn::GetAtt" in node else glass
        return {"Fn::Sub": f"arn:${{AWS::Partition}}:sts::${{AWS::AccountId}}:assumed-role/{role}/*"}
    if isinstance(node, dict):
        return {key: _sessions(value, glass) for key, value in node.items()}
    return [_sessions(value, glass) for value in node] if isinstance(node, list) else node


def placeholders(folder):
    """Makes programs that answer and do nothing, one a function; gives the folder."""
    folder = pathlib.Path(folder)
    program = folder / "placeholder"
    source = pathlib.Path(__file__).with_name("placeholder.c")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-o", program, source], check=True)
    for binary in BINARIES:
        (folder / binary).mkdir(exist_ok=True)
        shutil.copy2(program, folder / binary / "bootstrap")
    return folder


def tool(name):
    """A program of .tools (beside this Python, or in an environment of its own), or of the path."""
    places = [pathlib.Path(sys.executable).parent, *ROOT.glob(".tools/*/bin")]
    found = shutil.which(name, path=os.pathsep.join(map(str, places))) or shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is not installed; make setup installs it")
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Emulator:
    """One emulator, with folders and a port of its own."""

    def __init__(self, folder, environment=None, open=False):
        self.folder = pathlib.Path(folder)
        self.port, self.open = free_port(), open
        self.url = f"{'http' if open else 'https'}://localhost:{self.port}"
        for name in ("tmp", "state", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.environment = {
            # Of the surroundings neither credentials nor certificates: functions trust the emulator's own.
            **{k: v for k, v in os.environ.items()
               if not k.startswith(("AWS_", "SSL_CERT", "CURL_CA", "REQUESTS_CA", "NODE_EXTRA_CA"))},
            "AUTH": "false" if open else "true",
            "USE_SSL": "0" if open else "1",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            # An event whose function failed comes again after so long, and after twice that: a minute on
            # AWS. In between a test has the time to mend the cause.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "3",
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self.folder / "tmp"),
            "STATE_DIR": str(self.folder / "state"),
            # Functions inherit this: the emulator's certificate is all that they trust.
            **({} if open else {"SSL_CERT_FILE": str(self.folder / "tmp/ministack-tls/server.crt")}),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            **(environment or {}),
        }
        self.log_path = self.folder / "emulator.log"
        self.process = None
        self.bundle = None
        self.stack = None
        self._clients = {}

    def start(self, seconds=60):
        log = self.log_path.open("wb")
        self.process = subprocess.Popen(
            [tool("ministack")], env=self.environment, stdout=log, stderr=log,
            cwd=self.folder, start_new_session=True,
        )
        log.close()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            certificates = list((self.folder / "tmp").glob("ministack-tls/*.crt")) + list(
                (self.folder / "tmp").glob("ministack-tls/*.pem"))
            certificates = [path for path in certificates if "key" not in path.name and "bundle" not in path.name]
            if certificates or self.open:
                self.bundle = certificates[0] if certificates else None
                with contextlib.suppress(Exception):
                    self.client("s3").list_buckets()
                    return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("the emulator did not start:\n" + self.log_path.read_text()[-4000:])

    def stop(self):
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(15)
        self.process = None

    def client(self, service, key="test", secret="test", token=None):
        """A client of a service, as root or as whoever the credentials are; made once, which takes longer
        than a call."""
        known = (service, key, token, self.bundle)
        if known not in self._clients:
            self._clients[known] = boto3.client(
                service, endpoint_url=self.url, region_name=REGION, verify=str(self.bundle) if self.bundle else None,
                aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
                config=botocore.config.Config(
                    retries={"max_attempts": 2}, s3={"addressing_style": "path"}, max_pool_connections=32),
            )
        return self._clients[known]

    def as_role(self, service, role_arn):
        """A client that acts in a function's role: what it may do is what the template says."""
        taken = self.client("iam").get_role(RoleName=role_arn.split("/")[-1])["Role"]
        trust = taken["AssumeRolePolicyDocument"]
        trust["Statement"].append({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"})
        self.client("iam").update_assume_role_policy(RoleName=taken["RoleName"], PolicyDocument=json.dumps(trust))
        got = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return self.client(service, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])

    def deploy(self, template=TEMPLATE, parameters=None, artifacts=None, stack="logbook"):
        """`sam deploy`; gives the stack's outputs."""
        if artifacts is None:
            folder = self.folder / "placeholders"
            folder.mkdir(exist_ok=True)
            artifacts = placeholders(folder)
        values = {**PARAMETERS, **(parameters or {})}
        text = adapted(yaml_parse(pathlib.Path(template).read_text()), values, artifacts, self.url)
        path = self.folder / "template.json"
        path.write_text(json.dumps(text, indent=1, default=str))
        settings = self.folder / "samconfig.toml"
        settings.write_text("version = 0.1\n")
        with contextlib.suppress(self.client("s3").exceptions.BucketAlreadyOwnedByYou):
            self.client("s3").create_bucket(Bucket="artifacts")
        done = subprocess.run(
            [tool("sam"), "deploy", "--template-file", path, "--config-file", settings,
             "--stack-name", stack, "--s3-bucket", "artifacts", "--no-confirm-changeset",
             "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-fail-on-empty-changeset"],
            env={**self.environment, **({"AWS_CA_BUNDLE": str(self.bundle)} if self.bundle else {}),
                 "SAM_CLI_TELEMETRY": "0", "HOME": str(self.folder / "home")},
            cwd=self.folder, capture_output=True, text=True, timeout=600,
        )
        (self.folder / "deploy.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise RuntimeError(f"sam deploy failed:\n{self._failures(stack)}\n{done.stderr[-1000:]}")
        self.stack = stack
        return self.outputs()

    def _failures(self, stack):
        with contextlib.suppress(Exception):
            pages = self.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
            events = [event for page in pages for event in page["StackEvents"]]
            failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
            return "\n".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)
        return "there is no stack"

    def outputs(self):
        found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    def resources(self):
        """Physical ids by logical ids."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for page in pages for r in page["StackResourceSummaries"]}

    def invoke(self, function, event):
        """Calls a function's alias `live` and waits: the answer, and the kind of error if it failed."""
        got = self.client("lambda").invoke(
            FunctionName=f"{self.stack}-{function}:live", Payload=json.dumps(event).encode(), LogType="Tail")
        return json.loads(got["Payload"].read() or b"null"), got.get("FunctionError")

    def logs(self, function, pattern=""):
        """The lines that a function wrote, in the order of their times; those that hold a text, if one is given."""
        asked = {"logGroupName": f"/aws/lambda/{self.stack}-{function}"}
        if pattern:
            asked["filterPattern"] = f'"{pattern}"'
        pages = self.client("logs").get_paginator("filter_log_events").paginate(**asked)
        events = [event for page in pages for event in page["events"]]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]


@contextlib.contextmanager
def started(folder=None, environment=None, open=False):
    """An emulator for as long as the block takes; its folder goes with it, unless it is given."""
    own = tempfile.mkdtemp(prefix="logbook-emulator-") if folder is None else None
    emulator = Emulator(own or folder, environment, open)
    try:
        yield emulator.start()
    finally:
        emulator.stop()
        if own:
            shutil.rmtree(own, ignore_errors=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--artifacts", help="folder with NAME/bootstrap for each function; placeholders without")
    arguments.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments.add_argument("--keep", action="store_true", help="stay until Ctrl-C")
    given = arguments.parse_args()
    with started() as emulator:
        before = time.monotonic()
        outputs = emulator.deploy(parameters=dict(p.split("=", 1) for p in given.parameter), artifacts=given.artifacts)
        print(json.dumps({"endpoint": emulator.url, "ca": str(emulator.bundle), **outputs}, indent=2))
        print(f"{len(emulator.resources())} resources in {time.monotonic() - before:.1f} s", file=sys.stderr)
        if given.keep:
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    main()
