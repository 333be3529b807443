"""What the functions write into their logs for alarms: the embedded metric format."""

import contextlib
import json

import pytest

from conftest import EARLY
from doors import until
from emulator import BINARIES

IMBALANCE = ("Logbook", "LedgerImbalance", frozenset({("service", "sweep"), ("stage", "prod")}))

#: Written only where something fails; that it is written then is asked of the functions themselves
#: (functions/{upload,query,parse}/tests).
OF_FAILURES = {"RequestsFailed", "LogsFailed"}


def written(stack):
    """The values of each metric that CloudWatch would read out of the logs, in order; a metric is
    its namespace, its name and its dimensions."""
    found = {}
    for function in BINARIES:
        for line in stack.aws.logs(function):
            with contextlib.suppress(json.JSONDecodeError):
                for one, value in of_line(json.loads(line)):
                    found.setdefault(one, []).append(value)
    return found


def of_line(line):
    for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, line[name]) for name in names)
            for metric in directive["Metrics"]:
                yield (directive["Namespace"], metric["Name"], dimensions), line[metric["Name"]]


def test_every_alarm_of_ours_looks_at_what_a_function_writes(stack):
    stack.analyze()
    stack.sweep()
    stack.scheduled("intake", "inbox-sweep")
    deployed = stack.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix="logbook-")["MetricAlarms"]
    watched = {
        (alarm["Namespace"], alarm["MetricName"], frozenset((one["Name"], one["Value"]) for one in alarm["Dimensions"]))
        for alarm in deployed if alarm["Namespace"] == "Logbook"}
    assert {name for _, name, _ in watched} == {
        "CompleteUntilAgeSeconds", "Heartbeat", "InboxOldestAgeSeconds", "LedgerImbalance", *OF_FAILURES}
    given = written(stack).keys()
    assert {one for one in watched if one[1] not in OF_FAILURES} <= given
    # What is written of failures, in whichever test, is watched.
    assert {one for one in given if one[1] in OF_FAILURES} <= watched


def fires(stack, alarm, metric, value):
    """A metric, as CloudWatch takes it out of a log, sets an alarm off, which is told in Slack. (The
    emulator looks at names only; that the dimensions are those of the alarm is asked above.)"""
    namespace, name, dimensions = metric
    cloudwatch, told = stack.aws.client("cloudwatch"), len(stack.slack.got)
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{
        "MetricName": name, "Value": value, "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions]}])
    until(lambda: f"🔴 {alarm}: alarm" in [message["text"] for message in stack.slack.got[told:]], "a message in Slack", 20)
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")


def unbalanced(stack):
    """The days that do not balance, of whichever product: what other tests sent is looked at, too."""
    ledgers = {product: stack.query().get("/v1/ledger", product=product) for product in stack.keys}
    return {product: [day for day in ledger["days"] if not day["balanced"]] for product, ledger in ledgers.items()}


@pytest.fixture
def balanced(stack):
    """A log that is in the ledger, which balances."""
    assert stack.uploads("ledger").receipt(EARLY.log_id)["state"] == "parsed"

    def listed():
        days = stack.query().get("/v1/ledger", product="ledger")["days"]
        return stack.sweep()["unbalanced_days"] == 0 and sum(day["parsed"] for day in days)

    until(listed, lambda: unbalanced(stack), 90, 3)


def test_a_row_that_is_lost_is_an_imbalance_until_it_is_there_again(stack, balanced):
    one = stack.database.one
    assert written(stack)[IMBALANCE][-1] == 0
    with stack.parsing_held():
        stack.database.rows("DELETE FROM logbook_sessions.log WHERE product = 'ledger'")
        with stack.environment("sweep", LOGBOOK_SWEEP_AGE_SECS="0"):
            assert stack.sweep()["unbalanced_days"] == 1
        assert written(stack)[IMBALANCE][-1] == 1
        fires(stack, "logbook-ledger-alarm", IMBALANCE, 1)
        (day,) = stack.query().get("/v1/ledger", product="ledger")["days"]
        assert (day["balanced"], day["received"], day["parsed"], day["pending"]) == (False, 1, 0, 0)
    # The sweep has queued it again.
    until(lambda: one("SELECT COUNT(*) FROM logbook_sessions.log WHERE product = 'ledger'") == 1, "parsed again")
    until(lambda: stack.sweep()["unbalanced_days"] == 0, lambda: unbalanced(stack), 30, 1)
    assert written(stack)[IMBALANCE][-1] == 0
    assert one("SELECT COUNT(*) FROM logbook_sessions.part WHERE product = 'ledger'") == 1
