"""Records of texts (docs/profiles.md, text)."""

import re

from .records import BadRecord, FlatRecord, lines

HEAD_LINES, HEAD_CHARACTERS = 1000, 64 << 10
ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def expression(text):
    """A regular expression of a profile in Python's words."""
    return re.compile(text.replace("(?<", "(?P<"))


def listed(value):
    return value if isinstance(value, list) else [value]


def text_records(body, profile):
    """A line at which a pattern fits begins a record; others belong to the record before."""
    settings = profile["text"]
    found = list(lines(body))
    if settings.get("strip_ansi"):
        found = [(at, ANSI.sub("", line)) for at, line in found]
    head = "\n".join(line for _, line in found[:HEAD_LINES])[:HEAD_CHARACTERS]
    for layout in settings.get("layout", []):
        if expression(layout["when"]).search(head):
            settings = layout
            break
    if found and not found[-1][1] and settings.get("blank_lines") != "record":
        found.pop()
    return grouped(found, settings, [expression(one) for one in listed(settings["record"])])


def grouped(found, settings, patterns):
    continuation, before = settings.get("continuation", True), settings.get("before_first", "reject")
    record, begun = None, False
    for at, line in found:
        if not line.strip() and settings.get("blank_lines", "skip") == "skip":
            continue
        fits = next((hit for hit in (pattern.search(line) for pattern in patterns) if hit), None)
        if fits:
            if record:
                yield ended(record)
            record, begun = (fits.groupdict(), [line], at), True
        elif record and continuation:
            record[1].append(line)
        elif begun or before == "reject":
            yield BadRecord("broken")
        elif before == "record":
            if record is None:
                record = ({}, [line], at)
    if record:
        yield ended(record)


def ended(record):
    groups, texts, at = record
    rest = "\n".join(texts[1:] if groups else texts)
    return FlatRecord({**groups, "@text": "\n".join(texts), "@rest": rest or None}, at)
