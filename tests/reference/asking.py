"""What is asked of a report, and how an answer of the reference is made."""

import datetime
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


def share(part, whole):
    return part / whole if whole else None


def guarded(rows, ask, users="users"):
    """Rows of enough persons; the others are counted."""
    shown = [row for row in rows if row[users] >= ask.min_users]
    return Answer(shown, len(rows) - len(shown))


def wanted(ask, *names):
    """A condition on columns that the question names values for, and the values."""
    given = [(name, ask.where[name]) for name in names if name in ask.where]
    return " AND ".join([f"{name} = ?" for name, _ in given] or ["true"]), [value for _, value in given]
