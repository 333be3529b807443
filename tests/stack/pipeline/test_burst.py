"""A burst, with functions killed and the database stopped in the middle of it."""

import os
import signal
import threading
import time

import pytest

from conftest import Story
from doors import until
from stack import utc_now

# So many runs of the demo's software give about nine tenths as many logs.
RUNS = int(os.environ.get("LOGBOOK_BURST_RUNS", "350"))
DATABASE_AWAY_SECS = 12


@pytest.fixture(scope="module")
def burst(tmp_path_factory):
    return Story(tmp_path_factory.mktemp("burst"), RUNS)


class Faults:
    """What happens while the logs come in, each once a share of them is sent."""

    def __init__(self, stack, sent, total):
        self.stack, self.sent, self.total, self.killed = stack, sent, total, []
        self.thread = threading.Thread(target=self.run)
        self.failed = None

    def after(self, share):
        until(lambda: len(self.sent) >= share * self.total, "sending goes on", 600, 0.05)

    def run(self):
        try:
            for share, function in ((0.2, "upload"), (0.3, "intake"), (0.4, "parse")):
                self.after(share)
                self.killed.append(until(lambda: self.stack.kill(function), f"a process of {function}", 30, 0.02))
            self.after(0.5)
            self.stack.database.stop(signal.SIGKILL)
            time.sleep(DATABASE_AWAY_SECS)
            self.stack.database.start()
        except BaseException as error:
            self.failed = error


def test_a_burst_with_deaths_and_no_database_loses_and_doubles_nothing(stack, burst):
    stack.set_visibility(20)
    uploads, sent, again = stack.uploads("burst"), [], []
    logs, started = burst.uploads(), time.monotonic()
    faults = Faults(stack, sent, len(logs))
    ordinary = uploads.send

    def send(upload):
        """As a client does: what is not answered, or by a failure, is sent again."""
        for pause in (0.2, 0.5, 1, 2, 5, None):
            answer = ordinary(upload)
            if answer.status < 500 or pause is None:
                sent.append(upload)
                return answer
            again.append(upload)
            time.sleep(pause)

    uploads.send = send
    faults.thread.start()
    answers = uploads.send_all(logs)
    faults.thread.join()
    assert faults.failed is None, faults.failed
    assert len(faults.killed) == 3 and all(faults.killed)
    assert not [answer.status for answer in answers if answer.status >= 500]
    took, ended = time.monotonic() - started, utc_now().strftime("%Y-%m-%dT%H:%M:%S")

    def settled():
        stack.sweep()
        ledger = stack.query().get("/v1/ledger", product="burst")
        days = ledger["days"]
        # The listing that it rests on has seen all that was sent.
        return ledger["as_of"] > ended and all(day["balanced"] and not day["pending"] for day in days) and days

    days = until(settled, lambda: stack.query().get("/v1/ledger", product="burst")["days"], 300, 3)
    stack.set_visibility(1800)
    print(f"{len(logs)} uploads sent in {took:.1f} s, settled in {time.monotonic() - started:.1f} s")
    check(stack, burst, days)
    # Every delivery is accounted for: archived, a duplicate, or noted at the edge. What was sent
    # again may have been taken before, by a function that died over the answer.
    least = deliveries(logs, answers)
    most = least + sum(upload.route == "api" for upload in again)
    assert least <= sum(day["received"] for day in days) <= most


def deliveries(logs, answers):
    """What was taken: each body, and each object of the inbox. The same put there once more, by a
    second ticket of one log say, is the same object, which S3 tells of twice."""
    taken = [upload for upload, answer in zip(logs, answers) if answer.status in (200, 201, 202)]
    objects = {(upload.log_id, upload.body) for upload in taken if upload.route != "api"}
    return sum(upload.route == "api" for upload in taken) + len(objects)


def check(stack, burst, days):
    """Compares what is there with what was sent, as the generator of the logs counts it."""
    whole = [line for line in burst.lines if line["expect"] == "parsed"]
    one = stack.database.one
    count = "SELECT COUNT(*) FROM logbook_sessions.{} WHERE product = 'burst'"
    assert sum(day["parsed"] for day in days) == len(whole)
    assert one(count.format("part")) == sum(line["sessions"] for line in whole)
    assert int(one("SELECT SUM(events) FROM logbook_sessions.part WHERE product = 'burst'")) == sum(
        line["events"] for line in whole)
    assert stack.depth("ParseQueueUrl") == 0
