"""An embedded Logbook with logs in it, and its program."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECS = 300
# More than a page of an export holds.
FEATURES = 5200
DAYS = 22


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = pathlib.Path(os.environ.get("LOGBOOK_TEST_PROGRAM", target / "debug" / "logbook"))
    assert found.exists(), f"{found} is missing: cargo build -p logbook"
    return found


class Logbook:
    """A data folder, and the program that works on it."""

    def __init__(self, folder, port):
        self.data, self.url, self.folder = folder / "data", f"http://127.0.0.1:{port}", folder

    def command(self, *arguments):
        return [program(), *arguments, "--data", self.data]

    def run(self, *arguments, code=0, **options):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOGBOOK_")}
        ran = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, cwd=self.folder,
            env=environment, timeout=PATIENCE_SECS, **options)
        assert ran.returncode == code, f"{arguments}: {ran.returncode} {ran.stdout}{ran.stderr}"
        return ran

    def token(self):
        return (self.data / "secrets/token").read_text().strip()

    def page(self, report, *parameters):
        """A report as JSON, of which one page has all."""
        page = json.loads(self.run("report", report, "--json", "--limit", "10000", *parameters).stdout)
        assert page["next"] is None
        return page


def sessions():
    """Three weeks of sessions, with names that a format may trip over."""
    names = ["open", 'a "b", c', "größer → 10", "=1+1", "", "save"]
    for nth in range(60):
        day, session = nth % (DAYS - 1) + 1, f"s{nth}"
        about = {"time": f"2026-02-{day:02}T10:00:00Z", "session": session}
        yield {**about, "type": "session_start", "name": "start", "version": f"1.{nth % 3}", "user": f"u{nth % 9}",
               "os": "Linux", "account": f"acme {nth % 2}", **({"environment": "ci"} if nth % 10 == 0 else {})}
        for name in names[:nth % 6 + 1]:
            yield {**about, "name": name or "-", "duration_ms": 1.5 * nth, "level": "error" if nth % 4 == 0 else "info"}
        if nth % 2:
            yield {**about, "type": "session_end", "name": "end"}
    wide = {"time": f"2026-02-{DAYS}T10:00:00Z", "session": "wide"}
    yield {**wide, "type": "session_start", "name": "start", "user": "u1"}
    for nth in range(FEATURES):
        yield {**wide, "name": f"feature {nth}"}


@pytest.fixture(scope="session")
def logbook(tmp_path_factory):
    """It goes on running, so that its query API can be asked too."""
    folder, port = tmp_path_factory.mktemp("logbook"), free_port()
    held = Logbook(folder, port)
    log = folder / "all.log"
    log.write_text("".join(json.dumps(record) + "\n" for record in sessions()))
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(
            held.command("run", "--listen", f"127.0.0.1:{port}", "--analyze-secs", "1"),
            stdout=output, stderr=output, cwd=folder)
    try:
        until = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                urllib.request.urlopen(f"{held.url}/healthz", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, (folder / "output").read_text()
                time.sleep(0.2)
        held.run("product", "set", "app", "--min-users", "1")
        held.run("upload", str(log), "--product", "app", "--url", held.url)
        until = time.monotonic() + PATIENCE_SECS
        while any(row["complete_until"] is None or row["days_pending"] for row in held.page("freshness")["rows"]):
            assert time.monotonic() < until, "it is not analyzed"
            time.sleep(0.5)
        yield held
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
