"""docs/sign_in.py: the analyst's way to a token, against an authorization server that checks what it is told."""

import base64
import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from transformed import ROOT, read_template

PROGRAM = ROOT / "docs/sign_in.py"


class Pool(http.server.BaseHTTPRequestHandler):
    """The token endpoint: a token for the code whose challenge the verifier answers."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = dict(urllib.parse.parse_qsl(body))
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        right = base64.urlsafe_b64encode(digest).decode().rstrip("=") == self.server.challenge
        right = right and self.path == "/oauth2/token" and given["grant_type"] == "authorization_code"
        right = right and (given["code"], given["client_id"]) == ("the-code", "the-client")
        self.send_response(200 if right else 400)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "the-token"}).encode() if right else b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def pool():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pool) as server:
        server.challenge = ""
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def program(pool):
    """The program, waiting; with what it asks the sign-in page for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, PROGRAM, f"http://127.0.0.1:{pool.server_port}", "the-client", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "BROWSER": "true"})
    page = process.stderr.readline().removeprefix("sign in at ").strip()
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))
    pool.challenge = asked["code_challenge"]
    yield process, asked
    process.kill()
    process.communicate()


def come_back(asked, **answer):
    query = urllib.parse.urlencode({"state": asked["state"], **answer})
    with urllib.request.urlopen(f"{asked['redirect_uri']}?{query}", timeout=60) as page:
        return page.status


def test_an_analyst_who_signs_in_gets_a_token(program):
    process, asked = program
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"].split() == ["openid", "logbook/read:reports", "logbook/read:sessions", "logbook/admin"]
    assert come_back(asked, code="the-code") == 200
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "the-token\n")


def test_an_answer_to_somebody_else_is_not_taken(program):
    process, asked = program
    with pytest.raises(urllib.error.HTTPError):
        come_back({**asked, "state": "another"}, code="stolen")
    assert come_back(asked, code="the-code") == 200
    assert process.communicate(timeout=60)[0] == "the-token\n"


def test_a_refusal_is_told(program):
    process, asked = program
    come_back(asked, error="access_denied", error_description="no such user")
    out, error = process.communicate(timeout=60)
    assert process.returncode != 0 and out == "" and "no such user" in error


def test_a_code_that_is_not_taken_is_told_in_a_line(program):
    process, asked = program
    come_back(asked, code="another")
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert error.startswith("no token: ") and "answers 400" in error and error.count("\n") == 1


def test_the_stack_lets_the_page_return_to_the_program():
    text = PROGRAM.read_text()
    allowed = read_template()["Parameters"]["CallbackUrl"]["Default"]
    assert allowed == "http://localhost:8085/callback"
    assert "PORT = 8085" in text and 'callback = f"http://localhost:{port}/callback"' in text
