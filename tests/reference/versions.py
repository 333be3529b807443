"""The order of versions (Semantic Versioning 2.0.0, §11), and reports by version (docs/reports.md)."""

import math
import re
import statistics
from dataclasses import dataclass, replace
from fractions import Fraction

from asking import ALL, Answer, Data, counted, guarded, share, wanted
from features import at_rank, durations, ranked
from tables import UNKNOWN

SEMVER = re.compile(r"[vV]?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
STATUSES = ("ok", "exited", "errored", "unhandled", "abnormal", "crashed")
Z = statistics.NormalDist().inv_cdf(0.975)


def precedence(text):
    """A key that orders versions by precedence, or nothing where the text is no such version."""
    fits = SEMVER.fullmatch(text)
    if not fits:
        return None
    numbers = [int(number) for number in fits[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if fits[2] is None:
        return (numbers, 1, [])
    identifiers = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in fits[2].split(".")]
    return (numbers, 0, identifiers)


def in_order(versions, first_days):
    """Versions in their order: by precedence if all have one, else by their first days."""
    if all(precedence(version) is not None for version in versions):
        return sorted(versions, key=lambda version: (precedence(version), first_days[version], version))
    return sorted(versions, key=lambda version: (first_days[version], version))


def release_health(database, ask):
    data = Data(database, ask)
    condition, values = wanted(ask, "version")
    keys = ", ".join(ask.by)
    by_status = ", ".join(f"count(*) FILTER (status = '{status}') AS {status}" for status in STATUSES)
    groups = counted(data, ask, f"SELECT * FROM s WHERE {condition}", values)
    rows = data.rows(f"""
        SELECT {keys}, count(*) AS sessions, count(DISTINCT person) AS users,
               count(*) FILTER (person IS NULL) AS unidentified_sessions, {by_status},
               count(DISTINCT person) FILTER (status = 'crashed') AS users_crashed,
               count(DISTINCT person) FILTER (status NOT IN ('ok', 'exited')) AS users_failed
        FROM counted GROUP BY ALL ORDER BY {keys}""")
    for row in rows:
        sessions, users = row["sessions"], row["users"]
        row["crash_free_session_rate"] = share(sessions - row["crashed"], sessions)
        row["error_free_session_rate"] = share(row["ok"] + row["exited"], sessions)
        row["crash_free_user_rate"] = share(users - row.pop("users_crashed"), users)
        row["error_free_user_rate"] = share(users - row.pop("users_failed"), users)
    add_shares(data, rows, "day" in ask.by)
    return guarded(rows, ask, groups)


def add_shares(data, rows, by_day):
    """Shares of the sessions and users of the same day, or of the range."""
    counts = "count(*), count(DISTINCT person)"
    days = {day: pair for day, *pair in data.database.execute(
        f"SELECT day, {counts} FROM rs GROUP BY ALL").fetchall()}
    whole = data.database.execute(f"SELECT {counts} FROM rs").fetchone()
    for row in rows:
        sessions, users = days[row["day"]] if by_day else whole
        row["session_share"] = share(row["sessions"], sessions)
        row["user_share"] = share(row["users"], users)


def versions(database, ask):
    answer = release_health(database, ask)
    names = (*ask.by, "sessions", "users", "session_share", "user_share")
    return Answer([{name: row[name] for name in names} for row in answer.rows], answer.withheld)


def platforms(database, ask):
    data = Data(database, ask)
    keys = ", ".join(ask.by)
    groups = counted(data, ask, "SELECT * FROM s")
    rows = data.rows(f"""
        SELECT {keys}, count(*) AS sessions, count(DISTINCT person) AS users
        FROM counted GROUP BY ALL ORDER BY {keys}""")
    add_shares(data, rows, "day" in ask.by)
    return guarded(rows, ask, groups)


def top_errors(database, ask):
    data = Data(database, ask)
    keys = ", ".join(ask.by)
    condition, values = wanted(ask, "version", "error")
    groups = counted(
        data, ask, f"SELECT * FROM (SELECT *, feature AS error FROM e WHERE failed) WHERE {condition}", values)
    rows = data.rows(f"""
        SELECT {keys}, count(*) AS events, count(DISTINCT session) AS sessions,
               count(DISTINCT person) AS users
        FROM counted GROUP BY ALL ORDER BY {keys}""")
    known = {}
    for error, day, version in data.database.execute(
            "SELECT DISTINCT feature, day, version FROM e WHERE failed").fetchall():
        known.setdefault(error, {}).setdefault(day, set()).add(version)
    for row in rows:
        days = known[row["error"]]
        first, last = min(days), max(days)
        row.update(first_day=first, first_version=ordered(days[first])[0],
                   last_day=last, last_version=ordered(days[last])[-1])
    return guarded(rows, ask, groups)


def ordered(names):
    """Versions by precedence; what is none comes before, by its text."""
    return sorted(names, key=lambda name: (precedence(name) is not None, precedence(name) or (), name))


def wilson(part, whole):
    """The proportion and its score interval of 95 %."""
    if not whole:
        return None, None, None
    p, n = part / whole, whole
    middle, spread = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    low, high = (middle - spread) / (1 + Z * Z / n), (middle + spread) / (1 + Z * Z / n)
    return p, max(low, 0.0), min(high, 1.0)


def timed(sample):
    """The 95th percentile, and the order statistics at the ends of the interval of 0.95."""
    if not sample:
        return 0, (None, None, None)
    n = sum(uses for _, uses in sample)
    middle, spread = 0.95 + Z * Z / (2 * n), Z * math.sqrt(0.95 * 0.05 / n + Z * Z / (4 * n * n))
    low, high = ((middle + sign * spread) / (1 + Z * Z / n) for sign in (-1, 1))
    # Of few uses the percentile may lie beyond all of them: then there is no such end.
    known = (Fraction(5, 100) ** min(n, 100) <= Fraction(25, 1000), Fraction(95, 100) ** min(n, 100) <= Fraction(25, 1000))
    ends = (at_rank(sample, min(max(math.ceil(end * n), 1), n)) if has else None for end, has in zip((low, high), known))
    return n, (ranked(sample, Fraction(95, 100)), *ends)


def release_delta(database, ask):
    data = Data(database, ask)
    counted(data, replace(ask, by=("version",)), "SELECT * FROM s WHERE version <> ?", [UNKNOWN])
    counts = data.rows("""
        SELECT version, count(DISTINCT person) AS users, min(day) AS first FROM counted GROUP BY ALL""")
    enough = [row for row in counts if row["users"] >= ask.min_users]
    releases = in_order([row["version"] for row in enough], {row["version"]: row["first"] for row in enough})
    known = data.rows("SELECT DISTINCT version FROM rs WHERE version <> $1", UNKNOWN)
    withheld = sum(1 for row in known if row["version"] not in releases
                   and ask.where.get("version", row["version"]) == row["version"])
    measured = measures(data, ask)
    rows = []
    pairs = sorted(zip(releases[1:], releases), key=lambda pair: pair[0].encode())
    for version, previous in pairs:
        if ask.where.get("version", version) != version:
            continue
        for feature in sorted({ALL, *measured[version]["features"], *measured[previous]["features"]}):
            if ask.where.get("feature", feature) != feature:
                continue
            pair = [measured[one]["features"].get(feature) for one in (version, previous)]
            if feature != ALL and any(one and one["users"] < ask.min_users for one in pair):
                withheld += 1
                continue
            rows += compared(measured, version, previous, feature)
    return Answer(rows, withheld)


def measures(data, ask):
    """What every release measures, and every feature in it, each of the days that count for it."""
    out = {row.pop("version"): {**row, "features": {}} for row in data.rows("""
        SELECT version, count(*) AS sessions, count(DISTINCT person) AS users,
               count(*) FILTER (status = 'crashed') AS crashed,
               count(DISTINCT person) FILTER (status = 'crashed') AS users_crashed
        FROM counted GROUP BY ALL""")}
    people = data.rows("""
        SELECT version, day, list(DISTINCT person) FILTER (person IS NOT NULL) AS people FROM rs GROUP BY ALL""")
    for version, release in out.items():
        of_days = {row["day"]: set(row["people"] or ()) for row in people if row["version"] == version}
        release["by_day"] = ByDay(of_days, ask.min_users)
    counted(data, replace(ask, by=("version", "feature")), "SELECT * FROM e WHERE version <> ?", [UNKNOWN])
    samples = durations(data, "counted", ("version", "feature"))
    nothing = {"users": 0, "sessions": 0, "failed": 0, "sample": None}
    for row in data.rows("SELECT version, feature, list(DISTINCT day) AS days FROM re GROUP BY ALL"):
        if row["version"] in out:
            out[row["version"]]["features"][row["feature"]] = {**nothing, "used": set(row["days"])}
    for row in data.rows("SELECT version, feature, list(DISTINCT day) AS days FROM kept GROUP BY ALL"):
        if row["version"] in out:
            out[row["version"]]["features"][row["feature"]]["counts"] = set(row["days"])
    for row in data.rows("""
            SELECT version, feature, count(DISTINCT person) AS users, count(DISTINCT session) AS sessions,
                   count(DISTINCT session) FILTER (failed) AS failed
            FROM counted GROUP BY ALL"""):
        version, feature = row["version"], row["feature"]
        if version in out:
            out[version]["features"][feature].update(row, sample=samples.get((version, feature)))
    return out


@dataclass
class ByDay:
    """Who used a release on each day of the range."""

    of_days: dict
    min_users: int

    def beside(self, feature):
        """Its users on the days that count for a feature, and on those without it on which enough were there."""
        used, counts = feature.get("used", ()), feature.get("counts", ())
        return len({person for day, people in self.of_days.items() for person in people
                    if day in counts or (day not in used and len(people) >= self.min_users)})


def compared(measured, version, previous, feature):
    """The rows of a feature, or of the release as a whole."""
    ours, theirs = (values(measured[one], feature) for one in (version, previous))
    rows = []
    for measure, (n, (value, low, high)) in ours.items():
        row = {"version": version, "feature": feature, "measure": measure, "previous_version": previous,
               "n": n, "value": value, "value_low": low, "value_high": high}
        before_n, before = theirs[measure]
        row.update(zip(("previous_n", "previous_value", "previous_low", "previous_high"), (before_n, *before)))
        row.update(difference(row))
        rows.append(row)
    return rows


def values(release, feature):
    if feature == ALL:
        sessions, users = release["sessions"], release["users"]
        return {
            "crash_free_sessions": (sessions, wilson(sessions - release["crashed"], sessions)),
            "crash_free_users": (users, wilson(users - release["users_crashed"], users))}
    used = release["features"].get(feature, {"users": 0, "sessions": 0, "failed": 0, "sample": None})
    users = release["by_day"].beside(used)
    return {
        "adoption": (users, wilson(used["users"], users)),
        "error_rate": (used["sessions"], wilson(used["failed"], used["sessions"])),
        "p95_us": timed(used["sample"])}


def difference(row):
    """Newcombe's hybrid of the two intervals."""
    value, low, high = row["value"], row["value_low"], row["value_high"]
    before, before_low, before_high = row["previous_value"], row["previous_low"], row["previous_high"]
    names = ("difference", "difference_low", "difference_high", "differs")
    if value is None or before is None:
        return dict.fromkeys(names)
    d = value - before
    lower = upper = None
    if low is not None and before_high is not None:
        lower = d - math.sqrt((value - low) ** 2 + (before_high - before) ** 2)
    if high is not None and before_low is not None:
        upper = d + math.sqrt((high - value) ** 2 + (before - before_low) ** 2)
    differs = (lower is not None and lower > 0) or (upper is not None and upper < 0)
    return dict(zip(names, (d, lower, upper, differs)))
