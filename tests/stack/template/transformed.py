"""The template as CloudFormation sees it: SAM transformed, parameters and conditions worked out.

    install = transform(read_template(), {"Network": "none", ...})
    install.resources["ParseQueue"]["Properties"]["VisibilityTimeout"]

What stays of the intrinsic functions are references to resources: `Ref`, `Fn::GetAtt`, and `Fn::Sub`
where its text speaks of a resource. `${AWS::StackName}` and the like become the values below.
"""

import copy
import dataclasses
import functools
import ipaddress
import logging
import os
import pathlib
import re

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
logging.getLogger("samtranslator").setLevel(logging.ERROR)

from samtranslator.translator.transform import transform as sam_transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "template.yaml"
STACK, ACCOUNT, REGION = "logbook", "111122223333", "us-east-1"
PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/0",
}
NOTHING = object()  # AWS::NoValue


@functools.cache
def _parsed():
    return yaml_parse(TEMPLATE.read_text())


def read_template():
    """The template as it is written, with intrinsic functions in their long form; yours to change."""
    return copy.deepcopy(_parsed())


@dataclasses.dataclass
class Install:
    """One way to install the stack."""

    source: dict
    parameters: dict
    resources: dict
    outputs: dict
    conditions: dict

    def of_type(self, *types):
        """Resources by logical id, of these types."""
        return {name: r for name, r in self.resources.items() if r["Type"] in types}

    def properties(self, name):
        return self.resources[name].get("Properties", {})

    def functions(self):
        """The functions' properties, by their short names (`parse`)."""
        found = self.of_type("AWS::Lambda::Function")
        return {short(r["Properties"]["FunctionName"]): r["Properties"] for r in found.values()}

    def function_ids(self):
        """The functions' logical ids, by their short names."""
        found = self.of_type("AWS::Lambda::Function")
        return {short(r["Properties"]["FunctionName"]): name for name, r in found.items()}


def short(name):
    """`parse` of `logbook-parse`."""
    return name.removeprefix(f"{STACK}-")


class _NoPolicies:
    """The template names no managed policy of AWS's."""

    def load(self):
        return {}


def transform(template, parameters=None):
    """Works a template out for some parameters; the others have their defaults."""
    template = copy.deepcopy(template)
    values = {name: p["Default"] for name, p in template["Parameters"].items()}
    unknown = set(parameters or {}) - set(values)
    if unknown:
        raise KeyError(f"no such parameters: {unknown}")
    values.update(parameters or {})
    template["Globals"]["Function"]["CodeUri"] = "s3://artifacts/code.zip"
    # What is transformed is changed on the way.
    worked = sam_transform(copy.deepcopy(template), {k: str(v) for k, v in values.items()}, _NoPolicies())
    resolver = _Resolver(values, worked)
    conditions = {name: resolver.condition(name) for name in worked.get("Conditions", {})}
    kept = {n: r for n, r in worked["Resources"].items() if conditions.get(r.get("Condition"), True)}
    outputs = {n: o for n, o in worked["Outputs"].items() if conditions.get(o.get("Condition"), True)}
    return Install(
        source=template,
        parameters=values,
        resources={name: resolver.resolve(resource) for name, resource in kept.items()},
        outputs={name: resolver.resolve(output) for name, output in outputs.items()},
        conditions=conditions,
    )


class _Resolver:
    def __init__(self, values, template):
        self.values = values
        self.conditions = template.get("Conditions", {})
        self.types = {name: p["Type"] for name, p in template["Parameters"].items()}

    def value(self, name):
        value = self.values[name]
        if "List" in self.types[name]:
            return value.split(",") if isinstance(value, str) else list(value)
        return value

    def condition(self, name):
        return self.truth(self.conditions[name])

    def truth(self, node):
        (kind, given), = node.items()
        if kind == "Condition":
            return self.condition(given)
        if kind == "Fn::Equals":
            left, right = (self.resolve(side) for side in given)
            return str(left) == str(right)
        if kind == "Fn::Not":
            return not self.truth(given[0])
        if kind == "Fn::And":
            return all(self.truth(one) for one in given)
        if kind == "Fn::Or":
            return any(self.truth(one) for one in given)
        raise ValueError(f"{kind} is not known in a condition")

    def resolve(self, node):
        if isinstance(node, list):
            worked = [self.resolve(one) for one in node]
            return [one for one in worked if one is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (kind, given), = node.items()
            known = getattr(self, "fn_" + kind.removeprefix("Fn::").lower(), None)
            if kind == "Ref" or (kind.startswith("Fn::") and known):
                return known(given)
        worked = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in worked.items() if value is not NOTHING}

    def fn_ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        return self.value(name) if name in self.values else {"Ref": name}

    def fn_if(self, given):
        condition, then, otherwise = given
        return self.resolve(then if self.condition(condition) else otherwise)

    def fn_sub(self, given):
        text, names = (given, {}) if isinstance(given, str) else given
        names = {name: self.resolve(value) for name, value in names.items()}
        left = {}

        def put(match):
            name = match[1]
            if name.startswith("!"):
                return match[0]
            value = names[name] if name in names else None
            if value is None and (name in PSEUDO or name in self.values):
                value = self.fn_ref(name)
            if isinstance(value, (str, int, float)):
                return str(value)
            if isinstance(value, dict):
                left[name] = value
            return match[0]

        text = re.sub(r"\$\{([^}]+)\}", put, text)
        if "${" not in text:
            return text
        return {"Fn::Sub": [text, left]} if left else {"Fn::Sub": text}

    def fn_join(self, given):
        glue, parts = given
        parts = self.resolve(parts)
        if isinstance(parts, list) and all(isinstance(part, (str, int)) for part in parts):
            return glue.join(map(str, parts))
        return {"Fn::Join": [glue, parts]}

    def fn_split(self, given):
        by, text = given[0], self.resolve(given[1])
        return text.split(by) if isinstance(text, str) else {"Fn::Split": [by, text]}

    def fn_select(self, given):
        index, parts = given[0], self.resolve(given[1])
        return parts[int(index)] if isinstance(parts, list) else {"Fn::Select": [index, parts]}

    def fn_getazs(self, _region):
        return [REGION + zone for zone in "abc"]

    def fn_cidr(self, given):
        block, count, bits = self.resolve(given)
        if not isinstance(block, str):
            return {"Fn::Cidr": [block, count, bits]}
        nets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(net) for _, net in zip(range(int(count)), nets)]


def references(node):
    """Logical ids that a resolved node speaks of."""
    if isinstance(node, list):
        return set().union(*map(references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = set()
    for key, value in node.items():
        if key == "Ref" and len(node) == 1:
            found.add(value)
        elif key == "Fn::GetAtt" and len(node) == 1:
            found.add(value[0] if isinstance(value, list) else value.split(".")[0])
        elif key == "Fn::Sub" and len(node) == 1:
            text, names = (value, {}) if isinstance(value, str) else value
            spoken = {n.split(".")[0] for n in re.findall(r"\$\{([^!}][^}]*)\}", text) if n not in names}
            found |= spoken | references(names)
        elif key == "DependsOn":
            found |= {value} if isinstance(value, str) else set(value)
        else:
            found |= references(value)
    return found
