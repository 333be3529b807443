"""The real program on a data folder of its own: it is loaded, served and asked."""

import contextlib
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECS = 120


def program():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = pathlib.Path(os.environ.get("LOGBOOK_TEST_PROGRAM", target / "debug" / "logbook"))
    assert found.exists(), f"{found} is missing: cargo build -p logbook"
    return found


def logbook(data, *arguments):
    """Runs a command on a data folder to its end; gives what it printed."""
    done = subprocess.run(
        [program(), *map(str, arguments), "--data", data], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """`logbook run` on a data folder."""

    def __init__(self, data, port):
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.http = requests.Session()
        self.min_users = {}

    @property
    def token(self):
        return (self.data / "secrets/token").read_text().strip()

    def get(self, path, **parameters):
        answer = self.http.get(
            self.url + path, params=parameters, timeout=PATIENCE_SECS,
            headers={"authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, (path, parameters, answer.status_code, answer.text[:1000])
        return answer.json()

    def pages(self, ask, product, limit=1000):
        """All pages of a report as one reply."""
        path, asked = f"/v1/reports/{ask.report}", {**ask.parameters(), "product": product, "limit": limit}
        reply = page = self.get(path, **asked)
        while page["next"] is not None:
            page = self.get(path, **asked, after=page["next"])
            reply["rows"] += page["rows"]
            reply["withheld_groups"] += page["withheld_groups"]
        return reply

    def upload(self, key, body, file_name):
        headers = {
            "authorization": f"Bearer {key}", "x-logbook-file-name": file_name,
            "x-logbook-log-id": hashlib.sha256(file_name.encode() + body).hexdigest()[:32]}
        answer = self.http.post(f"{self.url}/v1/logs", data=body, headers=headers, timeout=PATIENCE_SECS)
        assert answer.status_code in (200, 201), (file_name, answer.text)

    def set_min_users(self, product, min_users):
        """Changes a product's setting, and waits until it is read: that takes two seconds at most."""
        if self.min_users.get(product) == min_users:
            return
        logbook(self.data, "product", "set", product, "--min-users", min_users)
        until = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < until:
            products = {one["product"]: one for one in self.get("/v1/products")["products"]}
            if products[product]["min_users"] == min_users:
                self.min_users[product] = min_users
                return
            time.sleep(0.2)
        raise AssertionError(f"{product}: min_users stays as it was")

    def settled(self, product):
        """Waits until all that was received is in the reports."""
        # The next second: a listing of this one may have been before what was sent in it.
        asked = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
        until, ledger, fresh = time.monotonic() + PATIENCE_SECS, None, None
        while time.monotonic() < until:
            ledger = self.get("/v1/ledger", product=product)
            fresh = self.get("/v1/reports/freshness", product=product)["rows"][0]
            listed = ledger["as_of"] and ledger["as_of"] > asked
            balanced = all(day["balanced"] and not day["pending"] for day in ledger["days"])
            complete = fresh["complete_until"] and fresh["complete_until"] > asked
            if listed and balanced and complete and not fresh["days_pending"]:
                return
            time.sleep(0.3)
        raise AssertionError(f"{product} does not come to rest: {ledger} {fresh}")


@contextlib.contextmanager
def served(data, product):
    """Serves a data folder for as long as the block takes."""
    port = free_port()
    command = [
        program(), "run", "--data", data, "--listen", f"127.0.0.1:{port}", "--product", product,
        "--sweep-secs", "1", "--analyze-secs", "2"]
    with open(data.with_name("run.log"), "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        running, until = Served(data, port), time.monotonic() + PATIENCE_SECS
        while True:
            try:
                requests.get(f"{running.url}/healthz", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                said = data.with_name("run.log").read_text()
                assert process.poll() is None and time.monotonic() < until, said
                time.sleep(0.1)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
