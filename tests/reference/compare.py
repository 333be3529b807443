"""A reply of the program beside the answer of the reference."""

import datetime
import json
import math

from versions import difference

#: What the documents promise of percentiles; a figure in whole microseconds may be rounded.
PERCENTILE = 0.01
RELATIVE = 1e-9
PERCENTILES = {"p50_us", "p95_us", "p99_us"}
DELTA_VALUES = ("value", "value_low", "value_high", "previous_value", "previous_low", "previous_high")
DIFFERENCES = ("difference", "difference_low", "difference_high", "differs")
SHOWN = 5


def check(ask, reply, answer):
    """Fails with the question and the first rows that differ."""
    theirs, ours = reply["rows"], [plain(row) for row in answer.rows]
    faults = []
    if reply["withheld_groups"] != answer.withheld:
        faults.append(f"withheld groups: program {reply['withheld_groups']}, reference {answer.withheld}")
    if len(theirs) != len(ours):
        faults.append(f"rows: program {len(theirs)}, reference {len(ours)}")
    keys = keys_of(ask, ours or theirs)
    if [key(row, keys) for row in theirs] != [key(row, keys) for row in ours]:
        faults += strangers(theirs, ours, keys)
    differing = 0
    mine = {key(row, keys): row for row in ours}
    for row in theirs:
        other = mine.get(key(row, keys))
        if other is None:
            continue
        columns = different(row, other)
        differing += bool(columns)
        if columns and differing <= SHOWN:
            figures = {name: (row.get(name, "-"), other.get(name, "-")) for name in columns}
            faults.append(f"{json.dumps(key(row, keys))}: (program, reference) {figures}")
    if differing > SHOWN:
        faults.append(f"and {differing - SHOWN} more rows")
    assert not faults, "\n  ".join([str(ask), *faults])


def plain(row):
    """As JSON has it."""
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in row.items()}


def keys_of(ask, rows):
    fixed = {
        "funnel": ("step",), "release-delta": ("version", "feature", "measure"), "active-users": ("day",),
        "retention": ("cohort", "week"), "accounts": ("account",), "account-features": ("account", "feature"),
        "freshness": ()}
    return fixed.get(ask.report, ask.by)


def key(row, keys):
    return tuple(row.get(name) for name in keys)


def strangers(theirs, ours, keys):
    """Rows that only one side has, or the first place where their order differs."""
    left, right = [key(row, keys) for row in theirs], [key(row, keys) for row in ours]
    only = [(name, [one for one in mine if one not in others][:SHOWN])
            for name, mine, others in (("program", left, right), ("reference", right, left))]
    found = [f"only {name}: {json.dumps(rows)}" for name, rows in only if rows]
    if found:
        return found
    at = next(at for at, pair in enumerate(zip(left, right)) if pair[0] != pair[1])
    return [f"order, from row {at}: program {left[at]}, reference {right[at]}"]


def different(theirs, ours):
    """The columns in which two rows differ."""
    if "measure" in ours:
        return different_delta(theirs, ours)
    names = [name for name in {**ours, **theirs} if not (name in theirs and name in ours)]
    for name in ours.keys() & theirs.keys():
        if not same(theirs[name], ours[name], PERCENTILE if name in PERCENTILES else 0):
            names.append(name)
    return names

def same(theirs, ours, within=0):
    if theirs is None or ours is None or isinstance(ours, (str, bool)) or isinstance(theirs, (str, bool)):
        return theirs is ours if isinstance(ours, bool) else theirs == ours
    if within:
        return abs(theirs - ours) <= within * ours + 0.5
    if isinstance(ours, int):
        return isinstance(theirs, int) and theirs == ours
    return math.isclose(theirs, ours, rel_tol=RELATIVE, abs_tol=1e-12)


def different_delta(theirs, ours):
    """Percentiles are near, and differences are those of the program's own figures."""
    near = PERCENTILE if ours["measure"] == "p95_us" else 0
    names = [name for name in ours if name not in DELTA_VALUES + DIFFERENCES and not same(theirs[name], ours[name])]
    names += [name for name in DELTA_VALUES if not same(theirs[name], ours[name], near)]
    own = difference(theirs)
    return names + [name for name in DIFFERENCES if not same(theirs[name], own[name])]
