"""References between resources."""

import graphlib

from promises import append, change, promise, remove
from transformed import references


def graph(install):
    return {name: references(resource) & set(install.resources) for name, resource in install.resources.items()}


@promise(
    change("IntakeFunction.Properties.Environment.Variables.LOGBOOK_ARCHIVE_BUCKET", {"Ref": "Archive"}),
    change("RegistryPolicy.Properties.PolicyDocument.Statement[0].Resource", {"Fn::GetAtt": ["Inbox", "Arn"]}),
    change("Key.DependsOn", "ParseFunction"),
    change("Vpc.Properties.Tags[0].Value", {"Fn::Sub": "${Archive}-${NetworkReady}"}),
)
def no_resource_depends_on_itself(install):
    try:
        graphlib.TopologicalSorter(graph(install)).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from error


@promise(
    remove("FunctionsGroup"),
    change("BiSecret.Condition", "CreateDatabase"),
    change("S3Endpoint.Condition", "DualStack"),
    append("AnalyzeRole.Properties.ManagedPolicyArns", {"Ref": "SearchPolicy"}),
)
def nothing_speaks_of_what_is_not_there(install):
    for name, resource in {**install.resources, **install.outputs}.items():
        missing = references(resource) - set(install.resources)
        assert not missing, f"{name} speaks of {missing}"
    # And what is there for a part that is off would cost without use.
    assert ("BiSecret" in install.resources) == (install.parameters["BiUser"] == "true")


def reach(install, name):
    """All that a resource waits for."""
    edges, found, left = graph(install), set(), [name]
    while left:
        for other in edges[left.pop()] - found:
            found.add(other)
            left.append(other)
    return found


@promise(
    remove("MigrateFunction.DependsOn"),
    remove("NetworkReady.Metadata"),
    remove("ParseFunction.DependsOn"),
    remove("Migration.Properties.Database"),
)
def functions_come_after_what_they_need_and_go_before_it(install):
    """The ways out of the network outlive the custom resource, which must answer when the stack goes."""
    needs = reach(install, "Migration")
    if install.parameters["Network"] == "create":
        ways = {"SubnetARoutes", "SubnetBRoutes", "S3Endpoint"}
        if install.parameters["Endpoints"] == "dualstack":
            ways |= {"SubnetAIpv6", "SubnetBIpv6", "EgressOnlyRoute"}
        else:
            ways |= {"SecretsManagerEndpoint", "KmsEndpoint", "SqsEndpoint"}
        assert ways <= needs, ways - needs
    if not install.parameters["DatabaseHost"]:
        assert {"Cluster", "Instance"} <= needs
    for function in ("parse", "analyze", "query", "sweep"):
        assert "Migration" in reach(install, install.function_ids()[function]), function
