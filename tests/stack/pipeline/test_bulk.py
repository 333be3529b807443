"""The bulk path: what is too large for parse goes to runs of a Glue job."""

import pytest

from bulk import JOB, drain, given, large
from doors import until

# The emulator ends runs of a Spark job at once; this is a job whose runs take their time.
SLOW = {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://artifacts/slow.py"}}


@pytest.fixture
def slow(stack):
    glue = stack.aws.client("glue")
    held = glue.get_job(JobName=JOB)["Job"]
    stack.s3.put_object(Bucket="artifacts", Key="slow.py", Body=b"import time\ntime.sleep(6)\n")
    glue.update_job(JobName=JOB, JobUpdate={"Role": held["Role"], **SLOW})
    yield glue
    glue.update_job(JobName=JOB, JobUpdate={"Role": held["Role"], "Command": held["Command"]})


def waiting(stack, count):
    until(lambda: stack.depth("BulkQueueUrl") == count, lambda: f"{stack.depth('BulkQueueUrl')} wait", 30)


def test_all_that_waits_is_given_to_one_run_and_what_comes_meanwhile_to_the_next(stack, slow):
    before, uploads = set(given(stack)), stack.uploads("probe")
    for name in ("bulk-1", "bulk-2"):
        assert uploads.send(large(name)).status == 201
    waiting(stack, 2)
    drain(stack)
    (first,) = set(given(stack)) - before
    assert given(stack)[first] == {("probe", "bulk-1"), ("probe", "bulk-2")}
    assert stack.depth("BulkQueueUrl") == 0

    assert uploads.send(large("bulk-3")).status == 201
    waiting(stack, 1)
    state = lambda: slow.get_job_run(JobName=JOB, RunId=first)["JobRun"]["JobRunState"]
    assert state() == "RUNNING"
    drain(stack)
    assert set(given(stack)) == before | {first}
    # It was not even received: waiting brings nothing nearer to the dead letters.
    (message,) = stack.aws.client("sqs").receive_message(
        QueueUrl=stack.outputs["BulkQueueUrl"], VisibilityTimeout=0, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    until(lambda: state() == "SUCCEEDED", state, 20)
    drain(stack)
    (second,) = set(given(stack)) - before - {first}
    assert given(stack)[second] == {("probe", "bulk-3")}
    assert stack.depth("BulkQueueUrl") == 0
