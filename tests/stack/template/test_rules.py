"""Parameters: combinations that make no sense are refused before anything is made."""

import re

import pytest

from installs import INSTALLS, REFUSED, installed
from transformed import read_template


def values(parameters):
    template = read_template()
    return {name: parameters.get(name, p["Default"]) for name, p in template["Parameters"].items()}


def truth(node, given):
    """What a rule's function says. It knows lists as CloudFormation gives them: of texts."""
    (kind, args), = node.items()
    if kind == "Fn::Equals":
        left, right = (value(side, given) for side in args)
        return str(left) == str(right)
    if kind == "Fn::Not":
        return not truth(args[0], given)
    if kind == "Fn::Or":
        return any(truth(one, given) for one in args)
    if kind == "Fn::And":
        return all(truth(one, given) for one in args)
    if kind == "Fn::EachMemberEquals":
        members, wanted = value(args[0], given), value(args[1], given)
        return all(member == wanted for member in str(members).split(","))
    raise ValueError(kind)


def value(node, given):
    return given[node["Ref"]] if isinstance(node, dict) else node


def refusals(parameters):
    """What the template's rules say against these parameters."""
    given, said = values(parameters), []
    for rule in read_template()["Rules"].values():
        if truth(rule["RuleCondition"], given):
            said += [a["AssertDescription"] for a in rule["Assertions"] if not truth(a["Assert"], given)]
    return said


@pytest.mark.parametrize("install", INSTALLS)
def test_what_makes_sense_is_taken(install):
    assert refusals(INSTALLS[install]) == []


@pytest.mark.parametrize("word", REFUSED)
def test_what_makes_no_sense_is_refused(word):
    said = refusals(REFUSED[word])
    assert any(word in reason for reason in said), said


def fits(parameter, given):
    if "AllowedValues" in parameter:
        return str(given) in [str(v) for v in parameter["AllowedValues"]]
    if "AllowedPattern" in parameter:
        return re.fullmatch(parameter["AllowedPattern"], str(given)) is not None
    least, most = parameter.get("MinValue", float("-inf")), parameter.get("MaxValue", float("inf"))
    return parameter["Type"] != "Number" or least <= float(given) <= most


@pytest.mark.parametrize("install", INSTALLS)
def test_values_are_within_their_bounds(install):
    for name, parameter in read_template()["Parameters"].items():
        assert fits(parameter, values(INSTALLS[install])[name]), name


def test_bounds_bind():
    parameters = read_template()["Parameters"]
    for name, wrong in {
        "DeepArchiveDays": 90, "TicketTtlSecs": 3600, "ParseConcurrency": 1, "DatabaseAutoPauseSecs": 60,
        "SlackWebhookSecretArn": "https://hooks.slack.com/services/x", "GlueScript": "bulk.py", "ColdTier": "glacier",
    }.items():
        assert not fits(parameters[name], wrong), name


def test_every_parameter_is_described_and_grouped():
    template = read_template()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(len(p["Description"]) > 10 and "Default" in p for p in template["Parameters"].values())


def test_every_part_can_be_both_there_and_not():
    """A condition that is the same in every install is one that no test has tried."""
    seen = {name: set() for name in installed("default").conditions}
    for install in INSTALLS:
        for name, holds in installed(install).conditions.items():
            seen[name].add(holds)
    one_sided = {name for name, both in seen.items() if both != {True, False}}
    assert not one_sided, one_sided
