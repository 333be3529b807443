"""Measures reports over a large history; `make bench-reports` runs it.

For each size: makes up a history, loads it into the sessions schema of a private MariaDB server by
LOAD DATA, brings all reports up to date, asks every report, and compares three of them with raw SQL
on the same tables and with DuckDB on Parquet. Then gives every size the same new hours, in turn, and
measures the analysis after each. What misses an aim is marked.
"""

import argparse
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from importlib.machinery import SourceFileLoader

import duckdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = SourceFileLoader("run", str(ROOT / "tests/databases/run")).load_module()
PROGRAM = ROOT / "target/release/bench-reports"
AIM_RATIO = 1.2
LAST_DAY = 20634  # 2026-06-30, in days since 1970

PRODUCTION = "(environment IS NULL OR environment IN ('production', 'prod'))"
PERSON = "COALESCE('u' || user_id, 'i' || installation_id)"
# The questions of compare.rs, in its order.
DUCKDB = [
    f"""SELECT s.version, f.name, SUM(f.uses), COUNT(DISTINCT s.session_id), COUNT(DISTINCT {PERSON}),
        SUM(f.errors) FROM session AS s JOIN part_feature AS f
        ON f.product = s.product AND f.session_id = s.session_id
        WHERE s.start_day = {LAST_DAY} AND {PRODUCTION} GROUP BY ALL ORDER BY ALL""",
    f"""SELECT COUNT(DISTINCT CASE WHEN start_day = {LAST_DAY} THEN {PERSON} END),
        COUNT(DISTINCT CASE WHEN start_day > {LAST_DAY - 7} THEN {PERSON} END), COUNT(DISTINCT {PERSON})
        FROM session WHERE start_day > {LAST_DAY - 28} AND start_day <= {LAST_DAY} AND {PRODUCTION}""",
    f"""WITH weeks AS (SELECT DISTINCT {PERSON} AS person, (start_day + 3) // 7 AS week FROM session
            WHERE {PRODUCTION}),
        cohorts AS (SELECT person, MIN(week) AS cohort FROM weeks GROUP BY person)
        SELECT cohort, week - cohort, COUNT(*) FROM cohorts JOIN weeks USING (person)
        GROUP BY ALL ORDER BY ALL""",
]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def server_options(arguments):
    return [
        f"--innodb-buffer-pool-size={arguments.buffer_pool}", "--innodb-log-file-size=2G",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=O_DIRECT",
        "--local-infile=1", "--performance-schema=ON", "--performance-schema-instrument=statement/%=ON",
        "--performance-schema-consumer-events-statements-current=ON",
        "--performance-schema-consumer-events-statements-history-long=ON",
        "--performance-schema-events-statements-history-long-size=20000"]


class Sized:
    """A size, on the server."""

    def __init__(self, arguments, folder, url, sessions):
        self.folder = folder / str(sessions)
        self.folder.mkdir(exist_ok=True)
        self.socket = folder / "socket"
        self.url, self.sessions, self.name = url, sessions, f"bench_{sessions}"
        self.size = f"{sessions},{arguments.days},{arguments.persons},{arguments.seed}"
        self.figures = {"sessions": sessions}

    def call(self, step, *more):
        done = subprocess.run([PROGRAM, step, self.url, self.name, self.size, *map(str, more)],
                              stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def prepare(self):
        """History, tables and reports, unless they are there from a run before."""
        done = self.folder / "done.json"
        if done.exists():
            self.figures.update(json.loads(done.read_text()))
            return
        say(f"{self.sessions} sessions: making them up")
        subprocess.run([PROGRAM, "write", self.folder, self.size], stdout=subprocess.DEVNULL, check=True)
        self.parquet()
        say("loading")
        self.call("schemas")
        started = time.monotonic()
        with open(self.folder / "load.sql", encoding="utf-8") as script:
            subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root",
                            "--local-infile=1", self.name], stdin=script, check=True)
        self.figures["load_s"] = time.monotonic() - started
        self.figures["part_features"] = self.rows("part_feature")
        for file in self.folder.glob("*.tsv"):
            file.unlink()
        say(f"loaded in {self.figures['load_s']:.0f} s; bringing all reports up to date")
        self.figures["build"] = self.call("build")
        done.write_text(json.dumps(self.figures))

    def rows(self, table):
        return duckdb.connect().execute(f"SELECT COUNT(*) FROM '{self.folder}/{table}.parquet'").fetchall()[0][0]

    def parquet(self):
        """The same rows, for DuckDB."""
        script = (self.folder / "load.sql").read_text()
        for table in ["session", "part_feature"]:
            line = next(line for line in script.splitlines() if f"INTO TABLE {table} " in line)
            names = line[line.index("(") + 1:line.index(")")].replace("@hex", "durations").split(", ")
            texts = {"product", "session_id", "log_id", "name", "durations", "status", "end_reason", "version",
                     "os", "runtime", "user_id", "installation_id", "account_id", "environment"}
            columns = {name: "VARCHAR" if name in texts else "BIGINT" for name in names}
            duckdb.connect().execute(f"""COPY (SELECT * FROM read_csv('{self.folder}/{table}.tsv', delim='\t', header=false,
                quote='', escape='', nullstr='\\N', columns={columns}))
                TO '{self.folder}/{table}.parquet' (FORMAT parquet, COMPRESSION zstd)""")

    def ask(self):
        say(f"{self.sessions} sessions: asking every report")
        self.figures["reports"] = self.call("ask")

    def compare(self):
        say(f"{self.sessions} sessions: raw SQL and DuckDB")
        found = self.call("compare")
        connection = duckdb.connect()
        for table in ["session", "part_feature"]:
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{self.folder}/{table}.parquet'")
        for question, sql in zip(found, DUCKDB, strict=True):
            taken = []
            for _ in range(4):
                started = time.monotonic()
                rows = connection.execute(sql).fetchall()
                taken.append((time.monotonic() - started) * 1e3)
            question["duckdb_ms"] = statistics.median(taken[1:])
            raw, reply = question.pop("raw"), question.pop("reply")
            same = [list(row) for row in rows] == raw == told(question["question"], reply)
            question["same"] = same
        self.figures["compare"] = found


