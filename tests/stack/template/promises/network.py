"""The network and the database in it."""

from promises import append, change, parameter, promise, remove, statements

WAYS = ("KmsEndpoint", "SecretsManagerEndpoint", "SqsEndpoint")


@promise(
    change("SubnetB.Properties.AvailabilityZone", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
    change("SubnetA.Properties.MapPublicIpOnLaunch", True),
    change("EgressOnlyRoute.Properties.DestinationIpv6CidrBlock", "fd00::/8"),
    change("EgressOnly.Condition", "CreateNetwork"),
)
def subnets_are_two_private_and_in_two_zones(install):
    subnets = install.of_type("AWS::EC2::Subnet")
    if install.parameters["Network"] != "create":
        assert not subnets and not install.of_type("AWS::EC2::VPC")
        return
    assert len({r["Properties"]["AvailabilityZone"] for r in subnets.values()}) == 2
    assert len({r["Properties"]["CidrBlock"] for r in subnets.values()}) == 2
    assert all(r["Properties"]["MapPublicIpOnLaunch"] is False for r in subnets.values())
    dual = install.conditions["DualStack"]
    assert len(install.of_type("AWS::EC2::SubnetCidrBlock")) == (2 if dual else 0)
    routes = [r["Properties"] for r in install.of_type("AWS::EC2::Route").values()]
    assert [r.get("DestinationIpv6CidrBlock") for r in routes] == (["::/0"] if dual else [])
    assert all("EgressOnlyInternetGatewayId" in r for r in routes)
    assert bool(install.of_type("AWS::EC2::EgressOnlyInternetGateway")) == dual


@promise(
    change("KmsEndpoint.Condition", "CreateNetwork"),
    change("S3Endpoint.Properties.VpcEndpointType", "Interface"),
    change("SqsEndpoint.Properties.PrivateDnsEnabled", False),
    change("SqsEndpoint.Properties.SubnetIds", [{"Ref": "SubnetA"}]),
)
def s3_has_a_gateway_and_interface_endpoints_are_asked_for(install):
    found = install.of_type("AWS::EC2::VPCEndpoint")
    if install.parameters["Network"] != "create":
        assert not found
        return
    assert found["S3Endpoint"]["Properties"]["VpcEndpointType"] == "Gateway"
    wanted = set(WAYS) if install.parameters["Endpoints"] == "interface" else set()
    assert set(found) == {"S3Endpoint"} | wanted
    for name in wanted:
        assert found[name]["Properties"]["PrivateDnsEnabled"] is True
        assert found[name]["Properties"]["SubnetIds"] == [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]


@promise(
    change("S3Endpoint.Properties.PolicyDocument.Statement[0].Resource", "*"),
    append("S3Endpoint.Properties.PolicyDocument.Statement[0].Action", "s3:*"),
    remove("S3Endpoint.Properties.PolicyDocument.Statement[1]"),
)
def the_s3_endpoint_leads_to_the_stacks_own_buckets(install):
    if "S3Endpoint" not in install.resources:
        return
    own, answers = statements(install.properties("S3Endpoint"))
    buckets = ["archive", "lake"] if install.conditions["HasBulk"] else ["archive"]
    wanted = [f"arn:aws:s3:::logbook-{b}-111122223333-us-east-1{end}" for b in buckets for end in ("", "/*")]
    wanted += ["arn:aws:s3:::scripts/bulk.py"] if install.conditions["HasBulk"] else []
    assert own["Resource"] == wanted
    assert set(own["Action"]) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    # Custom resources answer CloudFormation in a bucket of its own.
    assert answers["Action"] == ["s3:PutObject"]
    assert answers["Resource"] == ["arn:aws:s3:::cloudformation-custom-resource-response-*/*"]


@promise(
    append("DatabaseGroup.Properties.SecurityGroupIngress", {
        "IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "0.0.0.0/0"}),
    change("FunctionsGroup.Properties.SecurityGroupIngress", [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]),
    append("FunctionsGroup.Properties.SecurityGroupEgress", {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
)
def nothing_gets_in_but_from_the_functions(install):
    for name, group in install.of_type("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupIngress", []):
            assert rule["SourceSecurityGroupId"] == {"Ref": "FunctionsGroup"}, name
        for rule in group["Properties"]["SecurityGroupEgress"]:
            inside = rule.get("CidrIp") in ("127.0.0.1/32", install.parameters["VpcCidr"])
            assert inside or (rule["FromPort"], rule["ToPort"]) == (443, 443), name


@promise(
    change("Cluster.Properties.ServerlessV2ScalingConfiguration.MinCapacity", 0.5),
    change("ClusterSettings.Properties.Parameters.wait_timeout", "28800"),
    change("Cluster.Properties.EnableIAMDatabaseAuthentication", False),
    remove("Cluster.Properties.ManageMasterUserPassword"),
    change("Cluster.Properties.StorageEncrypted", False),
    change("ClusterSettings.Properties.Parameters.require_secure_transport", "OFF"),
    change("Instance.Properties.PubliclyAccessible", True),
    change("Cluster.Properties.DatabaseName", {"Ref": "SessionsSchema"}),
)
def the_cluster_sleeps_when_nobody_is_connected_and_takes_tls_only(install):
    clusters = install.of_type("AWS::RDS::DBCluster")
    assert bool(clusters) == (not install.parameters["DatabaseHost"])
    assert not install.of_type("AWS::RDS::DBProxy")
    for cluster in (r["Properties"] for r in clusters.values()):
        assert cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"] == 0
        assert cluster["EnableIAMDatabaseAuthentication"] is True
        assert cluster["ManageMasterUserPassword"] is True and "MasterUserPassword" not in cluster
        assert cluster["StorageEncrypted"] is True
        assert cluster["DeletionProtection"] == install.parameters["DatabaseDeletionProtection"]
        # migrate makes the schemas; a name here would replace the cluster once it changes.
        assert "DatabaseName" not in cluster
        settings = install.properties("ClusterSettings")["Parameters"]
        assert settings["require_secure_transport"] == "ON"
        assert int(settings["wait_timeout"]) < install.parameters["DatabaseAutoPauseSecs"]
        assert install.properties("Instance")["PubliclyAccessible"] is False


@promise(
    parameter("GlueScript", "s3://scripts/bulk.py"),
    parameter("SearchInstanceType", "t3.small.search"),
    parameter("Endpoints", "interface"),
    parameter("BiUser", "true"),
    parameter("SlackWebhookSecretArn", "arn:aws:secretsmanager:us-east-1:111122223333:secret:slack"),
    parameter("LogLevel", "debug"),
    parameter("LogRetentionDays", 365),
    parameter("ColdTier", "deep"),
)
def what_costs_is_off_unless_it_is_asked_for(install):
    defaults = {name: p["Default"] for name, p in install.source["Parameters"].items()}
    off = {
        "GlueScript": "", "SearchInstanceType": "", "Endpoints": "dualstack", "BiUser": "false",
        "SlackWebhookSecretArn": "", "AlarmEmail": "", "ColdTier": "none", "LogLevel": "info",
    }
    assert {name: defaults[name] for name in off} == off
    assert int(defaults["LogRetentionDays"]) <= 30
    by_the_hour = (
        "AWS::EC2::NatGateway", "AWS::RDS::DBProxy", "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::KinesisFirehose::DeliveryStream", "AWS::OpenSearchService::Domain", "AWS::Glue::Job",
    )
    found = install.of_type(*by_the_hour)
    asked = install.conditions["HasSearch"] or install.conditions["HasBulk"]
    assert asked or not found, found
