"""Functions: what each has, and what its code is told."""

import sources
from promises import change, for_all_functions, parameter, promise, remove

# In a VPC, since they need the database.
WITH_DATABASE = {"parse", "analyze", "query", "sweep", "migrate"}
# Bounded, since each holds a connection to the database.
RESERVED = {"parse": "ParseConcurrency", "query": "QueryConcurrency", "analyze": 1, "sweep": 1}
# Given to code that is yet to read them.
SEARCH_ONLY = {"LOGBOOK_SEARCH_ENDPOINT"}
# Read, and not given: migrate signs in by its secret.
NOT_GIVEN = {"migrate": {"LOGBOOK_DATABASE_USER"}}
# Whose failures are answers to Lambda.
ANSWERING_ALL_THE_SAME = {"upload", "parse", "query"}


def id_of(install, name):
    return install.function_ids()[name]


@promise(
    for_all_functions("AutoPublishAlias", "newest"),
    change("ParseFunction.Properties.Events.Messages.Properties.Queue", {"Fn::GetAtt": ["BulkQueue", "Arn"]}),
    change("QueryIntegration.Properties.IntegrationUri", {"Fn::GetAtt": ["QueryFunction", "Arn"]}),
    change("BulkDrain.Properties.Target.Arn", {"Fn::GetAtt": ["IntakeFunction", "Arn"]}),
)
def every_function_is_called_by_its_alias(install):
    aliases = {r["Properties"]["FunctionName"]["Ref"]: r["Properties"] for r in install.of_type("AWS::Lambda::Alias").values()}
    assert set(aliases) == set(install.function_ids().values())
    assert all(alias["Name"] == "live" for alias in aliases.values())
    callers = {
        "AWS::Lambda::EventSourceMapping": "FunctionName",
        "AWS::Lambda::Permission": "FunctionName",
        "AWS::ApiGatewayV2::Integration": "IntegrationUri",
        "AWS::CloudFormation::CustomResource": "ServiceToken",
    }
    for kind, key in callers.items():
        for name, resource in install.of_type(kind).items():
            assert resource["Properties"][key].get("Ref", "").endswith("Aliaslive"), name
    for name, schedule in install.of_type("AWS::Scheduler::Schedule").items():
        assert schedule["Properties"]["Target"]["Arn"].get("Ref", "").endswith("Aliaslive"), name
    if install.conditions["HasBulk"]:
        assert {"Ref": "BulkQueue"} == install.functions()["intake"]["Environment"]["Variables"]["LOGBOOK_BULK_QUEUE_URL"]
    mapping, = install.of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["ParseQueue", "Arn"]}


@promise(
    remove("QueryFunction.Properties.DeploymentPreference"),
    remove("UploadFunction.Properties.DeploymentPreference.Alarms"),
    change("SweepFunction.Properties.DeploymentPreference.Alarms", [{"Ref": "ParseErrors"}]),
    change("ParseFunction.Properties.DeploymentPreference.Alarms", [{"Ref": "ParseErrors"}]),
    parameter("CanaryType", "AllAtOnce"),
)
def new_code_gets_traffic_step_by_step_and_goes_back_on_alarms(install):
    groups = install.of_type("AWS::CodeDeploy::DeploymentGroup")
    if install.parameters["Canary"] == "false":
        assert not groups
        return
    # notify and migrate have no traffic to part.
    parted = set(install.functions()) - {"notify", "migrate"}
    assert len(groups) == len(parted)
    for name in parted:
        group = groups[f"{id_of(install, name)}DeploymentGroup"]["Properties"]
        kinds = ["Errors", "Failures"] if name in ANSWERING_ALL_THE_SAME else ["Errors"]
        alarms = [{"Name": {"Ref": f"{name.capitalize()}{kind}"}} for kind in kinds]
        assert group["AlarmConfiguration"]["Alarms"] == alarms, name
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert "Canary10Percent" in group["DeploymentConfigName"]


