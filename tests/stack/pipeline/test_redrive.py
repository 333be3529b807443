"""What died in one of the three queues comes back by the program, once its cause is mended."""

import json

import pytest

from bulk import drain, given, large
from doors import Upload, until

LOG = b'{"name":"redrive.line","time":"2026-01-01T00:00:00Z"}\n'
PILE = 23


@pytest.fixture
def dead(stack):
    """A log that died in each of the three queues, as logs die there."""
    sqs = stack.aws.client("sqs")
    stack.forget_failures()
    stack.set_visibility(1)
    try:
        # Of one the archive does not have the object yet; it is given back five times.
        job = json.dumps({"product": "probe", "log_id": "redrive-parse"})
        sqs.send_message(QueueUrl=stack.outputs["ParseQueueUrl"], MessageBody=job)
        die_in_intake(stack)
        die_in_bulk(stack, sqs)
        until(lambda: stack.depth("ParseDeadLettersUrl") == 1, "a dead letter of the parse queue", 60)
    finally:
        stack.set_visibility(1800)
    # As many more as make several batches.
    for first in range(0, PILE, 10):
        entries = [{"Id": str(n), "MessageBody": job} for n in range(first, min(first + 10, PILE))]
        sqs.send_message_batch(QueueUrl=stack.outputs["ParseDeadLettersUrl"], Entries=entries)
    # What nobody can take in.
    sqs.send_message(QueueUrl=stack.outputs["IntakeFailuresUrl"], MessageBody="no record")
    yield
    stack.forget_failures()


def die_in_intake(stack):
    with stack.environment("intake", LOGBOOK_KILL_AT="intake.before_archive"):
        stack.uploads("probe").send(Upload("redrive-intake", LOG.replace(b"redrive", b"intake"), "inbox"))
        until(lambda: stack.depth("IntakeFailuresUrl") == 1, "an event that failed", 60)


def die_in_bulk(stack, sqs):
    """Five drains received it and did not give it on."""
    assert stack.uploads("probe").send(large("redrive-bulk")).status == 201
    until(lambda: stack.depth("BulkQueueUrl") == 1, "a large log waits", 20)

    def received():
        sqs.receive_message(QueueUrl=stack.outputs["BulkQueueUrl"], VisibilityTimeout=0)
        return stack.depth("BulkDeadLettersUrl") == 1

    until(received, "a dead letter of the bulk queue", 20, 0.1)


def test_what_died_in_each_of_the_three_queues_comes_back(stack, operator, dead):
    findings, code = operator.findings()
    found = [one["found"] for name in ("dead letters", "failed intakes") for one in findings[name]]
    assert code == 2
    assert found == [f"{PILE + 1} of the parse queue", "1 of the bulk queue", "2 events that intake failed at"]
    listed = operator.good("redrive", "--list").splitlines()
    assert len(listed) == PILE + 4
    for said in ("parse queue", "redrive-parse", "bulk queue", "redrive-bulk", "intake", "no record"):
        assert any(said in line for line in listed), said
    assert len(operator.good("redrive", "--list", "--max", "1").splitlines()) == 3

    # The cause is mended: what the job speaks of is there. No event tells of it.
    sent = stack.quietly(stack.archive, lambda: stack.uploads("probe").send(Upload("redrive-parse", LOG)))
    assert sent.status == 201
    ran = operator.run("redrive")
    assert ran.stdout == (f"parse queue: {PILE + 1} dead letters are back\nbulk queue: 1 dead letters are back\n"
                          "intake: 1 events were taken in, 1 failed again and stay\n"), ran.stderr
    assert ran.returncode == 2 and "no record of Lambda's" in ran.stderr

    uploads, one = stack.uploads("probe"), stack.database.one
    receipt = lambda: uploads.receipt("redrive-parse") or {}
    until(lambda: receipt().get("state") == "parsed", receipt)
    until(lambda: stack.depth("ParseQueueUrl") == 0, "an empty queue", 30)
    assert one("SELECT COUNT(*) FROM logbook_sessions.log WHERE log_id = 'redrive-parse'") == 1
    taken = "SELECT COUNT(*) FROM logbook_sessions.part_feature WHERE product = 'probe' AND name = 'intake.line'"
    until(lambda: one(taken) == 1, "the inbox object is parsed")
    assert stack.depth("ParseDeadLettersUrl") == 0 and stack.depth("IntakeFailuresUrl") == 1
    before = set(given(stack))
    drain(stack)
    assert [logs for run, logs in given(stack).items() if run not in before] == [{("probe", "redrive-bulk")}]
