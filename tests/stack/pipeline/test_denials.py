"""Who may not, and what is said then."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from doors import Upload

LOG = b'{"name":"draw.line","time":"2026-01-01T00:00:00Z"}\n'
PUBLIC = ("/openapi.json", "/healthz")
ROUTES = {
    "/v1/reports": "read:reports",
    "/v1/reports/active-users": "read:reports",
    "/v1/products": "read:reports",
    "/v1/digest": "read:reports",
    "/v1/accounts": "read:reports",
    "/v1/accounts/none": "read:reports",
    "/v1/ledger": "read:reports",
    "/v1/sessions": "read:sessions",
    "/v1/sessions/none": "read:sessions",
    "/v1/sessions/none/events": "read:sessions",
    "/v1/rejects": "read:sessions",
    "/v1/logs/none/receipt": "read:sessions",
    "/v1/logs/none": "admin",
}


def test_an_upload_without_the_key_of_the_api_is_stopped_by_the_gateway(stack):
    uploads = stack.uploads("probe")
    for key in (None, "wrong", stack.api_key + "x"):
        answer = uploads.ask("POST", "/v1/logs", LOG, {"x-api-key": key})
        assert (answer.status, answer.json) == (403, {"message": "Forbidden"})
        assert uploads.ask("GET", "/v1/logs/none/receipt", None, {"x-api-key": key}).status == 403


def test_an_upload_without_a_key_of_a_product_is_refused(stack):
    uploads = stack.uploads("probe")
    for key in (None, "", "wrong", stack.keys["probe"][:-1], stack.api_key):
        for path, body in (("/v1/logs", LOG), ("/v1/uploads", b'{"bytes": 1}'), ("/v1/otlp/v1/logs", b"{}")):
            answer = uploads.ask("POST", path, body, {"x-logbook-key": key})
            assert (answer.status, answer.problem) == (401, "unauthorized"), (key, path)


def test_a_key_reads_no_receipt_of_another_product(stack):
    uploads = stack.uploads("probe")
    assert uploads.send(Upload("denials-1", LOG)).status == 201
    assert uploads.ask("GET", "/v1/logs/denials-1/receipt").status == 200
    other = {"x-logbook-key": stack.keys["neighbour"]}
    assert uploads.ask("GET", "/v1/logs/denials-1/receipt", None, other).status == 404


@pytest.mark.parametrize("path", ROUTES)
def test_no_route_answers_without_a_token_that_holds(stack, path):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    scope, token = f"logbook/{ROUTES[path]}", stack.issuer.token
    wrong = {
        "none": None,
        "no token": "abc",
        "altered": token(scope)[:-4] + "AAAA",
        "signed by another": token(scope, key=stranger),
        "expired": token(scope, exp=1),
        "not yet": token(scope, nbf=2**33),
        "of another issuer": token(scope, iss="https://elsewhere.example"),
        "for another audience": token(scope, aud="elsewhere"),
        "for nobody": token(scope, aud=None),
        "of another client": token(scope, aud=None, client_id="elsewhere", token_use="access"),
        "not signed": token(scope, algorithm="none"),
        "signed by what is public": token(scope, algorithm="HS256"),
    }
    for what, bad in wrong.items():
        assert stack.bearing(bad).ask("GET", path).status == 401, (what, path)


@pytest.mark.parametrize("path", ROUTES)
def test_a_token_opens_the_routes_of_its_scope_and_no_others(stack, path):
    for scope in ("read:reports", "read:sessions", "admin"):
        answer = stack.query(f"openid logbook/{scope}", "probe").ask("GET", path, product="probe")
        allowed = scope in (ROUTES[path], "admin")
        assert (answer.status == 403) == (not allowed), (scope, path, answer.status)
        assert answer.status < 500
    for scope in (None, "", "openid", "read:reports read:sessions admin", "logbook/", "other/admin"):
        answer = stack.query(scope, "probe").ask("GET", path, product="probe")
        assert answer.status == 403, (scope, path)


def test_a_token_shows_the_products_it_names_and_no_others(stack):
    stack.uploads("probe").send(Upload("denials-2", LOG))
    for products in ("", None, "neighbour", ["neighbour"], "prob", "probe2"):
        answer = stack.query("logbook/admin", products).ask("GET", "/v1/sessions", product="probe")
        assert (answer.status, answer.problem) == (403, "forbidden"), products
        listed = stack.query("logbook/admin", products).get("/v1/products")["products"]
        assert "probe" not in [one["product"] for one in listed]
    for products in ("*", "probe", "neighbour probe", ["neighbour", "probe"]):
        assert stack.query("logbook/admin", products).ask("GET", "/v1/sessions", product="probe").status == 200


def test_what_is_public_needs_no_token(stack):
    for path in PUBLIC:
        assert stack.bearing(None).ask("GET", path).status == 200
    description = stack.bearing(None).get("/openapi.json")
    # Every route that is described is one of the gateways'.
    uploads = {path for path, item in description["paths"].items()
               if any(operation["tags"] == ["uploads"] for operation in item.values())}
    assert uploads == {"/v1/logs", "/v1/otlp/v1/logs", "/v1/uploads"}
    described = [path for path in description["paths"] if path not in {*PUBLIC, *uploads}]
    assert {path.replace("{id}", "none").replace("{name}", "active-users") for path in described} == set(ROUTES)


def test_a_log_without_consent_leaves_nothing(stack):
    uploads = stack.uploads("probe")
    before = listed(stack)
    answer = uploads.send(Upload("denials-off", LOG, consent="off"))
    assert (answer.status, answer.problem) == (403, "consent-off")
    assert uploads.ticket(Upload("denials-off", LOG, consent="off")).status == 403
    assert listed(stack) == before


def listed(stack):
    got = stack.s3.list_objects_v2(Bucket=stack.archive, Prefix="archive/probe/")
    return {found["Key"] for found in got.get("Contents", [])} | {
        found["Key"] for found in stack.s3.list_objects_v2(Bucket=stack.inbox).get("Contents", [])}


def test_a_body_above_the_bound_is_refused_with_the_way_out(stack):
    answer = stack.uploads("probe").send(Upload("denials-large", b"x" * ((4 << 20) + 1)))
    assert (answer.status, answer.problem) == (413, "too-large")
    assert "/v1/uploads" in json.dumps(answer.json)