def told(question, reply):
    """What a report's rows say, as the raw query does."""
    match question:
        case "feature usage of a day":
            return [row[1:7] for row in reply]
        case "DAU, WAU, MAU":
            return [row[1:4] for row in reply]
    # Weeks in which nobody was seen are rows of the report.
    days = time.strptime("1969-12-29", "%Y-%m-%d")
    week = lambda day: (time.mktime(time.strptime(day, "%Y-%m-%d")) - time.mktime(days)) / 86400 / 7
    return [[round(week(row[0])), row[1], row[3]] for row in reply if row[3]]


def hours(arguments, sizes, folder):
    """The same hours to each size, in turn."""
    state = folder / "hours"
    first = int(state.read_text()) if state.exists() else 0
    for sized in sizes:
        sized.figures["hours"] = []
    for nth in range(first, first + arguments.hours):
        for sized in sizes:
            hour = sized.call("hour", nth, arguments.hour_sessions)
            say(f"hour {nth} on {sized.sessions} sessions: {hour['analyze_ms']:.0f} ms")
            sized.figures["hours"].append(hour)
    state.write_text(str(first + arguments.hours))


def mark(value, aim):
    return f"{value:10.2f}{' *' if value > aim else '  '}"


def show(sizes):
    for sized in sizes:
        of = sized.figures
        build = of["build"]
        print(f"\n{of['sessions']:,} sessions, {of['part_features']:,} part-features: loaded in {of['load_s']:.0f} s, "
              f"all reports built in {build['seconds']:.0f} s ({build['days']} days)")
        print(f"\n{'report':18}{'parameters':46}{'rows':>6}{'server ms':>12}{'aim':>5}{'whole ms':>11}")
        for one in of.get("reports", []):
            print(f"{one['report']:18}{one['parameters']:46}{one['rows']:6}{mark(one['server_ms'], one['aim_ms'])}"
                  f"{one['aim_ms']:5.0f}{one['whole_ms']:11.2f}")
        if "compare" in of:
            print(f"\n{'question':28}{'raw SQL ms':>12}{'DuckDB ms':>12}{'report ms':>12}  same answer")
        for one in of.get("compare", []):
            print(f"{one['question']:28}{one['raw_ms']:12.1f}{one['duckdb_ms']:12.1f}{one['table_ms']:12.2f}  "
                  f"{'yes' if one['same'] else 'NO'}")
    if all(sized.figures.get("hours") for sized in sizes):
        show_hours(sizes)


def show_hours(sizes):
    print(f"\n{'analysis after an hour, ms':28}" + "".join(f"{sized.sessions:>14,}" for sized in sizes)
          + ("         ratio" if len(sizes) > 1 else ""))
    rows = [("the first", 0, 1), ("median of the others", 1, None)]
    for name, start, end in rows:
        for what in ["analyze_ms", "server_ms"]:
            taken = [[hour[what] for hour in sized.figures["hours"][start:end]] for sized in sizes]
            if not all(taken):
                continue
            medians = [statistics.median(of) for of in taken]
            ratio = f"{mark(medians[-1] / medians[0], AIM_RATIO)}" if len(sizes) > 1 else ""
            print(f"{name + ', ' + what.removesuffix('_ms'):28}"
                  + "".join(f"{value:14.1f}" for value in medians) + "    " + ratio)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--persons", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=int, default=5, help="new hours (default: 5)")
    parser.add_argument("--hour-sessions", type=int, default=150, help="sessions of a new hour (default: 150)")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the data here, and use what is there from before")
    parser.add_argument("--buffer-pool", default="6G", help="of the server (default: 6G)")
    parser.add_argument("--only", choices=["ask", "compare", "hours"], help="measure nothing else")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-reports-", dir=ROOT / "target") as temporary:
        folder = (arguments.folder or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        port = RUN.free_port()
        server = RUN.start(str(folder), port, options=server_options(arguments))
        try:
            measure(arguments, folder, f"mysql://root@127.0.0.1:{port}")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def measure(arguments, folder, url):
    sizes = [Sized(arguments, folder, url, sessions) for sessions in arguments.sessions]
    for sized in sizes:
        sized.prepare()
        if arguments.only in (None, "ask"):
            sized.ask()
        if arguments.only in (None, "compare"):
            sized.compare()
    if arguments.only in (None, "hours"):
        hours(arguments, sizes, folder)
    show(sizes)
    if arguments.json:
        arguments.json.write_text(json.dumps([sized.figures for sized in sizes], indent=1))


if __name__ == "__main__":
    main()
