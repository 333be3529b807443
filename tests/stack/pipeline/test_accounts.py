"""What is agreed with accounts, and what people are told of."""

import json

from doors import until

CONTRACT = {"name": "Acme", "seats": 3, "modules": ["export"], "renews_on": "2031-01-31"}


def said(stack, method, path, body=None, scope="logbook/admin"):
    return stack.query(scope).ask(method, path, body and json.dumps(body).encode(), product="probe")


def rows(stack):
    report = stack.query().get("/v1/reports/accounts", product="probe")
    return {row["account"]: row for row in report["rows"]}


def test_what_is_agreed_is_in_the_reports_after_the_next_run(stack):
    kept = said(stack, "PUT", "/v1/accounts/acme", CONTRACT)
    assert kept.status == 200, kept.content
    account = kept.json["account"]
    assert account.startswith("p:"), "accounts of the product are not readable"
    assert said(stack, "GET", "/v1/accounts/acme").json == {"account": account, **CONTRACT}
    stack.analyze()
    row = rows(stack)[account]
    assert (row["name"], row["seats"], row["state"], row["active_users"]) == ("Acme", 3, "silent", 0)
    table = b"account,seats\nacme,5\nother,7\n"
    imported = stack.query().ask("PUT", "/v1/accounts", table, {"content-type": "text/csv"}, product="probe")
    assert (imported.status, imported.json) == (200, {"accounts": 2})
    stack.analyze()
    assert sorted(row["seats"] for row in rows(stack).values() if row["seats"]) == [5, 7]
    assert said(stack, "DELETE", "/v1/accounts/acme").status == 204
    assert said(stack, "DELETE", "/v1/accounts/acme").status == 404
    stack.analyze()
    assert account not in rows(stack)


def test_only_an_admin_says_what_is_agreed(stack):
    for method, path in (("PUT", "/v1/accounts/acme"), ("DELETE", "/v1/accounts/acme"), ("PUT", "/v1/accounts")):
        assert said(stack, method, path, CONTRACT, "logbook/read:reports").status == 403, (method, path)
        assert stack.bearing(None).ask(method, path, b"{}").status == 401, (method, path)


def test_the_week_of_each_product_is_told_in_slack_once(stack):
    stack.analyze()
    notices = stack.scheduled("analyze", "digest")["notices"]
    weeks = {notice["title"] for notice in notices if notice["sections"]}
    assert any(title.startswith("probe: the week to ") for title in weeks)

    def told():
        return [message["text"] for message in stack.slack.got if message["text"] in weeks]

    until(lambda: set(told()) == weeks, lambda: (told(), weeks), 30)
    assert stack.scheduled("analyze", "digest")["notices"] == notices
    assert sorted(told()) == sorted(weeks)
