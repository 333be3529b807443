#!/usr/bin/env python3
"""Signs an analyst in at the stack's user pool, and prints the access token. Standard library only.

    export LOGBOOK_TOKEN=$(python3 docs/sign_in.py LOGIN_URL CLIENT_ID [PORT])

LOGIN_URL and CLIENT_ID are the outputs LoginUrl and LoginClientId of the stack. The page to sign in on
is opened in the browser (and named on standard error); it returns to this program, on a port of this
machine that the stack allows: 8085, unless its parameter CallbackUrl says otherwise. The token holds
for an hour.
"""

import base64
import hashlib
import http.server
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
import webbrowser

PORT = 8085
SCOPES = "openid logbook/read:reports logbook/read:sessions logbook/admin"


def authorize_url(login, client, callback, state, challenge):
    asked = {
        "response_type": "code", "client_id": client, "redirect_uri": callback, "scope": SCOPES,
        "state": state, "code_challenge": challenge, "code_challenge_method": "S256",
    }
    return f"{login}/oauth2/authorize?{urllib.parse.urlencode(asked)}"


class Callback(http.server.BaseHTTPRequestHandler):
    """Takes the one request that brings the code."""

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        given = {name: values[0] for name, values in urllib.parse.parse_qs(address.query).items()}
        mine = address.path == "/callback" and given.get("state") == self.server.state
        if mine:
            self.server.given = given
        self.send_response(200 if mine else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"This window can be closed.\n" if mine else b"Not here.\n")

    def log_message(self, *_):
        """The addresses hold codes: they are not written anywhere."""


def wait_for_code(server):
    server.given = None
    while server.given is None:
        server.handle_request()
    if "code" not in server.given:
        sys.exit(f"not signed in: {server.given.get('error_description') or server.given.get('error')}")
    return server.given["code"]


def token(login, client, callback, code, verifier):
    asked = {
        "grant_type": "authorization_code", "client_id": client, "code": code,
        "redirect_uri": callback, "code_verifier": verifier,
    }
    body = urllib.parse.urlencode(asked).encode()
    try:
        with urllib.request.urlopen(f"{login}/oauth2/token", data=body, timeout=30) as answer:
            return json.load(answer)["access_token"]
    except urllib.error.HTTPError as error:
        sys.exit(f"no token: {login} answers {error.code}: {error.read(1000).decode(errors='replace')}")
    except urllib.error.URLError as error:
        sys.exit(f"no token: {login} is not reached: {error.reason}")


def main(login, client, port=PORT):
    callback = f"http://localhost:{port}/callback"
    login = login.rstrip("/")
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    with http.server.HTTPServer(("127.0.0.1", int(port)), Callback) as server:
        server.state = state
        page = authorize_url(login, client, callback, state, challenge)
        print(f"sign in at {page}", file=sys.stderr, flush=True)
        webbrowser.open(page)
        code = wait_for_code(server)
    print(token(login, client, callback, code, verifier))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
