"""The bulk path of the stack: logs that take it, and what runs of its job were given."""

import base64
import json
import random

from doors import Upload

JOB = "logbook-bulk"


def large(log_id):
    """A log that is large even when it is compressed."""
    noise = base64.b64encode(random.Random(log_id).randbytes(1_500_000))
    lines = (b'{"name":"%s","time":"2026-01-01T00:00:00Z"}\n' % noise[at:at + 900] for at in range(0, len(noise), 900))
    return Upload(log_id, b"".join(lines))


def given(stack):
    """The logs that each run was given by its manifest, by the run's id."""
    runs = stack.aws.client("glue").get_job_runs(JobName=JOB)["JobRuns"]
    return {run["Id"]: manifest(stack, run["Arguments"]["--manifest"]) for run in runs}


def manifest(stack, key):
    assert key.startswith("state/bulk/")
    lines = stack.s3.get_object(Bucket=stack.archive, Key=key)["Body"].read().splitlines()
    return {(entry["product"], entry["log_id"]) for entry in map(json.loads, lines)}


def drain(stack):
    """Invokes intake as the schedule of the bulk path does."""
    stack.scheduled("intake", "bulk-drain")
