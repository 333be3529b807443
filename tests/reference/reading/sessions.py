"""From the records of a log to its parts, from the parts of a session to the session
(docs/profiles.md, session; docs/reports.md, release health)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from .profile import FACTS
from .records import BadRecord

STATUSES = ("ok", "exited", "errored", "unhandled", "abnormal", "crashed")
PEOPLE = ("user", "installation", "account")


class Event(NamedTuple):
    """One thing that happened."""

    name: str
    time: int | None
    error: bool
    unhandled: bool
    crash: bool
    count: int
    duration: int | None


@dataclass
class Part:
    """What one log says about one session."""

    session: object
    log_id: str
    consent: str
    received_us: int
    events: list = field(default_factory=list)
    own: dict = field(default_factory=dict)
    beside: dict = field(default_factory=dict)
    started: bool = False
    ended: bool = False
    #: A later start in the same log and group came before an end.
    overtaken: bool = False

    def facts(self):
        return {**self.beside, **self.own}

    def times(self):
        """The times that its events have, in their order, which need not be that of the clock."""
        return [event.time for event in self.events if event.time is not None]

    def order(self):
        """Parts of a session stand in the order of their first events."""
        return (next(iter(self.times()), self.received_us), self.log_id)


def parts_of(log, profile):
    """The parts of a log. Raises `ValueError` with the reason for which it is refused as a whole."""
    entries, bad = [], 0
    for record in profile.records(log.body()):
        try:
            if isinstance(record, BadRecord):
                raise record
            entry = profile.entry(record)
        except BadRecord:
            bad += 1
            continue
        if entry is not None:
            entries.append(entry)
    if not any(entry.name is not None for entry in entries):
        raise ValueError("no_good_record" if bad else "empty")
    return assigned(log, profile, entries)


def assigned(log, profile, entries):
    runs = runs_of(profile, entries)
    metadata = {}
    for entry in entries:
        if entry.name is None and not entry.starts:
            metadata = {**entry.facts, **metadata}
    parts, ordinals, named = {}, {}, log.said.get("session")
    for position, (entry, run) in enumerate(zip(entries, runs)):
        if entry.name is None and not entry.starts:
            continue
        if entry.session is not None:
            key = entry.session
        else:
            ordinal = ordinals.setdefault(run, len(ordinals))
            key = named if named and ordinal == 0 else (log.log_id, ordinal)
        part = parts.setdefault(key, Part(key, log.log_id, log.consent, log.received_us))
        if entry.name is None:
            part.beside = {**entry.facts, **part.beside}
        else:
            part.events.append(Event(entry.name, entry.time, entry.error, entry.unhandled, entry.crash,
                                     entry.count, entry.duration))
            part.own = {**entry.facts, **part.own}
        part.started = part.started or entry.starts
        part.ended = part.ended or entry.ends
    overtake(entries, runs, parts, ordinals, log)
    said = {name: text for name, text in log.said.items() if name in FACTS}
    for part in parts.values():
        part.beside = {**said, **metadata, **part.beside}
    return [part for part in parts.values() if part.events or part.started]


def runs_of(profile, entries):
    """For each entry without a session's id the run that it belongs to: group and number."""
    numbers, begun, runs = {}, {}, [None] * len(entries)
    lookback_us = profile.session.get("lookback_ms", 0) * 1_000
    for at, entry in enumerate(entries):
        if entry.session is not None or (entry.name is None and not entry.starts):
            continue
        if entry.starts:
            numbers[entry.group] = numbers.get(entry.group, 0) + 1
            for before in reversed(begun.get(entry.group, [])):
                earlier = entries[before]
                if lookback_us == 0 or earlier.starts or None in (earlier.time, entry.time):
                    break
                if not 0 <= entry.time - earlier.time <= lookback_us:
                    break
                runs[before] = (entry.group, numbers[entry.group])
        runs[at] = (entry.group, numbers.setdefault(entry.group, 0))
        begun.setdefault(entry.group, []).append(at)
    return runs


def overtake(entries, runs, parts, ordinals, log):
    """Marks those whose end never came though the next run of their group began."""
    named = log.said.get("session")
    last = {}
    for run in ordinals:
        last.setdefault(run[0], []).append(run)
    for group in last.values():
        for run in sorted(group, key=lambda run: run[1])[:-1]:
            key = named if named and ordinals[run] == 0 else (log.log_id, ordinals[run])
            parts[key].overtaken = not parts[key].ended


@dataclass
class Session:
    """One run of the software: what all its parts say."""

    session: object
    day_us: int
    status: str
    version: str | None
    os: str | None
    runtime: str | None
    account: str | None
    environment: str | None
    person: str | None
    features: list


def folded(parts, profile, pseudonym, silent_before_us):
    """The session of its parts. What was sent under the consent `error` or `crash` tells less."""
    parts = sorted(parts, key=Part.order)
    facts = {}
    for part in parts:
        facts = {**allowed_facts(part, pseudonym), **facts}
    begun = [part.times()[0] for part in parts if part.times()]
    features = [event for part in parts for event in allowed_events(part)]
    return Session(
        session=parts[0].session,
        day_us=min(begun) if begun else min(part.received_us for part in parts),
        status=status(parts, profile, silent_before_us),
        person=facts.get("user") or facts.get("installation"),
        features=features,
        **{name: facts.get(name) for name in ("version", "os", "runtime", "account", "environment")})


def allowed_facts(part, pseudonym):
    """Facts as they are stored: people by pseudonyms, and nobody without the consent `usage`."""
    facts = part.facts()
    if part.consent != "usage":
        return {name: text for name, text in facts.items() if name not in PEOPLE}
    return {name: pseudonym(name, text) if name in PEOPLE else text for name, text in facts.items()}


def allowed_events(part):
    """What is stored of events: of those that failed, under the consent `error`, that each did."""
    if part.consent == "usage":
        return part.events
    failed = [event for event in part.events if event.error and part.consent == "error"]
    return [event._replace(count=1, duration=None) for event in failed]


def status(parts, profile, silent_before_us):
    """The worst that any part tells."""
    seen = {"ok"}
    for part in parts:
        events = part.events
        seen |= {"exited"} if part.ended else set()
        seen |= {"crashed"} if any(event.crash for event in events) else set()
        if part.consent != "crash":
            seen |= {"errored"} if any(event.error for event in events) else set()
            seen |= {"unhandled"} if any(event.unhandled for event in events) else set()
    judged = [part for part in parts if part.consent == "usage" and expects_end(profile)]
    never_ended = any(part.started for part in judged) and not any(part.ended for part in parts)
    last = max((part.times()[-1] for part in parts if part.times()), default=silent_before_us)
    if any(part.overtaken for part in judged) or (never_ended and last < silent_before_us):
        seen.add("abnormal")
    return max(seen, key=STATUSES.index)


def expects_end(profile):
    return "end" in profile.session and not profile.session.get("end_optional", False)
