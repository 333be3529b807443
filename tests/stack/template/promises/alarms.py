"""Alarms: which there are, where they go, and what they look at."""

import sources
from promises import append, change, promise, remove

# What must be noticed, each with the alarm that notices it.
ALWAYS = {
    "dead letters": "ParseDeadLettersAlarm",
    "age of the oldest message": "ParseAgeAlarm",
    "failure of intake": "IntakeFailuresAlarm",
    "age of the inbox": "InboxAgeAlarm",
    "errors of upload": "UploadErrors",
    "errors of intake": "IntakeErrors",
    "errors of parse": "ParseErrors",
    "errors of analyze": "AnalyzeErrors",
    "errors of query": "QueryErrors",
    "errors of sweep": "SweepErrors",
    "uploads answered with 5xx": "UploadFailures",
    "logs that come again": "ParseFailures",
    "answers of 5xx": "QueryFailures",
    "throttles of upload": "UploadThrottles",
    "throttles of intake": "IntakeThrottles",
    "throttles of query": "QueryThrottles",
    "slow uploads": "UploadSlow",
    "slow answers": "QuerySlow",
    "freshness": "FreshnessAlarm",
    "imbalance of the ledger": "LedgerAlarm",
    "dead man's switch": "HeartbeatAlarm",
    "dead man's switch of the inbox": "InboxSweepAlarm",
    "dead man's switch of the ledger": "SweepAlarm",
}
# Alarms and functions of parts that may be off.
OF_BULK = {"dead letters of the bulk path": "BulkDeadLettersAlarm"}
OF_SLACK = {"errors of notify": "NotifyErrors"}
# What is waited for: of whom, and for how many seconds at most.
SWITCHES = {
    "HeartbeatAlarm": ("analyze", 3600), "InboxSweepAlarm": ("intake", 2 * 3600), "SweepAlarm": ("sweep", 2 * 86400)}
# The deployment itself fails where migrate does.
WITHOUT_ERRORS = {"migrate"}


def alarms(install):
    return {name: r["Properties"] for name, r in install.of_type("AWS::CloudWatch::Alarm").items()}


@promise(
    *(remove(name) for name in ("ParseAgeAlarm", "InboxAgeAlarm", "LedgerAlarm", "QueryThrottles", "QuerySlow")),
    remove("BulkDeadLettersAlarm"),
    remove("NotifyErrors"),
    change("HeartbeatAlarm.Condition", "HasSlack"),
)
def every_alarm_is_there(install):
    wanted = set(ALWAYS.values())
    if install.conditions["HasBulk"]:
        wanted |= set(OF_BULK.values())
    if install.conditions["HasSlack"]:
        wanted |= set(OF_SLACK.values())
    assert set(alarms(install)) == wanted


@promise(
    remove("LedgerAlarm.Properties.OKActions"),
    change("ParseErrors.Properties.AlarmActions", []),
    append("QuerySlow.Properties.AlarmActions", "arn:aws:automate:us-east-1:ec2:reboot"),
    change("FreshnessAlarm.Properties.ActionsEnabled", False),
)
def every_alarm_tells_of_itself_and_of_its_end(install):
    topic = [{"Ref": "AlarmTopic"}]
    for name, alarm in alarms(install).items():
        assert alarm.get("AlarmActions") == alarm.get("OKActions") == topic, name
        assert alarm.get("ActionsEnabled", True) is True, name
        assert alarm["AlarmDescription"] and alarm["AlarmName"].startswith("logbook-")