@promise(
    remove("ParseLogs.Properties.RetentionInDays"),
    remove("UploadFunction.Properties.LoggingConfig"),
    change("NotifyFunction.Properties.LoggingConfig.LogGroup", {"Ref": "UploadLogs"}),
    change("SweepFunction.Properties.LoggingConfig.LogFormat", "Text"),
    remove("QueryLogs.Properties.LogGroupName"),
)
def every_function_has_a_log_group_that_forgets(install):
    for name, function in install.functions().items():
        group = f"{name.capitalize()}Logs"
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["LogGroup"]) == ("JSON", {"Ref": group})
        properties = install.properties(group)
        assert properties["RetentionInDays"] == install.parameters["LogRetentionDays"]
        assert properties["LogGroupName"] == f"/aws/lambda/logbook-{name}"
    for name, group in install.of_type("AWS::Logs::LogGroup").items():
        assert group["Properties"].get("RetentionInDays"), name


@promise(
    for_all_functions("Tracing", "PassThrough"),
    change("UploadApi.Properties.TracingEnabled", False),
)
def every_function_is_traced(install):
    for name, function in install.functions().items():
        assert function.get("TracingConfig") == {"Mode": "Active"}, name
    assert install.properties("UploadApiinStage")["TracingEnabled"] is True


@promise(
    for_all_functions("Runtime", "provided.al2"),
    for_all_functions("Handler", "main"),
    change("QueryFunction.Metadata.BuildProperties.Binary", "upload"),
    change("ParseFunction.Metadata.BuildMethod", "makefile"),
    parameter("Architecture", "arm64"),
)
def every_function_is_a_program_of_this_workspace(install):
    for name, function in install.functions().items():
        # sam validate takes any name of a runtime.
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap"), name
        assert function["Architectures"] == ["x86_64"], name
        metadata = install.source["Resources"][id_of(install, name)]["Metadata"]
        assert metadata["BuildMethod"] == "rust-cargolambda"
        assert metadata["BuildProperties"] == {"Binary": name}
        assert (sources.ROOT / f"functions/{name}/src/main.rs").exists()


@promise(
    remove("AnalyzeFunction.Properties.ReservedConcurrentExecutions"),
    change("ParseFunction.Properties.ReservedConcurrentExecutions", {"Fn::If": ["Reserved", 2, {"Ref": "AWS::NoValue"}]}),
    change("UploadFunction.Properties.ReservedConcurrentExecutions", 1),
)
def what_holds_a_connection_has_a_concurrency_of_its_own(install):
    for name, function in install.functions().items():
        most = RESERVED.get(name) if install.parameters["ReserveConcurrency"] == "true" else None
        most = install.parameters.get(most, most)
        assert function.get("ReservedConcurrentExecutions") == most, name


@promise(
    change("UploadFunction.Properties.VpcConfig", {"SubnetIds": [{"Ref": "SubnetA"}], "SecurityGroupIds": []}),
    remove("MigrateFunction.Properties.VpcConfig"),
    change("ParseFunction.Properties.VpcConfig.Fn::If[1].Ipv6AllowedForDualStack", False),
    change("QueryFunction.Properties.VpcConfig.Fn::If[1].SubnetIds", {"Ref": "SubnetIds"}),
)
def what_needs_the_database_runs_in_two_subnets_and_nothing_else_does(install):
    network = install.parameters["Network"]
    for name, function in install.functions().items():
        config = function.get("VpcConfig")
        if name not in WITH_DATABASE or network == "none":
            assert config is None, name
        elif network == "create":
            assert config["SubnetIds"] == [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}], name
            assert config["SecurityGroupIds"] == [{"Ref": "FunctionsGroup"}]
            assert config["Ipv6AllowedForDualStack"] is install.conditions["DualStack"]
        else:
            assert config["SubnetIds"] == ["subnet-1", "subnet-2"], name
            assert config["SecurityGroupIds"] == ["sg-1"]


def variables(function):
    return {name for name in function["Environment"]["Variables"] if name.startswith("LOGBOOK_")}


def given_anywhere(name, install):
    """The variables that the template has for a function, in some install or other."""
    function = install.source["Resources"][id_of(install, name)]["Properties"]
    everyone = install.source["Globals"]["Function"]["Environment"]["Variables"]
    return {*everyone, *function["Environment"]["Variables"]}


