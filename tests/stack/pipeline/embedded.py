"""The embedded form on a folder of its own: what the stack's answers are compared with."""

import json
import os
import signal
import subprocess

from doors import Door, Uploads, until
from surroundings import ROOT, SERVER


def program(name):
    return ROOT / "target/debug" / name


def registered(folder, product):
    """Registers a product in a data folder and gives its first upload key."""
    logbook = [program("logbook"), "product"]
    data = ["--data", folder]
    extra = ["--readable-accounts"] if product.get("accounts_readable") else []
    done = subprocess.run(
        [*logbook, "add", product["id"], *data, "--profile", product["profile"],
         "--consent", product["consent"], "--min-users", str(product["min_users"]), *extra],
        check=True, capture_output=True, text=True)
    return next(word for word in done.stdout.split() if word.startswith("lbk_"))


class Embedded:
    """`logbook run`, with products registered before."""

    def __init__(self, folder, products):
        self.folder = folder
        self.keys = {product["id"]: registered(folder, product) for product in products}
        self.port = SERVER.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(f"{folder}/run.log", "wb")
        self.process = subprocess.Popen(
            [program("logbook"), "run", "--data", folder, "--listen", f"127.0.0.1:{self.port}",
             "--product", products[0]["id"], "--analyze-secs", "2", "--sweep-secs", "5"],
            stdout=self.log, stderr=self.log, start_new_session=True)
        until(self._answers, lambda: open(f"{folder}/run.log").read(), 30)
        token = open(f"{folder}/secrets/token").read().strip()
        self.query = Door(self.url, {"authorization": f"Bearer {token}"})

    def _answers(self):
        try:
            return Door(self.url).ask("GET", "/healthz").status == 200
        except Exception:
            assert self.process.poll() is None, open(f"{self.folder}/run.log").read()
            return False

    def uploads(self, product):
        return Uploads(self.url, {"x-logbook-key": self.keys[product]})

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
