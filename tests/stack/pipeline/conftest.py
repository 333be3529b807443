"""One stack for all tests of this folder; it stands until the last one is done."""

import datetime
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import emulator  # noqa: E402
from doors import Upload  # noqa: E402
from embedded import Embedded, program  # noqa: E402
from program import Operator, Program  # noqa: E402
from real_logs import PRODUCTS  # noqa: E402
from stack import Stack, utc_now  # noqa: E402

PROBE = {"id": "probe", "profile": "logbook", "consent": "usage", "min_users": 0}
OTHERS = [{**PROBE, "id": name} for name in ("neighbour", "program", "exporter", "ledger")]
# Listings speak of what is older than a minute: sent first, it is in them when its test comes.
EARLY = Upload("early", b'{"name":"draw.line","time":"2026-01-01T00:00:00Z"}\n')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Beside a failure: what waits in the queues, and what the functions said last."""
    report = (yield).get_result()
    stack = item.funcargs.get("stack") if report.failed and hasattr(item, "funcargs") else None
    if stack:
        try:
            said = stack.condition()
        except Exception as error:  # the failure itself is what must be told
            said = f"cannot be looked at: {error!r}"
        report.sections.append(("the stack", said))


@pytest.fixture(scope="session")
def stack(tmp_path_factory, story):
    """The stack, with all products of the tests and no logs. Functions know their products for
    half a minute: none is registered later."""
    folder = tmp_path_factory.mktemp("stack")
    with emulator.started(folder / "emulator") as aws:
        stack = Stack(aws, folder)
        try:
            for product in (PROBE, *OTHERS, story.product, {**story.product, "id": "burst"}, *PRODUCTS):
                stack.register(product)
            stack.uploads("ledger").send(EARLY)
            yield stack
        finally:
            stack.close()


class Story:
    """The demo's uploads, written by its own program."""

    def __init__(self, folder, sessions):
        self.folder = folder
        today = utc_now().date()
        self.last = today - datetime.timedelta(days=1)
        subprocess.run([program("examples/uploads"), folder, str(sessions), self.last.isoformat()], check=True)
        self.product = json.loads((folder / "product.json").read_text())
        lines = (folder / "uploads.jsonl").read_text().splitlines()
        self.lines = [json.loads(line) for line in lines]
        self.days = {"from": (self.last - datetime.timedelta(days=70)).isoformat(), "to": today.isoformat()}

    def uploads(self):
        return [Upload(line["log_id"], (self.folder / line["file"]).read_bytes(), line["route"],
                       line["consent"], line["metadata"], line["content_type"]) for line in self.lines]

    def expected(self):
        return [line["expect"] for line in self.lines]


@pytest.fixture(scope="session")
def story(tmp_path_factory):
    return Story(tmp_path_factory.mktemp("story"), 300)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory, story):
    """The embedded form, with the same products and nothing in it."""
    running = Embedded(str(tmp_path_factory.mktemp("embedded")), [story.product, PROBE, *PRODUCTS])
    yield running
    running.close()


@pytest.fixture(scope="session")
def operator(stack, tmp_path_factory):
    """The program, in the role of an operator."""
    return Operator(stack, tmp_path_factory.mktemp("operator"))


@pytest.fixture
def outsider(stack, operator, tmp_path):
    """The program, in a role of the same rights that may not break the glass."""
    arn = stack.make_role("outsider")
    stack.grant("outsider", operator.statements)
    return Program(stack, tmp_path, stack.credentials(arn))
