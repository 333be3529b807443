"""Records of the families, each with its fields (docs/profiles.md, families and paths).

A field's value is a text; numbers are the text that the log has, true and false are words. Where a
text cannot be had (null, an object, a list, nothing at all) the value is None.
"""

import functools
import json
import re

MAX_DEPTH = 64
MAX_RECORD_BYTES = 1 << 20
STEP = re.compile(r'"(?P<quoted>[^"]*)"|\[(?P<index>\d+)\]|(?P<plain>[^."\[]+)|\.')


class BadRecord(Exception):
    """A record that costs itself only."""


def constant(text):
    raise BadRecord(text)


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=constant)


def lines(body):
    """Numbered lines: repaired, without byte order mark and line breaks."""
    text = body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    for at, line in enumerate(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").split("\n"), 1):
        yield at, line.removesuffix("\r")


class JsonRecord:
    """A line that is an object of JSON."""

    def __init__(self, value, line=0):
        self.top = value
        self.texts = {name: as_text(inner) for name, inner in value.items()}
        self.line = line

    def value(self, path):
        text = self.texts.get(path)
        if text is not None or path.isidentifier():
            return text
        return as_text(lookup(self.top, steps(path), True))

    def exists(self, path):
        return lookup(self.top, steps(path), True) is not None


def as_text(found):
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else None


@functools.cache
def steps(path):
    """The steps of a path: names, positions in lists, `*` and `@key`."""
    out = []
    for hit in STEP.finditer(path):
        if hit["quoted"] is not None:
            out.append(("name", hit["quoted"]))
        elif hit["index"] is not None:
            out.append(("index", int(hit["index"])))
        elif hit["plain"] is not None:
            kind = {"*": "any", "@key": "key"}.get(hit["plain"], "name")
            out.append((kind, hit["plain"]))
    return tuple(out)


def lookup(value, path, top=False):
    """What a path finds, or None."""
    if not path:
        return value
    (kind, what), rest = path[0], path[1:]
    if kind == "index":
        inside = isinstance(value, list) and what < len(value)
        return lookup(value[what], rest) if inside else None
    if not isinstance(value, dict):
        return None
    if kind == "key":
        return next(iter(value), None)
    if kind == "any":
        hits = (lookup(child, rest) for child in value.values())
        return next((hit for hit in hits if hit is not None), None)
    found = lookup(value[what], rest) if what in value else None
    if found is None and top and len(path) > 1 and all(kind == "name" for kind, _ in path):
        found = value.get(".".join(name for _, name in path))
    return found


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def json_records(body, _):
    """One object a line."""
    for at, line in lines(body):
        if not line.strip():
            continue
        try:
            if len(line.encode()) > MAX_RECORD_BYTES:
                raise BadRecord("too_long")
            value = DECODER.decode(line.strip())
            if not isinstance(value, dict) or depth(value) > MAX_DEPTH:
                raise BadRecord("broken")
            yield JsonRecord(value, at)
        except (json.JSONDecodeError, RecursionError):
            yield BadRecord("broken")
        except BadRecord as error:
            yield error


class FlatRecord:
    """Fields by their names: cells of a row, groups of a pattern."""

    def __init__(self, fields, line=0):
        self.fields = fields
        self.line = line

    def value(self, name):
        return self.fields.get(name)

    def exists(self, name):
        return self.fields.get(name) is not None


def csv_records(body, profile):
    """Rows under a header (RFC 4180)."""
    rows = csv_rows(body)
    columns = next((row for row in rows if row), None)
    if columns is None:
        return
    columns = [name.strip() for name in columns]
    if any(name not in columns for name in profile["csv"].get("required", [])):
        raise ValueError("wrong_format")
    for row in rows:
        if isinstance(row, BadRecord):
            yield row
        elif row:
            good = len(row) == len(columns)
            yield FlatRecord(dict(zip(columns, row))) if good else BadRecord("wrong_cells")


CELL = re.compile(r'[ \t]*"((?:[^"]|"")*)"[ \t]*(?=,|\r?\n|\Z)|([^,\n]*)')


def csv_rows(body):
    """Rows as lists of cells; a blank line is an empty one."""
    text = "\n".join(line for _, line in lines(body))
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if not text[at:end].strip():
            at = end + 1
            continue
        row = []
        while True:
            hit = CELL.match(text, at)
            if hit[1] is None and hit[2].lstrip(" \t").startswith('"'):
                # A quote that is not closed costs its line.
                row, at = BadRecord("broken"), end
                break
            row.append(hit[2] if hit[1] is None else hit[1].replace('""', '"'))
            at = hit.end()
            if at >= len(text) or text[at] != ",":
                break
            at += 1
        yield row
        at += 1
