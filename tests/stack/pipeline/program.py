"""The program `logbook`, working on the stack as an operator does."""

import json
import os
import subprocess

import emulator
from embedded import program


class Program:
    """The program, in a folder of its own and with somebody's credentials."""

    def __init__(self, stack, folder, credentials):
        self.stack, self.folder = stack, folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LOGBOOK_"))}
        self.environment = {
            **kept, "AWS_ENDPOINT_URL": stack.aws.url, "SSL_CERT_FILE": str(stack.aws.bundle),
            "AWS_REGION": emulator.REGION, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"]}

    def run(self, *arguments, stack=None):
        """Runs it on the stack, and gives how it ended."""
        command = [program("logbook"), *arguments, "--stack", stack or self.stack.aws.stack]
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)

    def good(self, *arguments):
        """What it prints; it must succeed."""
        ran = self.run(*arguments)
        assert ran.returncode == 0, (arguments, ran.stdout, ran.stderr)
        return ran.stdout

    def json(self, *arguments):
        """The JSON that it prints; it must succeed."""
        return json.loads(self.good(*arguments, "--json"))

    def findings(self):
        """What `doctor` finds, by what it looks at, and its exit code."""
        ran = self.run("doctor", "--json")
        findings = {}
        for finding in json.loads(ran.stdout):
            findings.setdefault(finding["check"], []).append(finding)
        return findings, ran.returncode

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return name


class Operator(Program):
    """The program in the role that may do what docs/stack.md lists, and nothing else."""

    def __init__(self, stack, folder):
        self.statements = rights(stack)
        stack.grant("operator", self.statements)
        super().__init__(stack, folder, stack.credentials(stack.parameters["BreakGlassRoleArn"]))


def rights(stack):
    """The rights of docs/stack.md as statements of a policy."""
    outputs, here = stack.outputs, f"{emulator.REGION}:{emulator.ACCOUNT}"
    archive, inbox = f"arn:aws:s3:::{stack.archive}", f"arn:aws:s3:::{stack.inbox}"
    queues = [f"arn:aws:sqs:{here}:logbook-{name}" for name in ("parse", "bulk")]
    dead = [f"arn:aws:sqs:{here}:logbook-{name}" for name in ("parse-dead", "bulk-dead", "intake-failed")]
    key_of_api = f"arn:aws:apigateway:{emulator.REGION}::/apikeys/{outputs['UploadApiKeyId']}"
    over_s3 = {"StringEquals": {"kms:ViaService": f"s3.{emulator.REGION}.amazonaws.com"}}
    table = (
        (["cloudformation:DescribeStacks"], [f"arn:aws:cloudformation:{here}:stack/{stack.aws.stack}/*"]),
        (["s3:GetObject", "s3:PutObject"], [f"{archive}/config/*"]),
        (["s3:PutObject"], [f"{archive}/state/analyze/*"]),
        (["kms:Decrypt", "kms:GenerateDataKey"], [outputs["KeyArn"]], over_s3),
        (["s3:ListBucket"], [archive, inbox]),
        (["sqs:GetQueueAttributes"], [*queues, *dead]),
        (["cloudwatch:DescribeAlarms"], ["*"]),
        (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"], dead),
        (["sqs:SendMessage"], queues),
        (["lambda:InvokeFunction"], [outputs["IntakeFunctionArn"]]),
        (["apigateway:GET"], [key_of_api]),
        (["s3:GetObject"], [f"{archive}/archive/*"]),
        (["kms:Decrypt"], [outputs["KeyArn"]]),
    )
    return [{"Effect": "Allow", "Action": actions, "Resource": resources,
             **({"Condition": condition[0]} if condition else {})} for actions, resources, *condition in table]
