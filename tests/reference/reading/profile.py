"""A profile's rules, applied to records (docs/profiles.md, fields to facts)."""

import re
import tomllib
from dataclasses import dataclass, field
from fractions import Fraction

from .otlp import otlp_records
from .records import BadRecord, csv_records, json_records
from .text import expression, listed, text_records
from .times import BadTime, instant

FAMILIES = {"ndjson": json_records, "csv": csv_records, "text": text_records, "otlp": otlp_records}
LEVELS = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"]
WORDS = {
    word: level for level, words in {
        "trace": "trace verbose finer finest all",
        "debug": "debug fine config",
        "info": "info information informational inform notice log",
        "warn": "warn warning",
        "error": "error err severe",
        "fatal": "fatal critical crit alert emerg emergency panic"}.items() for word in words.split()}
FACTS = ("version", "os", "runtime", "user", "installation", "account", "environment")
MAX_COUNT, MAX_DURATION_US = 10**12, 3_650 * 86_400 * 1_000_000
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": Fraction(1, 1_000)}
DECIMAL = re.compile(r"[+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?")
MAX_FACT_BYTES, MAX_NAME_BYTES = 190, 240
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
TEMPLATE = re.compile(r"\{\{|\}\}|\{([^}]*)\}")


@dataclass
class Entry:
    """A record as the profile reads it: an event, or metadata of sessions."""

    name: str | None
    time: int | None = None
    error: bool = False
    unhandled: bool = False
    crash: bool = False
    count: int = 1
    duration: int | None = None
    session: str | None = None
    group: str | None = None
    starts: bool = False
    ends: bool = False
    facts: dict = field(default_factory=dict)


