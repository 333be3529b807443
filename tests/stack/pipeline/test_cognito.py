"""Analysts of the stack's own user pool: they sign in as docs/deploy.md says, and see what their groups say."""

import html.parser
import json
import os
import subprocess
import sys
import urllib.parse

import pytest
import urllib3

import emulator
from doors import Door
from stack import PRODUCT
from surroundings import ROOT

FIRST, CHOSEN = "a-First-password-of-1", "another-Password-of-1"
SCOPES = "logbook/admin logbook/read:reports logbook/read:sessions openid"


class Page(html.parser.HTMLParser):
    """A page's form: where it goes, and what it has."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "form":
            self.action = named["action"]
        if tag == "input":
            self.fields[named["name"]] = named.get("value", "")


class Pool:
    """The stack with a user pool of its own, and those who sign in there."""

    def __init__(self, stack, aws):
        self.aws, self.port = aws, emulator.free_port()
        secret = stack.aws.client("secretsmanager").get_secret_value(SecretId="database")["SecretString"]
        secret = aws.client("secretsmanager").create_secret(Name="database", SecretString=secret)["ARN"]
        self.outputs = aws.deploy(artifacts=stack.programs, parameters={
            "DatabasePort": str(stack.database.port), "DatabaseSecretArn": secret, "SlackWebhookSecretArn": "",
            "CallbackUrl": f"http://localhost:{self.port}/callback"})
        products = [PRODUCT.format(id=name, profile="logbook", consent="usage", min_users=0, hash="0" * 64,
                                   session_timeout_secs=1800, readable="false") for name in ("probe", "neighbour")]
        aws.client("s3").put_object(
            Bucket=self.outputs["ArchiveBucket"], Key="config/products.toml", Body="\n".join(products).encode())
        self.cognito, self.id = aws.client("cognito-idp"), self.outputs["UserPoolId"]
        self.cognito.create_group(UserPoolId=self.id, GroupName="product-probe")

    def make_analyst(self, name, *groups):
        user = {"UserPoolId": self.id, "Username": f"{name}@example.com"}
        self.cognito.admin_create_user(**user, TemporaryPassword=FIRST)
        for group in groups:
            self.cognito.admin_add_user_to_group(**user, GroupName=group)

    def sign_in(self, name, client=None):
        """Runs docs/sign_in.py, and does in the browser's place what a person does; gives the token."""
        command = [sys.executable, ROOT / "docs/sign_in.py", self.outputs["LoginUrl"],
                   client or self.outputs["LoginClientId"], str(self.port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "BROWSER": "true"})
        try:
            page = process.stderr.readline().removeprefix("sign in at ").strip()
            self.browse(page, f"{name}@example.com")
            out, error = process.communicate(timeout=30)
            assert process.returncode == 0, error
            return out.strip()
        finally:
            process.kill()

    def browse(self, url, name):
        browser = urllib3.PoolManager()
        answer = browser.request("GET", url, redirect=False)
        said = {"username": name, "password": FIRST, "new_password": CHOSEN, "confirm_password": CHOSEN}
        while answer.status == 200:
            page = Page(answer.data.decode())
            assert page.action, answer.data
            fields = page.fields | {field: value for field, value in said.items() if field in page.fields}
            # Who has chosen a password has no first one any more.
            answer = browser.request("POST", urllib.parse.urljoin(url, page.action), fields=fields,
                                     encode_multipart=False, redirect=False)
        assert browser.request("GET", answer.headers["location"]).status == 200

    def door(self, token):
        return Door(self.outputs["QueryUrl"], {"authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def pool(stack, tmp_path_factory):
    with emulator.started(tmp_path_factory.mktemp("cognito"), open=True) as aws:
        yield Pool(stack, aws)


def statuses(door, product="probe"):
    paths = ("/v1/products", "/v1/ledger", "/v1/sessions", "/v1/rejects", "/v1/logs/none")
    return [door.ask("GET", path, **({} if path == "/v1/products" else {"product": product})).status for path in paths]


def claims(token):
    import base64
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_an_analyst_sees_what_the_groups_say_whatever_the_tokens_scopes(pool):
    for name, groups, expected in (
        ("ann", ("read:reports", "product-probe"), [200, 200, 403, 403, 403]),
        ("ben", ("read:sessions", "product-probe"), [403, 403, 200, 200, 403]),
        ("cay", ("admin", "products-all"), [200, 200, 200, 200, 404]),
        ("dan", (), [403, 403, 403, 403, 403]),
        ("eve", ("read:reports",), [200, 403, 403, 403, 403]),
    ):
        pool.make_analyst(name, *groups)
        token = pool.sign_in(name)
        said = claims(token)
        # An access token of a pool: no audience, all scopes of the client, the groups of the user.
        assert (said["token_use"], said["client_id"]) == ("access", pool.outputs["LoginClientId"])
        assert "aud" not in said and "products" not in said
        assert " ".join(sorted(said["scope"].split())) == SCOPES
        assert sorted(said.get("cognito:groups", ())) == sorted(groups)
        assert statuses(pool.door(token)) == expected, name
        other = statuses(pool.door(token), "neighbour")
        assert other[1:4] == ([200, 200, 200] if name == "cay" else [403, 403, 403]), name