@promise(
    remove("NotifyFunction.Properties.Events.Alarms"),
    change("AlarmMail.Properties.TopicArn", "arn:aws:sns:us-east-1:111122223333:other"),
    remove("AlarmTopicPolicy.Properties.PolicyDocument.Statement[0]"),
    change("AlarmTopicPolicy.Properties.PolicyDocument.Statement[0].Principal", "*"),
    remove("AlarmTopicPolicy.Properties.PolicyDocument.Statement[1]"),
)
def alarms_reach_slack_and_mail_where_they_are_given(install):
    topic = {"Ref": "AlarmTopic"}
    told = [r["Properties"] for r in install.of_type("AWS::SNS::Subscription").values()]
    assert all(one["TopicArn"] == topic for one in told)
    ways = {one["Protocol"]: one["Endpoint"] for one in told}
    wanted = {}
    if install.conditions["HasSlack"]:
        wanted["lambda"] = {"Ref": "NotifyFunctionAliaslive"}
    if install.conditions["HasEmail"]:
        wanted["email"] = install.parameters["AlarmEmail"]
    assert ways == wanted
    may, tls = install.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert (may["Effect"], may["Principal"], may["Action"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert may["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert tls["Effect"] == "Deny" and tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@promise(
    change("HeartbeatAlarm.Properties.TreatMissingData", "missing"),
    change("HeartbeatAlarm.Properties.Dimensions[0].Value", "sweep"),
    change("HeartbeatAlarm.Properties.EvaluationPeriods", 20),
    change("InboxSweepAlarm.Properties.TreatMissingData", "notBreaching"),
    change("SweepAlarm.Properties.Statistic", "Maximum"),
)
def silence_of_the_pipeline_is_an_alarm(install):
    for name, (service, at_most) in SWITCHES.items():
        switch = alarms(install)[name]
        assert switch["TreatMissingData"] == "breaching"
        assert switch["ComparisonOperator"] == "LessThanThreshold" and switch["Threshold"] == 1
        assert switch["Statistic"] == "SampleCount"
        assert switch["Dimensions"][0] == {"Name": "service", "Value": service}
        assert switch["Period"] * switch["EvaluationPeriods"] <= at_most
    others = {n: a["TreatMissingData"] for n, a in alarms(install).items() if n not in SWITCHES}
    assert set(others.values()) <= {"notBreaching", "ignore"}, others


@promise(
    change("ParseErrors.Properties.Dimensions", [{"Name": "FunctionName", "Value": {"Ref": "UploadFunction"}}]),
    change("QueryErrors.Properties.MetricName", "Throttles"),
    change("SweepErrors.Properties.Threshold", 5),
)
def an_error_of_any_function_is_an_alarm(install):
    for name, function in install.function_ids().items():
        if name in WITHOUT_ERRORS:
            continue
        alarm = alarms(install)[f"{name.capitalize()}Errors"]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        assert alarm["Dimensions"][0] == {"Name": "FunctionName", "Value": {"Ref": function}}, name
        assert alarm["Dimensions"][1] == {"Name": "Resource", "Value": {"Fn::Sub": f"${{{function}}}:live"}}


@promise(
    change("UploadFailures.Properties.Threshold", 200),
    change("ParseFailures.Properties.MetricName", "LogsRejected"),
    change("QueryFailures.Properties.Dimensions[0].Value", "upload"),
)
def failures_that_lambda_takes_for_success_are_alarms(install):
    for service, metric in {"upload": "RequestsFailed", "parse": "LogsFailed", "query": "RequestsFailed"}.items():
        alarm = alarms(install)[f"{service.capitalize()}Failures"]
        assert (alarm["MetricName"], alarm["Statistic"]) == (metric, "Sum")
        assert alarm["Dimensions"][0] == {"Name": "service", "Value": service}
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (2, "GreaterThanThreshold")
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= 300


@promise(
    change("ParseDeadLettersAlarm.Properties.Dimensions[0].Value", {"Fn::GetAtt": ["ParseQueue", "QueueName"]}),
    change("IntakeFailuresAlarm.Properties.Threshold", 10),
    change("BulkDeadLettersAlarm.Properties.MetricName", "NumberOfMessagesSent"),
)
def one_dead_letter_is_an_alarm(install):
    for queue in ("ParseDeadLetters", "IntakeFailures", "BulkDeadLetters"):
        if queue in install.resources:
            alarm = alarms(install)[f"{queue}Alarm"]
            # What is sent there by SQS itself is not counted as sent.
            assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
            assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
            assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@promise(
    change("FreshnessAlarm.Properties.MetricName", "CompleteUntilAge"),
    change("InboxAgeAlarm.Properties.Dimensions", [{"Name": "service", "Value": "intake"}]),
    change("LedgerAlarm.Properties.Dimensions[0].Value", "parse"),
    change("InboxAgeAlarm.Properties.Dimensions[1].Value", "test"),
)
def alarms_look_at_metrics_that_the_functions_write(install):
    for name, alarm in alarms(install).items():
        if alarm["Namespace"] != "Logbook":
            continue
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        assert set(dimensions) == sources.metric_dimensions(), name
        assert dimensions["stage"] == install.parameters["Stage"]
        assert alarm["MetricName"] in sources.metrics_written(dimensions["service"]), name


@promise(
    change("InboxAgeAlarm.Properties.Threshold", 86400),
    change("UploadSlow.Properties.ExtendedStatistic", "p50"),
    change("ParseAgeAlarm.Properties.MetricName", "ApproximateNumberOfMessagesVisible"),
)
def thresholds_are_those_that_the_documents_name(install):
    found = alarms(install)
    assert found["InboxAgeAlarm"]["Threshold"] == 3600
    assert found["FreshnessAlarm"]["Threshold"] == install.parameters["FreshnessSecs"]
    assert found["ParseAgeAlarm"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert found["UploadSlow"]["ExtendedStatistic"] == found["QuerySlow"]["ExtendedStatistic"] == "p99"
