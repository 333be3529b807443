"""`logbook report` draws a chart where it writes to a terminal, and nowhere else."""

import os
import pty
import subprocess

import pytest

RANGE = ("--from", "2026-02-01", "--to", "2026-02-28")
BLOCKS = "▁▂▃▄▅▆▇█"


def on_a_terminal(logbook, *arguments, **variables):
    """What it writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LOGBOOK_DATA")}
    with subprocess.Popen(
            logbook.command(*arguments), stdout=theirs, stderr=theirs, env={**environment, **variables}) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                got = os.read(ours, 65536)
            except OSError:
                break
            if not got:
                break
            written += got
        os.close(ours)
        assert process.wait() == 0, written.decode()
    return written.decode()


def is_drawn(text):
    return any(block in text for block in BLOCKS)


@pytest.mark.parametrize("asked", [
    ("active-users",), ("feature-usage", "--by", "feature"), ("feature-usage", "--by", "day,version"), ("retention",)])
def test_a_terminal_gets_a_chart_below_the_table(logbook, asked):
    written = on_a_terminal(logbook, "report", *asked, *RANGE)
    table, chart = written.split("complete until ", 1)
    assert is_drawn(chart) and not is_drawn(table)
    assert max(map(len, chart.splitlines()[2:])) <= 80


@pytest.mark.parametrize("more, variables", [
    (("--no-chart",), {}), ((), {"NO_COLOR": "1"}), (("--json",), {}), (("--csv",), {})])
def test_it_is_left_out_where_it_is_not_wanted(logbook, more, variables):
    assert not is_drawn(on_a_terminal(logbook, "report", "active-users", *RANGE, *more, **variables))
    assert is_drawn(on_a_terminal(logbook, "report", "active-users", *RANGE, NO_COLOR=""))


def test_a_pipe_gets_none(logbook):
    assert not is_drawn(logbook.run("report", "active-users", *RANGE).stdout)
