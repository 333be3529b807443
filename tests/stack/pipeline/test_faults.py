"""What goes wrong, and that nothing is lost or doubled by it."""

import json
import time

import pytest

from doors import Upload, until
from surroundings import ROOT

LOG = b'{"name":"draw.line","time":"2026-01-01T00:00:00Z"}\n{"name":"quit","time":"2026-01-01T00:00:01Z"}\n'


@pytest.fixture(autouse=True)
def soon(stack):
    """What a dead process held comes back after seconds, not after half an hour; and not five times
    before the cause is mended, or it is a dead letter."""
    stack.set_visibility(8)
    yield
    stack.set_visibility(1800)


@pytest.fixture(scope="module", autouse=True)
def untold(stack):
    """A log in the archive of which no event tells. A sweep leaves it alone for the first minute, in
    which the other tests run."""
    sent = stack.quietly(stack.archive, lambda: stack.uploads("probe").send(Upload("faults-untold", LOG + b"{}")))
    assert sent.status == 201
    return time.monotonic()


def state(stack, log_id):
    return (stack.uploads("probe").receipt(log_id) or {}).get("state")


def rows(stack, log_id):
    return stack.database.one("SELECT COUNT(*) FROM logbook_sessions.log WHERE log_id = %s", log_id)


def archived(stack, product="probe"):
    listed = stack.s3.list_objects_v2(Bucket=stack.archive, Prefix=f"archive/{product}/")
    return {found["Key"].rsplit("/", 1)[-1] for found in listed.get("Contents", [])}


def in_inbox(stack):
    return [found["Key"] for found in stack.s3.list_objects_v2(Bucket=stack.inbox, Prefix="inbox/").get("Contents", [])]


def test_a_poison_message_ends_as_a_dead_letter_and_holds_up_nothing(stack):
    sqs, queue = stack.aws.client("sqs"), stack.outputs["ParseQueueUrl"]
    stack.set_visibility(3)
    poison = ["no job at all", json.dumps({"product": "probe", "log_id": "never-archived"})]
    for body in poison:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert stack.uploads("probe").send(Upload("faults-beside", LOG)).status == 201
    until(lambda: state(stack, "faults-beside") == "parsed", "the log beside is parsed")
    dead = []

    def both_dead():
        got = sqs.receive_message(QueueUrl=stack.outputs["ParseDeadLettersUrl"], MaxNumberOfMessages=10)
        dead.extend(message["Body"] for message in got.get("Messages", []))
        return sorted(dead) == sorted(poison)

    until(both_dead, lambda: dead, 90)
    until(lambda: stack.depth("ParseQueueUrl") == 0, "an empty queue", 20)


def test_a_death_between_archiving_and_clearing_the_inbox_doubles_nothing(stack):
    uploads, before, rest = stack.uploads("probe"), archived(stack), in_inbox(stack)
    failed = stack.depth("IntakeFailuresUrl")
    with stack.environment("intake", LOGBOOK_KILL_AT="intake.before_delete"):
        uploads.send(Upload("faults-between", LOG.replace(b"draw", b"between"), "inbox"))
        # The event comes three times, and then goes where failures are seen.
        until(lambda: stack.depth("IntakeFailuresUrl") == failed + 1, "an event that failed", 60)
    new = archived(stack) - before
    assert len(new) == 1 and len(in_inbox(stack)) == len(rest) + 1
    log_id = new.pop()
    # What was archived goes on from its own event all the same.
    until(lambda: state(stack, log_id) == "parsed", "parsed")
    # The object again, as a sweep of the inbox has intake take it in.
    key = next(key for key in in_inbox(stack) if key.endswith("/faults-between"))
    event = json.loads((ROOT / "events/s3-inbox-put.json").read_text())
    event["Records"][0]["s3"]["bucket"]["name"] = stack.inbox
    event["Records"][0]["s3"]["object"]["key"] = key
    assert stack.aws.invoke("intake", event) == (None, None)
    assert len(in_inbox(stack)) == len(rest)
    assert archived(stack) - before == {log_id} and rows(stack, log_id) == 1
    assert stack.database.one("SELECT COUNT(*) FROM logbook_sessions.part WHERE log_id = %s", log_id) == 1


def test_folders_of_a_console_are_no_logs_and_what_lies_in_odd_ones_is_taken(stack):
    before, failed = archived(stack), stack.depth("IntakeFailuresUrl")
    stack.s3.put_object(Bucket=stack.inbox, Key="inbox/probe/", Body=b"")
    odd = "inbox/probe//odd.log"
    stack.s3.put_object(Bucket=stack.inbox, Key=odd, Body=LOG.replace(b"draw", b"odd"))
    until(lambda: len(archived(stack) - before) == 1, "one log", 30)
    until(lambda: odd not in in_inbox(stack), "taken out of the inbox", 20)
    stack.scheduled("intake", "inbox-sweep")
    assert "inbox/probe/" in in_inbox(stack)
    assert stack.depth("IntakeFailuresUrl") == failed
    stack.s3.delete_object(Bucket=stack.inbox, Key="inbox/probe/")


def deaths(stack, function):
    return len(stack.aws.logs(function, "told to die"))


@pytest.mark.parametrize("function, step, route", [
    ("intake", "archive.after_put", "inbox"),
    ("intake", "intake.before_queue", "api"),
    ("intake", "intake.after_queue", "api"),
    ("parse", "parse.before_store", "api"),
    ("parse", "parse.after_store", "api"),
])
def test_a_log_survives_the_death_of_its_function_at_any_step(stack, function, step, route):
    dead = deaths(stack, function)
    name = f"faults-{step.replace('.', '-')}"
    body, before = LOG.replace(b"draw", step.encode()), archived(stack)
    with stack.environment(function, LOGBOOK_KILL_AT=step):
        stack.uploads("probe").send(Upload(name, body, route))
        until(lambda: deaths(stack, function) > dead, "a death", 30)
    until(lambda: archived(stack) - before, "in the archive", 30)
    log_id = (archived(stack) - before).pop()
    until(lambda: state(stack, log_id) == "parsed", lambda: state(stack, log_id))
    assert len(archived(stack) - before) == 1 and rows(stack, log_id) == 1
    for key in in_inbox(stack):
        stack.s3.delete_object(Bucket=stack.inbox, Key=key)


def test_a_put_that_was_never_told_of_is_found_by_the_sweep(stack, untold):
    assert state(stack, "faults-untold") == "pending" and rows(stack, "faults-untold") == 0
    # At first it is left to the ordinary way: its event may be under way.
    assert stack.sweep()["queued"] == 0
    # It is to reach its age after that sweep, which looked at what was there a minute before.
    age = max(0, time.monotonic() - untold - 55)
    with stack.environment("sweep", LOGBOOK_SWEEP_AGE_SECS=f"{age:.0f}"):
        until(lambda: stack.sweep()["queued"], "the log is queued again", 80, 2)
    until(lambda: state(stack, "faults-untold") == "parsed", "parsed")
    assert rows(stack, "faults-untold") == 1
