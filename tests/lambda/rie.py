"""Functions under the Lambda Runtime Interface Emulator, without Docker.

The emulator is the one that the SAM CLI brings.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from golden import ROOT

START_SECS = 30
INVOKE_SECS = 120
# What of the surroundings a function must not see: it is to find all in its own variables.
FOREIGN = ("AWS_", "LOGBOOK_")


def emulator():
    """The program; it lies in whichever environment of .tools the SAM CLI is installed in."""
    places = ROOT.glob(".tools/*/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64")
    found = next(iter(places), None)
    if found is None:
        raise FileNotFoundError("the SAM CLI is not installed in .tools/; make setup installs it")
    found.chmod(0o755)
    return found


def program(function):
    """The program of a function, as cargo built it."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folder = pathlib.Path(os.environ.get("LOGBOOK_TEST_PROGRAMS", target / "debug"))
    for found in (folder / function / "bootstrap", folder / function):
        if found.is_file():
            return found
    raise FileNotFoundError(f"{folder / function} is missing; cargo build --workspace --all-features makes it")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Function:
    """One function in an emulator of its own."""

    def __init__(self, name, variables):
        self.name = name
        self.folder = tempfile.TemporaryDirectory(prefix=f"logbook-{name}-")
        self.output = pathlib.Path(self.folder.name, "output")
        self.port = free_port()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        environment = {
            **kept, **variables,
            "AWS_LAMBDA_FUNCTION_NAME": f"logbook-{name}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(INVOKE_SECS),
            **{k: os.environ.get(k, v) for k, v in {
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}.items()},
        }
        command = [
            emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
            "--runtime-api-address", f"127.0.0.1:{free_port()}", program(name).resolve()]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, cwd=self.folder.name,
                start_new_session=True)
        self.wait()

    def wait(self):
        until = time.monotonic() + START_SECS
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the emulator of {self.name} did not start:\n{self.lines()}")

    def invoke(self, event):
        """What the function answers; a failure is an answer with `errorType`."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, data=json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=INVOKE_SECS) as answer:
            return json.loads(answer.read() or b"null")

    def lines(self):
        """What the function and the emulator have written."""
        return self.output.read_text(errors="replace")

    def init_ms(self):
        """From the start of the program to its first call of the Runtime API."""
        found = re.search(r"INIT REPORT\(durationMs: ([0-9.]+)\)", self.lines())
        return float(found[1]) if found else None

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        self.folder.cleanup()
