"""Each role may do what is written here, and nothing else: any widening fails."""

from grants import grants, lines
from promises import append, change, promise, remove, statements

SHARED = """
    xray:PutTraceSegments *
    xray:PutTelemetryRecords *
"""
REGISTRY = """
    s3:ListBucket archive
    s3:GetObject archive/config/*
    kms:Decrypt Key by S3, for archive
"""
# Lambda makes the interfaces; the code itself is denied all of it.
NETWORK = """
    ec2:CreateNetworkInterface *
    ec2:DescribeNetworkInterfaces *
    ec2:DescribeSubnets *
    ec2:DeleteNetworkInterface *
    ec2:AssignPrivateIpAddresses *
    ec2:UnassignPrivateIpAddresses *
"""
CLUSTER = "rds-db:connect arn:aws:rds-db:us-east-1:111122223333:dbuser:${Cluster.DBClusterResourceId}/logbook"
OWN_DATABASE = "secretsmanager:GetSecretValue secretsmanager:secret:database"
SEARCH = """
    es:ESHttpGet es:domain/logbook/*
    es:ESHttpPost es:domain/logbook/*
    es:ESHttpPut es:domain/logbook/*
"""
HASH = "secretsmanager:GetSecretValue HashSecret.Id"

OWN = {
    "upload": f"""
        {HASH}
        kms:GenerateDataKey Key by S3, for archive
        kms:GenerateDataKey Key of logs
        s3:GetObject archive/archive/*
        s3:PutObject archive/archive/*
        s3:PutObject archive/edge/*
        s3:PutObject inbox/inbox/*
    """,
    "intake": f"""
        {HASH}
        kms:GenerateDataKey Key by S3, for archive
        kms:GenerateDataKey Key of logs
        s3:GetObject archive/archive/*
        s3:PutObject archive/archive/*
        s3:PutObject archive/edge/*
        s3:ListBucket inbox
        s3:GetObject inbox/inbox/*
        s3:DeleteObject inbox/inbox/*
        sqs:SendMessage ParseQueue
        sqs:SendMessage IntakeFailures
    """,
    "parse": f"""
        {HASH}
        kms:Decrypt Key of logs
        kms:GenerateDataKey Key by S3, for archive
        s3:GetObject archive/archive/*
        s3:PutObject archive/state/analyze/*
        sqs:ReceiveMessage ParseQueue
        sqs:DeleteMessage ParseQueue
        sqs:GetQueueAttributes ParseQueue
    """,
    "analyze": """
        kms:GenerateDataKey Key by S3, for archive
        s3:GetObject archive/state/analyze/*
        s3:PutObject archive/state/analyze/*
        s3:DeleteObject archive/state/analyze/*
        s3:PutObject archive/state/notices/*
        sqs:GetQueueAttributes ParseQueue
    """,
    "query": f"""
        {HASH}
        kms:Decrypt Key of logs
        kms:GenerateDataKey Key by S3, for archive
        s3:GetObject archive/archive/*
        s3:PutObject archive/config/accounts/*
        s3:PutObject archive/state/analyze/*
    """,
    "sweep": """
        kms:GenerateDataKey Key by S3, for archive
        s3:PutObject archive/state/analyze/*
        sqs:SendMessage ParseQueue
    """,
    "migrate": "",
    "notify": """
        secretsmanager:GetSecretValue secretsmanager:secret:slack
        s3:ListBucket inbox
        s3:GetObject inbox/told/*
        s3:PutObject inbox/told/*
        s3:ListBucket archive
        s3:GetObject archive/state/notices/*
        kms:Decrypt Key by S3, for archive
    """,
}
INTAKE_WITH_BULK = """
    sqs:SendMessage BulkQueue
    sqs:ReceiveMessage BulkQueue
    sqs:DeleteMessage BulkQueue
    sqs:ChangeMessageVisibility BulkQueue
    s3:GetObject archive/state/bulk/*
    s3:PutObject archive/state/bulk/*
    glue:StartJobRun glue:job/logbook-bulk
    glue:GetJobRuns glue:job/logbook-bulk
"""
BULK_JOB = f"""
    {HASH}
    {REGISTRY}
    kms:Decrypt Key of logs
    kms:Decrypt Key by S3
    kms:GenerateDataKey Key by S3
    logs:CreateLogGroup logs:log-group:/aws-glue/*
    logs:CreateLogStream logs:log-group:/aws-glue/*
    logs:PutLogEvents logs:log-group:/aws-glue/*
    s3:GetObject archive/archive/*
    s3:GetObject archive/state/bulk/*
    s3:GetObject s3:scripts/bulk.py
    s3:ListBucket lake
    s3:GetObject lake/*
    s3:PutObject lake/*
    s3:DeleteObject lake/*
    glue:GetConnection *
    ec2:CreateNetworkInterface *
    ec2:DeleteNetworkInterface *
    ec2:DescribeNetworkInterfaces *
    ec2:DescribeVpcEndpoints *
    ec2:DescribeSubnets *
    ec2:DescribeSecurityGroups *
    ec2:DescribeRouteTables *
    ec2:DescribeVpcAttribute *
    ec2:CreateTags *
    ec2:DeleteTags *
"""
# What only invokes a function, and which.
INVOKERS = {
    "AnalyzeFunctionScheduleRole": "AnalyzeFunctionAliaslive",
    "AnalyzeFunctionDigestRole": "AnalyzeFunctionAliaslive",
    "SweepFunctionScheduleRole": "SweepFunctionAliaslive",
    "IntakeFunctionInboxSweepRole": "IntakeFunctionAliaslive",
    "BulkDrainRole": "IntakeFunctionAliaslive",
}
CODE_DEPLOY = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"


