"""Every report is what a plain recomputation from the opened archive gives, row for row."""

import dataclasses
import datetime
import json

import pytest

import features
import operations
import people
import versions
from asking import Ask
from compare import check
from conftest import DEMO, FIELD, field_folder, product_of

REFERENCE = {
    "feature-usage": features.feature_usage, "feature-adoption": features.feature_adoption,
    "feature-paths": features.feature_paths, "funnel": features.funnel,
    "account-features": features.account_features, "release-health": versions.release_health,
    "release-delta": versions.release_delta, "top-errors": versions.top_errors,
    "versions": versions.versions, "platforms": versions.platforms, "active-users": people.active_users,
    "retention": people.retention, "accounts": people.accounts, "ledger": operations.ledger,
    "freshness": operations.freshness,
}
#: What the catalogue says in a sentence.
ANY_OF_THREE = ("day,version,feature", "day", "version", "feature", "day,version", "day,feature", "version,feature")
NEVER_ALL = ("feature-adoption", "funnel")
DAY = datetime.timedelta(days=1)
LONGEST = 3_660


def groupings(report):
    by = [one["allowed"] for one in report["parameters"] if one["name"] == "by"]
    if not by:
        return [()]
    texts = ANY_OF_THREE if "any of them" in by[0] else by[0].split(";")
    return [tuple(text.strip().split(",")) for text in texts]


def environments(report):
    if not any(one["name"] == "environment" for one in report["parameters"]):
        return ["production"]
    return ["production", "other"] + (["all"] if report["name"] not in NEVER_ALL else [])


def analyzed_on(reply):
    return datetime.date.fromisoformat(reply["freshness"]["complete_until"][:10])


def compare(running, product, database, ask, limit=1000):
    """Asks both; gives how many rows there were."""
    reply = running.pages(ask, product, limit)
    ask = dataclasses.replace(ask, analyzed=analyzed_on(reply))
    if ask.report == "freshness":
        [row] = reply["rows"]
        assert row.pop("product") == product and row.pop("complete_until") == row.pop("analyzed_until")
    check(ask, reply, REFERENCE[ask.report](database, ask))
    return len(reply["rows"])


def questions(report, first, last, min_users, funnel):
    where = {"steps": funnel} if report["name"] == "funnel" else {}
    for by in groupings(report):
        for environment in environments(report):
            yield Ask(report["name"], first, last, last, min_users, environment, by, where)


def steps(database):
    """Features that many use, as the steps of a funnel, and one that nobody uses."""
    return [name for name, in database.execute("""
        SELECT feature FROM event GROUP BY ALL
        ORDER BY count(DISTINCT session) DESC, feature LIMIT 4""").fetchall()] + ["nobody.uses.this"]


def spans(database):
    """All days of a product that have sessions, in ranges as long as they may be."""
    days = [day for day, in database.execute("SELECT DISTINCT day FROM session ORDER BY day").fetchall()]
    found = []
    while days:
        within = [day for day in days if day <= days[0] + LONGEST * DAY]
        found.append((within[0], within[-1]))
        days = days[len(within):]
    return found


def compare_all(running, product, database, report, ranges, min_users, limit=1000):
    """Compares all groupings, environments and ranges of a report; gives how many rows there were."""
    faults, rows = [], 0
    funnel = json.dumps(steps(database))
    for first, last in ranges:
        for ask in questions(report, first, last, min_users, funnel):
            try:
                rows += compare(running, product, database, ask, limit)
            except AssertionError as error:
                faults.append(str(error))
    assert not faults, f"{len(faults)} questions are answered otherwise\n" + "\n".join(faults)
    return rows


@pytest.fixture
def catalogue(running):
    return {report["name"]: report for report in running.get("/v1/reports")["reports"]}


def test_the_reference_knows_every_report(catalogue):
    # What the work took is measured: no log says so.
    assert set(catalogue) - {"cost"} == set(REFERENCE)


# Each setting for all reports before the next one: the program reads it anew each time.
@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("min_users", [3, 0, 12])
def test_reports_of_the_demo_are_those_of_the_reference(running, read, catalogue, min_users, name):
    running.set_min_users(DEMO, min_users)
    database, today = read(DEMO, "logbook"), datetime.datetime.now(datetime.UTC).date()
    # All days, which clocks that go wrong make more than the demo's sixty; those; some of their weeks.
    ranges = {0: spans(database), 3: [(today - 62 * DAY, today)], 12: [(today - 30 * DAY, today - 11 * DAY)]}
    rows = compare_all(running, DEMO, database, catalogue[name], ranges[min_users], min_users)
    # Of a small demo twelve persons may be too many for any group.
    assert rows or min_users == 12


@pytest.mark.skipif(not field_folder(), reason="LOGBOOK_REAL_LOGS is not set")
@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("number", range(len(FIELD)), ids=[one[0] for one in FIELD])
def test_reports_of_logs_of_the_field_are_those_of_the_reference(running, read, catalogue, number, name):
    folder, _, profile = FIELD[number]
    product = product_of(folder)
    database = read(product, profile)
    today = datetime.datetime.now(datetime.UTC).date()
    ranges = spans(database) + [(today - DAY, today)]
    compare_all(running, product, database, catalogue[name], ranges, 0)


def test_small_pages_add_up_to_the_same(running, read, catalogue):
    running.set_min_users(DEMO, 3)
    database, today = read(DEMO, "logbook"), datetime.datetime.now(datetime.UTC).date()
    for name, by in (("feature-usage", ("day", "version")), ("feature-adoption", ("feature",)),
                     ("feature-paths", ("from_feature", "to_feature")), ("retention", ()), ("release-delta", ())):
        ask = Ask(name, today - 41 * DAY, today, today, 3, by=by)
        assert compare(running, DEMO, database, ask, limit=7) > 7
