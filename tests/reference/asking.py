"""What is asked of a report, and how an answer of the reference is made."""

import datetime
import itertools
from dataclasses import dataclass, field

#: The release as a whole, as feature.
ALL = "(all)"


@dataclass(frozen=True)
class Ask:
    """One question. `analyzed` is the day of the last finished analysis."""

    report: str
    first: datetime.date
    last: datetime.date
    analyzed: datetime.date
    min_users: int
    environment: str = "production"
    by: tuple = ()
    where: dict = field(default_factory=dict, hash=False)

    def parameters(self):
        named = {"from": self.first.isoformat(), "to": self.last.isoformat(), **self.where}
        if self.by:
            named["by"] = ",".join(self.by)
        if self.report not in ("ledger", "freshness"):
            named["environment"] = self.environment
        return named

    def __str__(self):
        return f"{self.report} {self.parameters()} min_users={self.min_users}"


@dataclass
class Answer:
    """Rows in the order of their groups, and how many groups are withheld."""

    rows: list
    withheld: int = 0


class Data:
    """The tables, as a question sees them: `s` and `e` are the sessions and events of its
    environment, of all days; `rs` and `re` those of its range."""

    def __init__(self, database, ask):
        self.database = database.cursor()
        chosen = {"production": "production", "other": "NOT production", "all": "true"}[ask.environment]
        between = f"day BETWEEN DATE '{ask.first}' AND DATE '{ask.last}'"
        for name, text in {
                "s": f"SELECT * FROM session WHERE {chosen}",
                "e": "SELECT event.*, day, version, person, account FROM event JOIN s ON s.id = event.session",
                "rs": f"SELECT * FROM s WHERE {between}",
                "re": f"SELECT * FROM e WHERE {between}"}.items():
            self.database.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")

    def rows(self, sql, *values):
        """Rows as dictionaries."""
        done = self.database.execute(sql, values)
        names = [column[0] for column in done.description]
        return [dict(zip(names, row)) for row in done.fetchall()]

    def value(self, sql, *values):
        return self.database.execute(sql, values).fetchone()[0]


def counted(data, ask, sql, values=()):
    """Makes the tables `counted`, the rows of a query over all days that count in the groups of a
    question, and `kept`, the groups and days that do, with the last day of the block; gives how many groups there are in the range.

    Where days are put together, a day of a group counts as part of a block: a day of enough persons is
    one, the others of a month are put together until they are enough, and those count that begin in
    the range."""
    within = f"day BETWEEN DATE '{ask.first}' AND DATE '{ask.last}'"
    names = ", ".join(ask.by)
    data.database.execute(f"CREATE OR REPLACE TEMP TABLE of_all_days AS {sql}", values)
    number = data.value(f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM of_all_days WHERE {within})")
    if "day" in ask.by:
        data.database.execute(f"CREATE OR REPLACE TEMP TABLE counted AS SELECT * FROM of_all_days WHERE {within}")
        return number
    days = data.database.execute(f"""
        SELECT {names}, day, list(DISTINCT person) FILTER (person IS NOT NULL) FROM of_all_days
        WHERE day BETWEEN DATE '{ask.first.replace(day=1)}' AND DATE '{ask.last}'
        GROUP BY ALL ORDER BY {names}, day""").fetchall()
    months = itertools.groupby(days, lambda row: (*row[:-2], row[-2].replace(day=1)))
    kept = [(*group[:-1], day, block[-1]) for group, of_month in months
            for block in blocks([row[-2:] for row in of_month], ask) for day in block]
    columns = [[row[at] for row in kept] for at in range(len(ask.by) + 2)]
    types = ", ".join(f"unnest(?::VARCHAR[]) AS {name}" for name in ask.by)
    data.database.execute(f"""CREATE OR REPLACE TEMP TABLE kept AS
        SELECT {types}, unnest(?::DATE[]) AS day, unnest(?::DATE[]) AS block""", columns)
    data.database.execute(f"""CREATE OR REPLACE TEMP TABLE counted AS
        SELECT * FROM of_all_days SEMI JOIN kept USING ({names}, day)""")
    return number


def blocks(days, ask):
    """The blocks that count of a group's days of a month, with who was there."""
    waiting, together = [], set()
    for day, people in days:
        people = set(people or ())
        if len(people) >= ask.min_users:
            block = [day]
        else:
            waiting.append(day)
            together |= people
            if len(together) < ask.min_users:
                continue
            block, waiting, together = waiting, [], set()
        if block[0] >= ask.first:
            yield block


def share(part, whole):
    return part / whole if whole else None


def guarded(rows, ask, groups):
    """Rows of enough persons; the others of so many groups are withheld."""
    shown = [row for row in rows if row["users"] >= ask.min_users]
    return Answer(shown, groups - len(shown))


def wanted(ask, *names):
    """A condition on columns that the question names values for, and the values."""
    given = [(name, ask.where[name]) for name in names if name in ask.where]
    return " AND ".join([f"{name} = ?" for name, _ in given] or ["true"]), [value for _, value in given]
