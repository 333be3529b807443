"""Reports on features (docs/reports.md)."""

import itertools
import json
from fractions import Fraction

from asking import Answer, Data, counted, guarded, share, wanted

PERCENTILES = {"p50_us": 50, "p95_us": 95, "p99_us": 99}


def feature_usage(database, ask):
    data = Data(database, ask)
    condition, values = wanted(ask, "version", "feature")
    keys = ", ".join(ask.by)
    groups = counted(data, ask, f"SELECT * FROM e WHERE {condition}", values)
    rows = data.rows(f"""
        SELECT {keys}, sum(uses)::BIGINT AS uses, count(DISTINCT session) AS sessions,
               count(DISTINCT person) AS users, count(*) FILTER (failed) AS errors,
               coalesce(sum(uses) FILTER (duration_us IS NOT NULL), 0)::BIGINT AS timed_uses
        FROM counted GROUP BY ALL ORDER BY {keys}""")
    if "feature" not in ask.by and "feature" not in ask.where:
        # All sessions of the group, those included of which no event may be stored.
        rows_of = f"""
            SELECT {keys}, rs.day AS of_day, count(*) AS sessions, count(DISTINCT person) AS users
            FROM rs WHERE {condition} GROUP BY {keys}, rs.day, production"""
        if "day" in ask.by:
            chosen = f"SELECT {keys}, sum(sessions)::BIGINT FROM of_rows GROUP BY ALL"
        else:
            # Of the days that count, and of those of enough persons on which they used no feature.
            chosen = f"""
                SELECT {keys}, sum(n)::BIGINT FROM (
                    SELECT {keys}, of_day AS day, sum(sessions) AS n, max(users) AS users FROM of_rows GROUP BY ALL)
                LEFT JOIN (SELECT *, true AS counts FROM kept) USING ({keys}, day)
                LEFT JOIN (SELECT DISTINCT {keys}, day, true AS used FROM of_all_days) USING ({keys}, day)
                WHERE counts OR (used IS NULL AND users >= {ask.min_users}) GROUP BY ALL"""
        everyone = {row[:-1]: row[-1] for row in data.database.execute(
            f"WITH of_rows AS ({rows_of}) {chosen}", values).fetchall()}
        for row in rows:
            row["sessions"] = everyone[tuple(row[name] for name in ask.by)]
    timed = durations(data, "counted", ask.by)
    for row in rows:
        sample = timed.get(tuple(row[name] for name in ask.by))
        for name, percent in PERCENTILES.items():
            row[name] = ranked(sample, Fraction(percent, 100))
    return guarded(rows, ask, groups)


def durations(data, table, by):
    """Durations and how many uses had them, ascending, by group."""
    keys = ", ".join(by)
    rows = data.database.execute(f"""
        SELECT {keys}, duration_us, sum(uses)::BIGINT FROM {table}
        WHERE duration_us IS NOT NULL AND uses > 0 GROUP BY ALL ORDER BY {keys}, duration_us""").fetchall()
    return {key: [row[-2:] for row in group] for key, group in itertools.groupby(rows, lambda row: row[:-2])}