def grant_set(text):
    return {line.strip() for line in text.splitlines() if line.strip()}


def of_function(install, name):
    """What a function's role may do."""
    has = install.conditions
    logs = f"{name.capitalize()}Logs"
    found = grant_set(SHARED + OWN[name]) | {f"logs:CreateLogStream {logs}", f"logs:PutLogEvents {logs}"}
    if name not in ("migrate", "notify"):
        found |= grant_set(REGISTRY)
    if name in ("parse", "analyze", "query", "sweep", "migrate") and has["InNetwork"]:
        found |= grant_set(NETWORK)
    if name in ("parse", "analyze", "query", "sweep"):
        found.add(CLUSTER if has["CreateDatabase"] else OWN_DATABASE)
    if name in ("parse", "query") and has["HasSearch"]:
        found |= grant_set(SEARCH)
    if name == "intake" and has["HasBulk"]:
        found |= grant_set(INTAKE_WITH_BULK)
    if name == "migrate":
        master = "secretsmanager:GetSecretValue Cluster.MasterUserSecret.SecretArn"
        found.add(master if has["CreateDatabase"] else OWN_DATABASE)
        if has["HasBiUser"]:
            found.add("secretsmanager:GetSecretValue BiSecret.Id")
    return found


def expected(install):
    """What each role may do, by the role's logical id."""
    found = {f"{name.capitalize()}Role": of_function(install, name) for name in install.functions()}
    for role, function in INVOKERS.items():
        if role != "BulkDrainRole" or install.conditions["HasBulk"]:
            found[role] = {f"lambda:InvokeFunction {function}"}
    if install.conditions["HasBulk"]:
        found["BulkRole"] = grant_set(BULK_JOB)
    if install.parameters["Canary"] == "true":
        found["CodeDeployServiceRole"] = {CODE_DEPLOY}
    return found


def more(action, resource):
    return {"Effect": "Allow", "Action": [action], "Resource": resource}


def own(role):
    return f"{role}.Properties.Policies[0].PolicyDocument.Statement"


SAID = {"Fn::GetAtt": ["Archive", "Arn"]}


