"""docs/cost.md and docs/deploy.md say what the template and the sources say."""

import re

import pytest

import assumed
import cost
import documents
import prices
import test_promises
from documents import DOCUMENTS
from installs import INSTALLS, SMALLEST
from transformed import ROOT

DEPLOY = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_tables_are_up_to_date(name):
    text = (ROOT / name).read_text()
    assert documents.renewed(text) == text, "run: .tools/template/bin/python tests/stack/template/documents.py --write"


def test_every_table_stands_in_a_document():
    stand = {found[2] for name in DOCUMENTS for found in documents.PLACE.finditer((ROOT / name).read_text())}
    assert stand == set(documents.TABLES)


def test_every_variable_is_described_and_every_description_is_of_one():
    assert set(documents.VARIABLES) == set(documents.told()) | set(documents.read())


def test_every_alarm_has_an_entry_in_the_runbook():
    entries = re.findall(r"^- \*\*([a-z-]+)\*\* — (.+)$", DEPLOY, flags=re.M)
    assert sorted(name for name, _ in entries) == sorted(documents.alarms())
    assert all(len(text) > 60 for _, text in entries)


def claims():
    table = DEPLOY.split("<!-- claims -->")[1].split("<!-- end claims -->")[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.strip().splitlines()[2:]]


def test_claims_name_what_proves_them():
    promises = {promise.name for promise in test_promises.PROMISES}
    places = [ROOT, ROOT / "tests/stack/template"]
    for claim, status, *by in claims():
        named = re.findall(r"`([\w./]+)`", by[0]) if by else []
        there = [n in promises or any((place / n).is_file() for place in places) for n in named]
        assert status in ("shown on the emulator", "checked in the template", "unproved"), claim
        if status != "unproved":
            assert named and all(there), claim


def test_the_number_of_ways_to_install_is_right():
    words = {13: "thirteen"}
    assert f"in {words[len(INSTALLS)]} ways to install it" in DEPLOY


# ------------------------------------------------------------------ cost


def at_rest(free=True, **parameters):
    return cost.usd(cost.at_rest(cost.install_of(**parameters)), free)


def test_the_smallest_install_is_at_most_five_dollars_a_month_at_rest():
    assert at_rest(**SMALLEST) <= 5
    assert at_rest() <= 5
    # And the bound binds.
    assert at_rest(**SMALLEST, Endpoints="interface") > 5


def test_each_unit_that_an_install_uses_has_a_price():
    for parameters in INSTALLS.values():
        assert set(cost.at_rest(cost.install_of(**parameters))) <= set(prices.PRICES)


def test_figures_follow_the_template_the_prices_and_the_assumptions(monkeypatch):
    before = cost.rest_table(), cost.log_table(), cost.tier_table()
    monkeypatch.setitem(prices.PRICES, "S3 put", prices.PRICES["S3 put"]._replace(usd=0.01 / 1000))
    monkeypatch.setattr(assumed, "PARSE_MS", 600)
    monkeypatch.setitem(prices.PRICES, "S3 GB", prices.PRICES["S3 GB"]._replace(usd=0.05))
    after = cost.rest_table(), cost.log_table(), cost.tier_table()
    assert all(old != new for old, new in zip(before, after))
    alarms = cost.at_rest(cost.install_of())["alarm"]
    assert cost.at_rest(cost.install_of(SlackWebhookSecretArn="arn:aws:secretsmanager:x:y:z"))["alarm"] == alarms + 1


def test_a_tier_is_cheaper_above_its_break_even_and_not_below():
    for tier in (cost.intelligent, cost.deep, cost.straight_to_deep):
        edge = cost.break_even_kb(tier, 36) * cost.KB
        assert tier(edge * 1.01, 36) < cost.standard(edge * 1.01, 36)
        assert tier(edge * 0.99, 36) > cost.standard(edge * 0.99, 36)


def test_one_data_key_for_many_logs_keeps_kms_below_a_dollar_a_million():
    used = cost.per_log(cost.install_of(), "body")
    assert used["key request"] * prices.PRICES["key request"].usd * 1e6 < 1


def test_the_report_on_cost_has_the_prices_of_the_documents():
    source = (ROOT / "shared/reports/src/cost/page.rs").read_text().replace("_", "")
    written = re.search(
        r'"aarch64"\) \{\s*([\d.]+)\s*\} else \{\s*([\d.]+)\s*\};.*USDREQUEST: f64 = ([\d.]+);', source, re.DOTALL)
    noted = [prices.PRICES[name].usd for name in ("GB-s arm64", "GB-s x86_64", "invocation")]
    assert [float(price) for price in written.groups()] == pytest.approx(noted)
