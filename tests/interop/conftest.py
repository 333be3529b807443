"""A Logbook to send to: the embedded one, or the deployed stack that LOGBOOK_TEST_STACK names: a
JSON file whose members are the arguments of `Logbook`. To a stack go the tests that hold for every
installation (`tests/stack/pipeline/test_otlp.py` runs them)."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECS = 60
STACK = os.environ.get("LOGBOOK_TEST_STACK")


class Logbook:
    """The two APIs of an installation, for one product."""

    def __init__(self, upload_url, query_url, product, upload_headers, query_headers, ca=None):
        self.upload_url = upload_url
        self.query_url = query_url
        self.product = product
        self.upload_headers = upload_headers
        self.query_headers = query_headers
        self.ca = ca

    @property
    def otlp_url(self):
        return f"{self.upload_url}/v1/otlp/v1/logs"

    def post(self, body, headers):
        """One request to the OTLP endpoint, without an exporter."""
        return requests.post(self.otlp_url, data=body, headers=headers, verify=self.ca or True, timeout=30)

    def ask(self, path, **parameters):
        """What the query API answers: status and body."""
        answer = requests.get(
            self.query_url + path, params={"product": self.product, **parameters},
            headers=self.query_headers, verify=self.ca or True, timeout=30)
        return answer.status_code, answer.json()

    def eventually(self, path, ready=lambda body: True, **parameters):
        """The first answer of 200 that is ready."""
        until = time.monotonic() + PATIENCE_SECS
        while True:
            status, body = self.ask(path, **parameters)
            if status == 200 and ready(body):
                return body
            if time.monotonic() > until:
                raise AssertionError(f"{path}: {status} {json.dumps(body)[:2000]}")
            time.sleep(0.2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = pathlib.Path(os.environ.get("LOGBOOK_TEST_PROGRAM", target / "debug" / "logbook"))
    assert found.exists(), f"{found} is missing: cargo build -p logbook"
    return found


@pytest.fixture(scope="session")
def embedded(tmp_path_factory):
    """`logbook run` on a folder and a port of its own."""
    data, port = tmp_path_factory.mktemp("data") / "logbook", free_port()
    url = f"http://127.0.0.1:{port}"
    command = [program(), "run", "--data", data, "--listen", f"127.0.0.1:{port}", "--sweep-secs", "1"]
    with open(data.with_name("output"), "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        until = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                requests.get(f"{url}/healthz", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert process.poll() is None and time.monotonic() < until, data.with_name("output").read_text()
                time.sleep(0.1)
        key = (data / "secrets/product-key-app").read_text().strip()
        token = (data / "secrets/token").read_text().strip()
        yield Logbook(url, url, "app", {"authorization": f"Bearer {key}"}, {"authorization": f"Bearer {token}"})
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(params=["stack" if STACK else "embedded"], scope="session")
def logbook(request):
    """The stack, or else the embedded Logbook."""
    if STACK:
        return Logbook(**json.loads(pathlib.Path(STACK).read_text()))
    return request.getfixturevalue("embedded")


def pytest_collection_modifyitems(config, items):
    embedded_only = [item for item in items if STACK and "logbook" not in item.fixturenames]
    config.hook.pytest_deselected(items=embedded_only)
    items[:] = [item for item in items if item not in embedded_only]