@promise(
    append(own("UploadRole"), more("kms:Decrypt", {"Fn::GetAtt": ["Key", "Arn"]})),
    append(own("NotifyRole"), more("s3:DeleteObject", {"Fn::Sub": "${Inbox.Arn}/told/*"})),
    change(f"{own('QueryRole')}[1].Resource", [{"Fn::Sub": "${Archive.Arn}/*"}]),
    append(own("BulkRole"), more("rds-db:connect", "*")),
    append("SweepRole.Properties.ManagedPolicyArns", "arn:aws:iam::aws:policy/AdministratorAccess"),
    append("AnalyzeRole.Properties.ManagedPolicyArns", {"Fn::If": ["HasSearch", {"Ref": "SearchPolicy"}, {"Ref": "AWS::NoValue"}]}),
    append("RegistryPolicy.Properties.PolicyDocument.Statement", more("s3:PutObject", {"Fn::Sub": "${Archive.Arn}/config/*"})),
    remove(f"{own('ParseRole')}[2].Condition"),
    remove("RegistryPolicy.Properties.PolicyDocument.Statement[2].Condition"),
    change("BulkDrainRole.Properties.Policies[0].PolicyDocument.Statement[0].Resource", "*"),
    remove(f"{own('IntakeRole')}[2]"),
)
def each_role_may_do_what_is_written_here_and_nothing_else(install):
    wanted = expected(install)
    roles = set(install.of_type("AWS::IAM::Role"))
    assert roles == set(wanted), roles ^ set(wanted)
    for role in roles:
        may = grants(install, role)
        assert may == wanted[role], f"{role}: more {may - wanted[role]}, less {wanted[role] - may}"


@promise(
    append(own("SweepRole"), more("s3:*", SAID)),
    append(own("SweepRole"), more("sqs:Send*", {"Fn::GetAtt": ["ParseQueue", "Arn"]})),
    append(own("SweepRole"), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    append("AlarmTopicPolicy.Properties.PolicyDocument.Statement", {
        "Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": {"Ref": "AlarmTopic"}}),
)
def no_action_is_granted_by_a_star(install):
    policies = [(n, p) for n, r in install.resources.items() for p in r.get("Properties", {}).get("Policies", [])
                if r["Type"] == "AWS::IAM::Role"]
    with_document = (
        "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    policies += [(n, r["Properties"]) for n, r in install.of_type(*with_document).items()]
    for name, policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert "NotAction" not in statement and "NotResource" not in statement, name
        for statement in statements(policy):
            if statement["Effect"] == "Allow":
                assert not [a for a in statement["Action"] if "*" in a], name
                assert statement.get("Principal") != "*", name


@promise(
    change("QueryRole.Properties.AssumeRolePolicyDocument.Statement[0].Principal", {"AWS": "*"}),
    change("BulkRole.Properties.AssumeRolePolicyDocument.Statement[0].Principal", {"Service": "lambda.amazonaws.com"}),
)
def roles_are_taken_by_one_service_each(install):
    services = {"BulkRole": "glue", "CodeDeployServiceRole": "codedeploy"}
    for name, role in install.of_type("AWS::IAM::Role").items():
        service = services.get(name) or ("scheduler" if name in INVOKERS else "lambda")
        trust, = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        principal = trust["Principal"]
        named = principal["Service"] if isinstance(principal["Service"], str) else principal["Service"][0]
        assert list(principal) == ["Service"] and named == f"{service}.amazonaws.com", name


@promise(
    change("UploadFunction.Properties.Role", {"Fn::GetAtt": ["IntakeRole", "Arn"]}),
)
def each_function_has_a_role_of_its_own(install):
    for name, function in install.functions().items():
        assert function["Role"] == {"Fn::GetAtt": [f"{name.capitalize()}Role", "Arn"]}


@promise(
    remove("NetworkPolicy.Properties.PolicyDocument.Statement[1]"),
    remove("NetworkPolicy.Properties.PolicyDocument.Statement[1].Action[0]"),
    change(
        "NetworkPolicy.Properties.PolicyDocument.Statement[1].Condition.ArnLike.'lambda:SourceFunctionArn'", "none"),
)
def the_code_itself_cannot_make_network_interfaces(install):
    if not install.conditions["InNetwork"]:
        return
    granted = {line.split()[0] for line in lines(install.properties("NetworkPolicy"))}
    denied, = [s for s in statements(install.properties("NetworkPolicy")) if s["Effect"] == "Deny"]
    assert set(denied["Action"]) == granted
    functions = "arn:aws:lambda:us-east-1:111122223333:function:logbook-*"
    assert denied["Condition"] == {"ArnLike": {"lambda:SourceFunctionArn": functions}}
