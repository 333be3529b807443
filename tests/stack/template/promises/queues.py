"""Queues, and what becomes of what fails."""

from promises import change, promise, remove, statements

FOURTEEN_DAYS = 1209600


def queues(install):
    return {name: r["Properties"] for name, r in install.of_type("AWS::SQS::Queue").items()}


@promise(
    change("ParseQueue.Properties.VisibilityTimeout", 1799),
    change("ParseFunction.Properties.Timeout", 301),
    change("BulkQueue.Properties.VisibilityTimeout", 600),
)
def a_message_is_hidden_for_six_timeouts_of_its_reader(install):
    reader = {"ParseQueue": "parse", "BulkQueue": "intake"}
    functions = install.functions()
    for queue, function in reader.items():
        if queue in install.resources:
            timeout = functions[function]["Timeout"]
            assert install.properties(queue)["VisibilityTimeout"] >= 6 * timeout, queue


@promise(
    change("ParseQueue.Properties.RedrivePolicy.maxReceiveCount", 3),
    remove("BulkQueue.Properties.RedrivePolicy"),
)
def after_five_receipts_a_message_is_a_dead_letter(install):
    for name in {"ParseQueue", "BulkQueue"} & set(install.resources):
        policy = install.properties(name).get("RedrivePolicy", {})
        assert policy.get("maxReceiveCount") == 5, name
        target = policy["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert target in install.resources and target != name


@promise(
    change("ParseDeadLetters.Properties.MessageRetentionPeriod", 345600),
    remove("IntakeFailures.Properties.MessageRetentionPeriod"),
    remove("BulkDeadLetters.Properties.MessageRetentionPeriod"),
)
def every_queue_keeps_messages_for_fourteen_days(install):
    for name, queue in queues(install).items():
        assert queue.get("MessageRetentionPeriod") == FOURTEEN_DAYS, name


@promise(
    change("ParseQueue.Properties.SqsManagedSseEnabled", False),
    remove("QueuesPolicy.Properties.Queues[0]"),
    remove("QueuesPolicy.Properties.PolicyDocument.Statement[0].Condition"),
)
def queues_are_encrypted_and_speak_tls_only(install):
    named = [queue["Ref"] for queue in install.properties("QueuesPolicy")["Queues"]]
    assert set(named) == set(queues(install))
    denied, = statements(install.properties("QueuesPolicy"))
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", ["sqs:*"])
    assert denied.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    for name, queue in queues(install).items():
        assert queue.get("SqsManagedSseEnabled") is True, name


def mapping(install):
    found, = install.of_type("AWS::Lambda::EventSourceMapping").values()
    return found["Properties"]


@promise(
    remove("ParseFunction.Properties.Events.Messages.Properties.FunctionResponseTypes"),
    remove("ParseFunction.Properties.Events.Messages.Properties.ScalingConfig"),
    change("ParseFunction.Properties.Events.Messages.Properties.ScalingConfig.MaximumConcurrency", 1000),
)
def parse_answers_for_each_message_and_runs_no_more_often_than_the_database_bears(install):
    found = mapping(install)
    assert found["EventSourceArn"] == {"Fn::GetAtt": ["ParseQueue", "Arn"]}
    assert found.get("FunctionResponseTypes") == ["ReportBatchItemFailures"]
    most = found.get("ScalingConfig", {}).get("MaximumConcurrency")
    assert most == install.parameters["ParseConcurrency"]


@promise(
    remove("IntakeFunction.Properties.EventInvokeConfig"),
    change("IntakeFunction.Properties.EventInvokeConfig.MaximumRetryAttempts", 0),
    remove("IntakeRole.Properties.Policies[0].PolicyDocument.Statement[8]"),
)
def what_intake_fails_at_is_kept(install):
    found = [r["Properties"] for r in install.of_type("AWS::Lambda::EventInvokeConfig").values()]
    config, = [c for c in found if c["FunctionName"] == {"Ref": "IntakeFunction"}]
    assert config["Qualifier"] == "live"
    assert config["MaximumRetryAttempts"] == 2
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["IntakeFailures", "Arn"]}
    may = [s for policy in install.properties("IntakeRole")["Policies"] for s in statements(policy)]
    assert any(
        "sqs:SendMessage" in s["Action"] and {"Fn::GetAtt": ["IntakeFailures", "Arn"]} in s["Resource"] for s in may
    )


@promise(
    change("BulkJob.Properties.ExecutionProperty.MaxConcurrentRuns", 2),
    change("BulkJob.Properties.MaxRetries", 1),
)
def one_run_of_the_bulk_path_at_a_time(install):
    for job in install.of_type("AWS::Glue::Job").values():
        assert job["Properties"]["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
        assert job["Properties"]["MaxRetries"] == 0