@promise(
    remove("UploadFunction.Properties.Environment.Variables.LOGBOOK_INBOX_BUCKET"),
    change("ParseFunction.Properties.Environment.Variables.LOGBOOK_INBOX_BUCKET", "inbox"),
    for_all_functions("Environment", {"Variables": {"LOGBOOK_STAGE": "prod"}}),
    change("SweepFunction.Properties.Environment.Variables.LOGBOOK_SEARCH_ENDPOINT", "https://search"),
)
def a_function_is_told_what_its_code_reads_and_nothing_else(install):
    for name, function in install.functions().items():
        given, read = variables(function), sources.variables_read(name)
        unread = given - read - (SEARCH_ONLY if name in ("parse", "query") else set())
        assert not unread, f"{name} is given, and does not read: {sorted(unread)}"
        missing = read - given_anywhere(name, install) - NOT_GIVEN.get(name, set())
        assert not missing, f"{name} reads, and is not given: {sorted(missing)}"
    # An exception that is none any more goes.
    assert not SEARCH_ONLY & sources.variables_read("parse") & sources.variables_read("query")
    for name, names in NOT_GIVEN.items():
        assert names <= sources.variables_read(name) - variables(install.functions()[name])


@promise(
    change("ParseFunction.Properties.Environment.Variables.AWS_ENDPOINT_URL_S3", "https://s3.dualstack.us-east-1.amazonaws.com"),
    remove("ParseFunction.Properties.Environment.Variables.AWS_ENDPOINT_URL_KMS"),
    remove("SweepFunction.Properties.Environment.Variables.AWS_ENDPOINT_URL_SQS"),
    remove("MigrateFunction.Properties.Environment.Variables.AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    change("UploadFunction.Properties.Environment.Variables.AWS_ENDPOINT_URL_KMS", "https://kms.us-east-1.api.aws"),
)
def in_the_dual_stack_network_all_but_s3_is_reached_over_ipv6(install):
    """S3 stays on its gateway endpoint, which the archive's policy asks for."""
    services = {
        "parse": {"KMS", "SECRETS_MANAGER"},
        "query": {"KMS", "SECRETS_MANAGER"},
        "analyze": {"SECRETS_MANAGER", "SQS"},
        "sweep": {"SECRETS_MANAGER", "SQS"},
        "migrate": {"SECRETS_MANAGER"},
    }
    for name, function in install.functions().items():
        given = {v: value for v, value in function["Environment"]["Variables"].items() if v.startswith("AWS_ENDPOINT_URL")}
        wanted = services.get(name, set()) if install.conditions["DualStack"] else set()
        assert given == {
            f"AWS_ENDPOINT_URL_{s}": f"https://{s.lower().replace('_', '')}.us-east-1.api.aws" for s in wanted}, name


@promise(
    change("IntakeFunction.Properties.Events.InboxSweep.Properties.RetryPolicy.MaximumRetryAttempts", 3),
    change("AnalyzeFunction.Properties.Events.Schedule.Properties.Input", '{"detail":{"task":"sweep"}}'),
    remove("AnalyzeFunction.Properties.Events.Digest"),
    remove("SweepFunction.Properties.Events.Schedule"),
    change("BulkDrain.Properties.Target.Input", "{}"),
)
def schedules_send_scheduled_events_that_name_their_task(install):
    tasks = {}
    for schedule in install.of_type("AWS::Scheduler::Schedule").values():
        target = schedule["Properties"]["Target"]
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0}
        event = sources.json.loads(target["Input"])
        assert event["detail-type"] == "Scheduled Event" and event["time"] == "<aws.scheduler.scheduled-time>"
        tasks[event["detail"]["task"]] = target["Arn"]["Ref"].removesuffix("FunctionAliaslive").lower()
    wanted = {"inbox-sweep": "intake", "analyze": "analyze", "digest": "analyze", "sweep": "sweep"}
    if install.conditions["HasBulk"]:
        wanted["bulk-drain"] = "intake"
    assert tasks == wanted


@promise(
    change("Migration.Properties.ServiceTimeout", 600),
    remove("Migration.Properties.Code"),
    remove("Migration.Properties.BiUser"),
)
def migrations_run_with_each_new_code_and_end_before_cloudformation_stops_waiting(install):
    migration = install.properties("Migration")
    assert migration["ServiceTimeout"] > install.functions()["migrate"]["Timeout"]
    assert migration["Code"]["Ref"].startswith("MigrateFunctionVersion")
    assert migration["BiUser"] == install.parameters["BiUser"]
    # The budget of the code itself, in minutes, which leaves time for the answer.
    minutes = sources.re.search(r"budget: Duration::from_mins\((\d+)\)", sources.code("functions/migrate/src"))
    assert 60 * int(minutes[1]) + 30 < install.functions()["migrate"]["Timeout"]