class Profile:
    def __init__(self, path):
        self.rules = tomllib.loads(path.read_text())
        self.session = self.rules.get("session", {})
        for part, known in {
                "session": {"id", "group", "start", "end", "end_optional", "lookback_ms"},
                "text": {"record", "continuation", "before_first", "blank_lines", "strip_ansi", "layout"},
                "csv": {"required"}, "ndjson": set(),
                "time": {"field", "format", "required", "date"}}.items():
            unknown = set(self.rules.get(part, {})) - known
            assert not unknown, f"{path}: this reader does not know {unknown}"
        self.kinds = {kind: any_of(self.rules.get(kind, []))
                      for kind in ("metadata", "ignore", "error", "unhandled", "crash")}
        self.start, self.end = (any_of(listed(self.session.get(name, []))) for name in ("start", "end"))
        self.id, self.group = (sources(self.session.get(name, [])) for name in ("id", "group"))
        self.names = [*sources(self.rules["name"].get("field", [])), *sources(self.rules["name"].get("template", []))]
        self.times, self.counts, self.durations, self.levels = (
            sources(self.rules.get(part, {}).get("field", [])) for part in ("time", "count", "duration", "level"))
        self.words = {**WORDS, **{
            word.lower(): level for word, level in self.rules.get("level", {}).get("map", {}).items()}}
        self.special_levels = [
            (all_of(listed(one["all"])), one["level"]) for one in self.rules.get("level", {}).get("when", [])]
        self.facts_from = {
            name: [fact_source(one) for one in listed(one)] for name, one in self.rules.get("facts", {}).items()}
        assert set(self.facts_from) <= set(FACTS)

    def records(self, body):
        return FAMILIES[self.rules["family"]](body, self.rules)

    def entry(self, record):
        """What a record is: an entry, nothing where it is ignored, or `BadRecord`."""
        if self.kinds["metadata"](record, None):
            return Entry(None, starts=self.start(record, None), group=first(self.group, record),
                         facts=self.facts(record))
        if self.kinds["ignore"](record, None):
            return None
        level = self.level(record)
        unhandled = self.kinds["unhandled"](record, level)
        return Entry(
            self.name(record), self.time(record),
            error=unhandled or self.kinds["error"](record, level),
            unhandled=unhandled, crash=self.kinds["crash"](record, level),
            count=self.count(record), duration=self.duration(record),
            session=first(self.id, record), group=first(self.group, record),
            starts=self.start(record, level), ends=self.end(record, level), facts=self.facts(record))

    def name(self, record):
        found = first(self.names, record) or self.rules["name"].get("default")
        if found is None:
            raise BadRecord("no_name")
        name = CONTROL.sub(" ", found).strip()
        assert len(name.encode()) <= MAX_NAME_BYTES, "this reader knows no hash of long names"
        return name

    def time(self, record):
        rule = self.rules.get("time", {})
        text = first(self.times, record)
        if text is None:
            if rule.get("required"):
                raise BadRecord("bad_time")
            return None
        try:
            return instant(text, listed(rule["format"]), rule.get("date") and record.value(rule["date"]))
        except BadTime as error:
            raise BadRecord("bad_time") from error

    def level(self, record):
        rule = self.rules.get("level", {})
        for holds, level in self.special_levels:
            if holds(record, None):
                return level
        for source in self.levels:
            text = (source(record) or "").strip().lower()
            level = self.words.get(text)
            if level is None and rule.get("scale") == "severity_number" and text.isdigit():
                level = LEVELS[(int(text) + 3) // 4] if 1 <= int(text) <= 24 else None
            if level:
                return level
        return rule.get("default", "unspecified")

    def count(self, record):
        text = first(self.counts, record)
        if text is None:
            return 1
        text = text.strip()
        exact = Fraction(text.replace(",", ".").rstrip(".")) if DECIMAL.fullmatch(text) else Fraction(-1)
        if exact.denominator != 1 or not 0 <= exact <= MAX_COUNT:
            raise BadRecord("out_of_range")
        return int(exact)

    def duration(self, record):
        text = first(self.durations, record)
        if text is None:
            return None
        text, unit = text.strip(), UNITS[self.rules["duration"].get("unit", "ms")]
        if not DECIMAL.fullmatch(text):
            raise BadRecord("out_of_range")
        exact = int(text) * unit if text.isdigit() else Fraction(text.replace(",", ".").rstrip(".")) * unit
        if not 0 <= exact <= MAX_DURATION_US:
            raise BadRecord("out_of_range")
        return int(exact + Fraction(1, 2))

    def facts(self, record):
        found = {}
        for name, ways in self.facts_from.items():
            for way in ways:
                text = way(record)
                if text:
                    found[name] = text
                    break
        return found


def source(text):
    """A field, or a template with fields in braces, as a function of a record."""
    return (lambda record: filled(text, record)) if "{" in text else (lambda record: record.value(text))


def sources(texts):
    return [source(text) for text in listed(texts)]


def first(ways, record):
    """The first text that is not blank."""
    for way in ways:
        text = way(record)
        if text and not text.isspace():
            return text
    return None


def fact_source(rule):
    """A fact's text in a record, as a function; an empty one counts as none."""
    rule = {"field": rule} if isinstance(rule, str) else rule
    when = all_of(listed(rule.get("when", [])))
    text_of = source(rule.get("field") or rule.get("template"))
    pattern = expression(rule["pattern"]) if "pattern" in rule else None

    def text(record):
        found = text_of(record)
        if not found or not when(record, None):
            return None
        if pattern:
            hit = pattern.search(found)
            found = (hit and hit["value"]) or ""
        return found.strip().encode()[:MAX_FACT_BYTES].decode("utf-8", "ignore")

    return text


def filled(template, record):
    """A template's text, if all its fields have one."""
    missing = False

    def put(hit):
        nonlocal missing
        if hit[1] is None:
            return hit[0][0]
        value = record.value(hit[1])
        missing = missing or not value
        return value or ""

    text = TEMPLATE.sub(put, template)
    return None if missing else text


def any_of(rules):
    """Whether one of several rules holds, as a function of a record and its level."""
    made = [all_of([*listed(rule.get("all", [])), *own(rule)]) for rule in rules]
    return lambda record, level: any(holds(record, level) for holds in made)


def own(rule):
    """The condition that a rule is itself, beside those under `all`."""
    condition = {name: value for name, value in rule.items() if name != "all"}
    return [condition] if condition else []


def all_of(conditions):
    made = [condition_of(one) for one in conditions]
    return lambda record, level: all(holds(record, level) for holds in made)


def condition_of(condition):
    """A condition as a function of a record and its level."""
    [(test, wanted)] = [(name, value) for name, value in condition.items() if name != "field"]
    if test == "level_at_least":
        least = LEVELS.index(wanted)
        return lambda record, level: LEVELS.index(level) >= least
    if test == "line":
        return lambda record, level: record.line == wanted
    field_name = condition["field"]
    if test == "exists":
        return lambda record, level: record.exists(field_name) == wanted
    holds = test_of(test, wanted)
    return lambda record, level: holds(record.value(field_name))


def test_of(test, wanted):
    if test == "matches":
        pattern = expression(wanted)
        return lambda text: text is not None and pattern.search(text) is not None
    if test == "one_of":
        words = {worded(one) for one in wanted}
        return lambda text: text in words
    word = worded(wanted)
    return {
        "equals": lambda text: text == word,
        "not": lambda text: text != word,
        "contains": lambda text: text is not None and word in text,
        "prefix": lambda text: text is not None and text.startswith(word),
        "suffix": lambda text: text is not None and text.endswith(word)}[test]


def worded(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
