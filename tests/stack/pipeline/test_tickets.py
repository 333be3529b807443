"""Tickets: S3 takes what they say, and nothing else."""

import re
import time
import urllib.parse

import pytest

from doors import Upload, until

LOG = b'{"name":"draw.line","time":"2026-01-01T00:00:00Z"}\n' * 3


@pytest.fixture(scope="module")
def early(stack):
    """A ticket that has run out when the last test of this file is done with waiting."""
    answer = stack.uploads("probe").ticket(Upload("tickets-late", LOG))
    assert answer.status == 201, answer.content
    return answer.json, time.monotonic()


def ticket(stack, log_id, **other):
    answer = stack.uploads("probe").ticket(Upload(log_id, LOG), **other)
    assert answer.status == 201, answer.content
    return answer.json


def test_a_ticket_is_redeemed_once(early, stack):
    uploads, held = stack.uploads("probe"), ticket(stack, "tickets-once")
    # Nothing of the function's own surroundings is signed, such as its trace.
    assert set(held["headers"]) == {"content-length", "if-none-match", "x-amz-meta-logbook-consent"}
    assert uploads.put(held, LOG).status == 200
    receipt = until(lambda: (uploads.receipt("tickets-once") or {}).get("state") == "parsed" and
                    uploads.receipt("tickets-once"), "parsed")
    assert receipt["via"] == "ticket"
    # Put again it is the same log: taken in, and settled as what it is.
    assert uploads.put(held, LOG).status in (200, 412)
    until(lambda: not stack.s3.list_objects_v2(Bucket=stack.inbox, Prefix="inbox/").get("Contents"), "an empty inbox")
    assert stack.database.one("SELECT COUNT(*) FROM logbook_sessions.log WHERE log_id = 'tickets-once'") == 1


def test_a_ticket_takes_no_other_size(early, stack):
    uploads, held = stack.uploads("probe"), ticket(stack, "tickets-size")
    for body in (LOG + b"x", LOG[:-1], b""):
        length = {"content-length": str(len(body))}
        assert uploads.put(held, body, length).status == 403, len(body)
    assert uploads.receipt("tickets-size") is None


def test_an_altered_ticket_opens_nothing(early, stack):
    uploads, held = stack.uploads("probe"), ticket(stack, "tickets-altered")
    url = held["url"]
    query = urllib.parse.urlsplit(url).query
    altered = {
        "another log": url.replace("tickets-altered", "tickets-altered2"),
        "another product": url.replace("/probe/", "/neighbour/"),
        "another bucket": url.replace(stack.inbox, stack.archive),
        "a longer time": url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        "another signature": re.sub("X-Amz-Signature=[0-9a-f]{8}", "X-Amz-Signature=00000000", url),
        "no signature": url.replace("?" + query, ""),
    }
    for what, other in altered.items():
        assert other != url, what
        assert uploads.put({**held, "url": other}, LOG).status == 403, what
    for header, value in {"x-amz-meta-logbook-consent": "error", "if-none-match": "x"}.items():
        assert header in held["headers"], header
        assert uploads.put(held, LOG, {header: value}).status == 403, header
    # As it is, it holds.
    assert uploads.put(held, LOG).status == 200


def test_a_ticket_says_when_it_ends(early, stack):
    held, since = early
    assert "X-Amz-Expires=60&" in held["url"] + "&"
    time.sleep(max(0, since + 61.5 - time.monotonic()))
    assert stack.uploads("probe").put(held, LOG).status == 403
    assert stack.uploads("probe").receipt("tickets-late") is None
