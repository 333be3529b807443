"""Reports on people and accounts (docs/reports.md)."""

import datetime
from dataclasses import replace

from asking import Answer, Data, share, wanted

DAY = datetime.timedelta(days=1)


def days_of(data):
    """Persons by day, sessions and unidentified sessions by day, and everybody's first day."""
    persons, counts = {}, {}
    for day, person in data.database.execute("SELECT day, person FROM s").fetchall():
        all_of_day, nobody = counts.get(day, (0, 0))
        counts[day] = (all_of_day + 1, nobody + (person is None))
        persons.setdefault(day, set())
        if person is not None:
            persons[day].add(person)
    firsts = dict(data.database.execute(
        "SELECT person, min(day) FROM s WHERE person IS NOT NULL GROUP BY ALL").fetchall())
    return persons, counts, firsts


def window(persons, last, days):
    """Distinct persons of the days that end with the last."""
    return set().union(*(persons.get(last - DAY * back, ()) for back in range(days)))


def active_users(database, ask):
    persons, counts, firsts = days_of(Data(database, ask))
    rows, withheld, day = [], 0, ask.first
    while day <= min(ask.last, ask.analyzed):
        if day in counts or window(persons, day, 28):
            row, hidden = of_day(day, persons, counts, firsts, ask.min_users)
            withheld += hidden
            # That nobody came on the day is told beside other figures only.
            shown = {name for name, value in row.items() if value is not None} - {"day"}
            if shown & {"wau", "mau"} or (shown and row["sessions"]):
                rows.append(row)
        day += DAY
    return Answer(rows, withheld)


def of_day(day, persons, counts, firsts, min_users):
    sessions, nobody = counts.get(day, (0, 0))
    today, week, month = (window(persons, day, days) for days in (1, 7, 28))
    row = {
        "day": day, "dau": len(today), "wau": len(week), "mau": len(month),
        "stickiness": share(len(today), len(month)), "sessions": sessions,
        "unidentified_sessions": nobody,
        "new_users": sum(1 for person in today if firsts[person] == day)}
    hidden = 0
    of_windows = (
        (today, ("dau", "sessions", "unidentified_sessions", "new_users", "stickiness")),
        (week, ("wau",)), (month, ("mau", "stickiness")))
    for people, names in of_windows:
        if len(people) < min_users and not (people is today and sessions == 0):
            hidden += 1
            row.update(dict.fromkeys(names))
    return row, hidden


def monday(day):
    return day - DAY * day.weekday()


def retention(database, ask):
    persons, _, firsts = days_of(Data(database, ask))
    cohorts = {}
    for person, day in firsts.items():
        cohorts.setdefault(monday(day), set()).add(person)
    seen = {}
    for day, people in persons.items():
        seen.setdefault(monday(day), set()).update(people)
    rows, withheld = [], 0
    for cohort, people in sorted(cohorts.items()):
        if not ask.first <= cohort <= min(ask.last, ask.analyzed):
            continue
        if len(people) < ask.min_users:
            withheld += 1
            continue
        week, number = cohort, 0
        while week <= min(ask.last, ask.analyzed):
            users = len(people & seen.get(week, set()))
            rows.append({
                "cohort": cohort, "week": number, "cohort_users": len(people), "users": users,
                "retention": share(users, len(people)), "complete": week + 6 * DAY < ask.analyzed})
            week, number = week + 7 * DAY, number + 1
    return Answer(rows, withheld)


def accounts(database, ask):
    # Days that are yet to be analyzed tell nothing of anybody.
    ask = replace(ask, last=min(ask.last, ask.analyzed))
    data = Data(database, ask)
    condition, values = wanted(ask, "account")
    used = {}
    for account, day, person in data.database.execute(
            f"SELECT account, day, person FROM s WHERE account IS NOT NULL AND day <= ? AND {condition}",
            [ask.last, *values]).fetchall():
        used.setdefault(account, []).append((day, person))
    features = {}
    for account, feature in data.database.execute("""
            SELECT DISTINCT account, feature FROM e WHERE account IS NOT NULL AND day BETWEEN ? AND ?""",
            [ask.last - 27 * DAY, ask.last]).fetchall():
        features.setdefault(account, set()).add(feature)
    contracts = {account: rest for account, *rest in data.database.execute(
        f"SELECT account, name, seats, modules, owner, renews_on FROM contract WHERE {condition}", values).fetchall()}
    since = min(ask.first, ask.last - 55 * DAY)
    known = {account for account, sessions in used.items() if max(day for day, _ in sessions) >= since}
    if ask.environment != "other":
        known |= set(contracts)
    rows = []
    for account in sorted(known, key=str.encode):
        sessions = [(day, person) for day, person in used.get(account, ()) if day >= since]
        agreed = contracts.get(account, (None, None, "", None, None))
        rows.append(of_account(account, sessions, features.get(account, set()), agreed, ask))
    return Answer(rows)


def covers(module, feature):
    return feature == module or (feature.startswith(module) and feature[len(module)] in "/.:")


def of_account(account, sessions, features, agreed, ask):
    name, seats, modules, owner, renews_on = agreed
    modules = [module for module in (modules or "").split(";") if module]

    def among(back_from, back_to):
        """Distinct persons of days so many days before the last."""
        return {person for day, person in sessions
                if back_to <= (ask.last - day).days <= back_from and person is not None}

    users, previous = len(among(27, 0)), len(among(55, 28))
    count = sum(1 for day, _ in sessions if (ask.last - day).days <= 27)
    if count == 0:
        state = "silent"
    elif seats is not None and users >= seats:
        state = "at-limit"
    elif users - previous >= 2 and 10 * (users - previous) >= previous:
        state = "growing"
    elif previous - users >= 2 and 10 * (previous - users) >= previous:
        state = "declining"
    else:
        state = "steady"
    return {
        "account": account, "state": state, "active_users": users, "previous_users": previous,
        "week_1": len(among(27, 21)), "week_2": len(among(20, 14)), "week_3": len(among(13, 7)),
        "week_4": len(among(6, 0)), "trend": share(users - previous, previous), "sessions": count,
        "features": len(features), "last_day": max((day for day, _ in sessions), default=None),
        "name": name, "seats": seats, "seat_use": share(users, seats) if seats else None, "modules": len(modules),
        "modules_used": sum(1 for module in modules if any(covers(module, feature) for feature in features)),
        "owner": owner, "renews_on": renews_on}
