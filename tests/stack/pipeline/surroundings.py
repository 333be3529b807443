"""What the stack finds around it: a database server, an issuer of tokens, a webhook of Slack."""

import base64
import hmac
import http.server
import json
import pathlib
import signal
import ssl
import threading
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pymysql
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOADER = SourceFileLoader("databases_run", str(ROOT / "tests/databases/run"))
SERVER = module_from_spec(spec_from_loader("databases_run", LOADER))
LOADER.exec_module(SERVER)

AUDIENCE = "logbook-tests"


class Database:
    """A MariaDB server of one's own, with the user that the stack signs in as."""

    user, password = "logbook", "a password of the tests"

    def __init__(self, folder):
        self.folder = str(folder)
        self.port = SERVER.free_port()
        self.server = SERVER.start(self.folder, self.port)
        with self.connect(user="root", password="") as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE USER {self.user}@'127.0.0.1' IDENTIFIED BY %s", [self.password])
            cursor.execute(f"GRANT ALL ON `logbook\\_%`.* TO {self.user}@'127.0.0.1'")

    def connect(self, **who):
        who = who or {"user": self.user, "password": self.password}
        return pymysql.connect(host="127.0.0.1", port=self.port, autocommit=True, **who)

    def rows(self, statement, *values):
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def one(self, statement, *values):
        return self.rows(statement, *values)[0][0]

    def stop(self, how=signal.SIGTERM):
        self.server.send_signal(how)
        self.server.wait(60)

    def start(self):
        self.server = SERVER.start(self.folder, self.port)


def _segment(content):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Listener:
    """A server of HTTP on a free port of this machine; with a certificate, of HTTPS."""

    def __init__(self, handler, certificate=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, certificate))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Issuer:
    """An issuer by OpenID Connect: its description, its key, and whatever tokens are asked for."""

    def __init__(self, certificate):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                content = json.dumps(issuer.said(self.path)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.listener = Listener(Handler, certificate)
        self.url = self.listener.url

    def said(self, path):
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
        return {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
                          "n": _segment(modulus), "e": _segment(exponent)}]}

    def token(self, scope, products="*", key=None, algorithm="RS256", **claims):
        """A token; claims may be set otherwise than is right, and another key or algorithm may sign."""
        now = int(time.time())
        said = {"iss": self.url, "aud": AUDIENCE, "sub": "analyst", "iat": now - 5, "exp": now + 3600,
                "scope": scope, "products": products, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        signed = f"{_segment({'alg': algorithm, 'typ': 'JWT', 'kid': '1'})}.{_segment(said)}"
        return f"{signed}.{_segment(self.signature(signed.encode(), key or self.key, algorithm))}"

    def signature(self, signed, key, algorithm):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            # By what everybody knows.
            secret = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return hmac.digest(secret, signed, "sha256")
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


class Slack:
    """Takes messages as Slack's webhooks do; the next answers can be told beforehand."""

    def __init__(self):
        self.got, self.answers = [], []
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = slack.answers.pop(0) if slack.answers else 200
                if status == 200:
                    slack.got.append(json.loads(body))
                self.send_response(status)
                self.send_header("retry-after", "0")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.listener = Listener(Handler)
        self.url = f"{self.listener.url}/services/T0/B0/secret"
