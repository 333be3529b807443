"""The same logs give the same answers, on AWS and in one process."""

import datetime
import gzip

import pytest

import real_logs
from doors import until
from stack import utc_now

KEYS = ("user", "installation", "account")
CLOCKS = ("analyzed_until", "complete_until")


@pytest.fixture(scope="module")
def loaded(stack, embedded, story):
    """Both with the story's logs, and those of the field, sent, parsed and analyzed: the two query
    APIs, and how the story's uploads were answered."""
    sent = {story.product["id"]: story.uploads(), **real_logs.uploads()}
    answers, mirrored = {}, {}
    for product, logs in sent.items():
        answers[product] = stack.uploads(product).send_all(logs)
        for upload in logs:
            # The embedded inbox takes files, of which nothing more can be said.
            upload.route = "ticket" if upload.route == "inbox" else upload.route
        mirrored[product] = embedded.uploads(product).send_all(logs)
    here, there = stack.query(), embedded.query

    def ledgers():
        stack.sweep()
        pairs = [[ledger(query, product) for query in (here, there)] for product in sent]
        return all(ours and ours == theirs and all(day["balanced"] for day in ours) for ours, theirs in pairs)

    until(ledgers, lambda: [[ledger(query, product) for query in (here, there)] for product in sent], 150, 2)
    stack.analyze()
    for product in sent:
        report = lambda: there.get("/v1/reports/active-users", product=product, **story.days)
        until(lambda: report()["freshness"]["days_pending"] == 0, "the embedded analysis", 60)
    return here, there, answers, mirrored


def ledger(query, product):
    return query.get("/v1/ledger", product=product)["days"]


def compare_reports(here, there, product, days):
    catalogue = here.get("/v1/reports")
    assert catalogue == there.get("/v1/reports")
    count = 0
    for report in catalogue["reports"]:
        if report["name"] == "cost":
            continue  # measured, and no two runs take the same time
        for by in groupings(report):
            asked = {"product": product, "limit": 1000, **days, **({"by": by} if by else {})}
            ours, theirs = (query.pages(f"/v1/reports/{report['name']}", "rows", **asked) for query in (here, there))
            # Until when something is complete tells the one's hour from the other's.
            for row in (*ours, *theirs):
                for name in CLOCKS:
                    row.pop(name, None)
            assert ours == theirs, (report["name"], by)
            count += len(ours)
    return count


def groupings(report):
    """The default, and what else the parameter `by` takes."""
    by = [one["allowed"].rpartition(":")[2] for one in report["parameters"] if one["name"] == "by"]
    return [None, *(value.strip() for value in by[0].split(";"))] if by else [None]


def compare_sessions(here, there, product, days):
    """Compares all sessions; ids of people are keyed, and must be one to one."""
    ours, theirs = (query.pages("/v1/sessions", "sessions", product=product, limit=500, **days)
                    for query in (here, there))
    for sessions in (ours, theirs):
        # Those without times are listed by when they were received, and are open from then on.
        sessions.sort(key=lambda session: session["session_id"])
        for session in sessions:
            del session["open_until"]
    assert len(ours) == len(theirs)
    for name in KEYS:
        pairs = {(one.pop(name, None), other.pop(name, None)) for one, other in zip(ours, theirs)}
        assert len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs}), name
    assert ours == theirs
    return ours


def events(query, product, session):
    """The events of a session, without the ids of their logs: those of the inbox are made of keys."""
    path = f"/v1/sessions/{session['session_id']}/events"
    found = query.pages(path, "events", product=product, limit=1000)
    return [{name: value for name, value in event.items() if name != "log_id"} for event in found]


def test_uploads_are_answered_alike(loaded, story):
    _, _, answers, mirrored = loaded
    product = story.product["id"]
    for line, ours, theirs in zip(story.lines, answers[product], mirrored[product]):
        if line["route"] == "api":
            assert (ours.status, ours.json) == (theirs.status, theirs.json), line
        assert ours.status < 500
    assert {answer.status for answer in answers[product]} >= {200, 201, 202, 403, 409}


def test_every_log_that_is_whole_has_a_receipt_that_says_parsed(loaded, stack, story):
    uploads = stack.uploads(story.product["id"])
    whole = [line for line in story.lines if line["expect"] == "parsed" and line["route"] != "inbox"]
    for line in whole[::5]:
        receipt = uploads.receipt(line["log_id"])
        if receipt["state"] == "duplicate":
            # Of two logs of one content the one that is parsed first is the log.
            receipt = uploads.receipt(receipt["duplicate_of"])
        assert receipt["state"] == "parsed", (line, receipt)
        assert [step["step"] for step in receipt["steps"]] == ["received", "archived", "queued", "parsed"]
        assert receipt["sessions"] == line["sessions"]
        assert receipt["log_id"] != line["log_id"] or receipt["via"] == line["route"]


def test_reports_are_the_same_row_for_row(loaded, story):
    here, there, *_ = loaded
    assert compare_reports(here, there, story.product["id"], story.days) > 500


def test_reports_as_csv_are_the_same(loaded, story):
    here, there, *_ = loaded
    asked = {"product": story.product["id"], **story.days, "format": "csv"}
    ours, theirs = (query.ask("GET", "/v1/reports/release-health", **asked) for query in (here, there))
    assert ours.content == theirs.content and ours.content.count(b"\n") > 3


def test_sessions_are_the_same_but_for_the_key_of_their_pseudonyms(loaded, story):
    here, there, *_ = loaded
    product = story.product["id"]
    sessions = compare_sessions(here, there, product, story.days)
    assert len(sessions) > 100
    for session in sessions[::40]:
        ours, theirs = (events(query, product, session) for query in (here, there))
        assert ours == theirs and ours


def test_a_log_comes_back_as_it_was_sent(loaded, stack, story):
    here = loaded[0]
    line, upload = next((line, upload) for line, upload in zip(story.lines, story.uploads())
                        if line["expect"] == "parsed" and line["route"] == "api")
    answer = here.ask("GET", f"/v1/logs/{line['log_id']}", product=story.product["id"])
    plain = gzip.decompress(upload.body) if upload.body[:2] == b"\x1f\x8b" else upload.body
    assert (answer.status, answer.content) == (200, plain)
    # And nothing of it lies open in the archive.
    listed = stack.s3.list_objects_v2(Bucket=stack.archive, Prefix=f"archive/{story.product['id']}/")
    sealed = stack.s3.get_object(Bucket=stack.archive, Key=listed["Contents"][0]["Key"])["Body"].read()
    assert b"session" not in sealed and sealed[:2] != b"\x1f\x8b"


@pytest.mark.skipif(not real_logs.folder(), reason="LOGBOOK_REAL_LOGS is not set")
@pytest.mark.parametrize("number", range(len(real_logs.SETS)), ids=[one[0] for one in real_logs.SETS])
def test_logs_of_the_field_give_the_same_on_both(loaded, number):
    here, there, answers, mirrored = loaded
    product, first = real_logs.PRODUCTS[number]["id"], datetime.date(real_logs.SETS[number][3], 1, 1)
    last = min(first + datetime.timedelta(days=3659), utc_now().date())
    days = {"from": first.isoformat(), "to": last.isoformat()}
    assert [one.status for one in answers[product]] == [one.status for one in mirrored[product]]
    assert compare_sessions(here, there, product, days)
    compare_reports(here, there, product, days)