def ranked(sample, share_below):
    """The nearest-rank value: at or below which such a share of the uses lies."""
    if not sample:
        return None
    rank = -(-share_below * sum(uses for _, uses in sample) // 1)
    return at_rank(sample, rank)


def at_rank(sample, rank):
    """The duration of the use that has this rank, from 1."""
    for duration, uses in sample:
        rank -= uses
        if rank <= 0:
            return duration
    return sample[-1][0]


def feature_adoption(database, ask):
    data = Data(database, ask)
    condition, values = wanted(ask, "feature")
    by_day = "day" in ask.by
    keys = ", ".join(ask.by)
    groups = counted(data, ask, f"SELECT * FROM e WHERE {condition}", values)
    rows = data.rows(f"SELECT {keys}, count(DISTINCT person) AS users FROM counted GROUP BY ALL ORDER BY {keys}")
    active = dict(data.database.execute("SELECT day, count(DISTINCT person) FROM rs GROUP BY ALL").fetchall())
    of_range = data.value("SELECT count(DISTINCT person) FROM rs")
    # First uses of all time, with the next day of use after them.
    data.database.execute("""
        CREATE OR REPLACE TEMP TABLE first_use AS
        WITH used AS (SELECT DISTINCT feature, person, day FROM e WHERE person IS NOT NULL),
        firsts AS (SELECT feature, person, min(day) AS day FROM used GROUP BY ALL)
        SELECT f.feature, f.person, f.day, min(u.day) AS again
        FROM firsts f LEFT JOIN used u ON u.feature = f.feature AND u.person = f.person AND u.day > f.day
        GROUP BY ALL""")
    # A block is over when its last day is.
    last = "first_use.day" if by_day else "block"
    begun = {tuple(row.pop(name) for name in ask.by): row for row in data.rows(f"""
        SELECT {keys}, count(*) AS new_users,
               count(*) FILTER (again <= first_use.day + 7) AS repeat_7,
               count(*) FILTER (again <= first_use.day + 28) AS repeat_28,
               count(*) FILTER ({last} + 7 < $1) AS over_7,
               count(*) FILTER ({last} + 28 < $1) AS over_28,
               count(*) FILTER ({last} + 7 < $1 AND again <= first_use.day + 7) AS came_7,
               count(*) FILTER ({last} + 28 < $1 AND again <= first_use.day + 28) AS came_28
        FROM first_use {"" if by_day else "JOIN kept USING (feature, day)"}
        WHERE first_use.day BETWEEN $2 AND $3 GROUP BY ALL""", ask.analyzed, ask.first, ask.last)}
    for row in rows:
        first = begun.get(tuple(row[name] for name in ask.by), {})
        row["active_users"] = active[row["day"]] if by_day else of_range
        row["adoption"] = share(row["users"], row["active_users"])
        for name in ("new_users", "repeat_7", "repeat_28"):
            row[name] = first.get(name, 0)
        for days in ("7", "28"):
            row[f"repeat_{days}_rate"] = share(first.get("came_" + days, 0), first.get("over_" + days, 0))
    return guarded(rows, ask, groups)


def feature_paths(database, ask):
    data = Data(database, ask)
    data.database.execute("""
        CREATE OR REPLACE TEMP TABLE step AS
        WITH firsts AS (
            SELECT session, day, person, feature, min(place) AS place FROM e GROUP BY ALL),
        placed AS (
            SELECT *, lead(feature) OVER (PARTITION BY session ORDER BY place) AS next,
                   row_number() OVER (PARTITION BY session ORDER BY place) AS number
            FROM firsts)
        SELECT session, day, person, feature AS from_feature, coalesce(next, '(end)') AS to_feature
        FROM placed
        UNION ALL
        SELECT session, day, person, '(start)', feature FROM placed WHERE number = 1""")
    keys = ", ".join(ask.by)
    before = [name for name in ask.by if name != "to_feature"]
    groups = counted(data, ask, "SELECT * FROM step")
    rows = data.rows(f"""
        SELECT {keys}, count(DISTINCT session) AS sessions, count(DISTINCT person) AS users
        FROM counted GROUP BY ALL ORDER BY {keys}""")
    if "day" in ask.by:
        whole = dict((row[:-1], row[-1]) for row in data.database.execute(f"""
            SELECT {', '.join(before)}, count(DISTINCT session) FROM counted GROUP BY ALL""").fetchall())
    else:
        # Of the days that count for the step, and of those without it on which enough persons had the
        # feature before, or began.
        whole = dict((row[:-1], row[-1]) for row in data.database.execute("""
            WITH known AS (
                SELECT from_feature, step.day, step.person, step.session,
                       from_feature <> '(start)' AND production AS apart
                FROM step JOIN s ON s.id = step.session WHERE step.day BETWEEN $1 AND $2),
            of_rows AS (
                SELECT from_feature, day, count(DISTINCT session) AS sessions, count(DISTINCT person) AS users
                FROM known GROUP BY from_feature, day, apart),
            before AS (
                SELECT from_feature, day, sum(sessions) AS sessions, max(users) AS users FROM of_rows GROUP BY ALL),
            pair AS (SELECT DISTINCT from_feature, to_feature FROM kept)
            SELECT pair.from_feature, pair.to_feature, sum(sessions)::BIGINT
            FROM pair JOIN before USING (from_feature)
            LEFT JOIN (SELECT *, true AS counts FROM kept) AS k ON k.from_feature = pair.from_feature
                AND k.to_feature = pair.to_feature AND k.day = before.day
            LEFT JOIN (SELECT DISTINCT from_feature, to_feature, day, true AS used FROM of_all_days) AS o
                ON o.from_feature = pair.from_feature AND o.to_feature = pair.to_feature AND o.day = before.day
            WHERE counts OR (used IS NULL AND users >= $3) GROUP BY ALL""",
            [ask.first, ask.last, ask.min_users]).fetchall())
    for row in rows:
        group = before if "day" in ask.by else ask.by
        row["share"] = share(row["sessions"], whole[tuple(row[name] for name in group)])
    return guarded(rows, ask, groups)


def funnel(database, ask):
    data = Data(database, ask)
    steps = json.loads(ask.where["steps"])
    firsts = data.database.execute(
        "SELECT feature, person, min(day) FROM e WHERE person IS NOT NULL GROUP BY ALL").fetchall()
    of_step = {step: {person: day for feature, person, day in firsts if feature == step} for step in steps}
    at = {person: day for person, day in of_step[steps[0]].items() if ask.first <= day <= ask.last}
    rows, first, previous = [], len(at), None
    for number, step in enumerate(steps, 1):
        if number > 1:
            reached = of_step[step]
            at = {person: reached[person] for person, day in at.items()
                  if person in reached and reached[person] >= day}
        rows.append({
            "step": number, "feature": step, "users": len(at), "share_of_first": share(len(at), first),
            "share_of_previous": None if previous is None else share(len(at), previous)})
        previous = len(at)
    shown = list(itertools.takewhile(lambda row: row["users"] >= ask.min_users, rows))
    return Answer(shown, len(rows) - len(shown))


def account_features(database, ask):
    data = Data(database, ask)
    condition, values = wanted(ask, "account", "feature")
    rows = data.rows(f"""
        SELECT account, feature, count(DISTINCT person) AS persons, max(day) AS last_day
        FROM re WHERE account IS NOT NULL AND {condition}
        GROUP BY ALL ORDER BY account, feature""", *values)
    for row in rows:
        persons = row.pop("persons")
        row["users"] = band(persons, ask.min_users)
        if persons < ask.min_users:
            row["last_day"] = None
    return Answer(rows)


def band(persons, min_users):
    """The band of so many persons; none begins below `min_users`."""
    if persons == 0:
        return "(unknown)"
    if persons < min_users:
        return f"fewer than {min_users}"
    lower, upper = next(pair for pair in ((1, 9), (10, 24), (25, 99), (100, None))
                        if pair[1] is None or persons <= pair[1])
    lower = max(lower, min_users)
    return f"{lower} or more" if upper is None else f"{lower} to {upper}"
