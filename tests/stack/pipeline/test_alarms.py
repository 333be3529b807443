"""From an alarm to Slack."""

import json

from doors import until


def heads(stack):
    return [message["text"] for message in stack.slack.got]


def turn(stack, alarm, state):
    stack.aws.client("cloudwatch").set_alarm_state(
        AlarmName=f"logbook-{alarm}", StateValue=state, StateReason="set by a test")


def notified(event):
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn", "Sns": {
        "Type": "Notification", "MessageId": "m-1", "TopicArn": "arn", "Subject": "ALARM",
        "Message": json.dumps(event), "Timestamp": "2026-01-01T00:00:00.000Z", "SignatureVersion": "1",
        "Signature": "x", "SigningCertUrl": "https://x", "UnsubscribeUrl": "https://x", "MessageAttributes": {}}}]}


def test_an_alarm_and_its_end_are_told_in_slack(stack):
    for alarm in ("parse-dead-letters-alarm", "intake-failures-alarm", "freshness-alarm", "upload-errors",
                  "ledger-alarm", "heartbeat-alarm"):
        before = len(stack.slack.got)
        turn(stack, alarm, "ALARM")
        until(lambda: len(stack.slack.got) == before + 1, lambda: heads(stack), 20)
        assert stack.slack.got[-1]["text"] == f"🔴 logbook-{alarm}: alarm"
        said = json.dumps(stack.slack.got[-1], ensure_ascii=False)
        assert "set by a test" in said and stack.slack.got[-1]["blocks"][0]["type"] == "header"
        turn(stack, alarm, "OK")
        until(lambda: len(stack.slack.got) == before + 2, lambda: heads(stack), 20)
        assert stack.slack.got[-1]["text"] == f"✅ logbook-{alarm}: recovered"


def test_what_comes_twice_is_told_once(stack):
    alarm = {"AlarmName": "twice", "NewStateValue": "ALARM", "NewStateReason": "r",
             "StateChangeTime": "2026-01-01T00:00:00.000+0000", "Region": "here", "AlarmArn": "arn"}
    for _ in range(3):
        assert stack.aws.invoke("notify", notified(alarm)) == (None, None)
    assert heads(stack).count("🔴 twice: alarm") == 1
    stack.aws.invoke("notify", notified({**alarm, "StateChangeTime": "2026-01-02T00:00:00.000+0000"}))
    assert heads(stack).count("🔴 twice: alarm") == 2


def test_what_slack_does_not_take_is_tried_until_it_does(stack):
    stack.slack.answers[:] = [500, 429]
    turn(stack, "query-errors", "ALARM")
    until(lambda: "🔴 logbook-query-errors: alarm" in heads(stack), lambda: heads(stack), 20)
    assert not stack.slack.answers


def test_the_address_of_the_webhook_is_in_no_log(stack):
    assert not [line for line in stack.aws.logs("notify") if "/services/T0" in line or "secret" in line]
