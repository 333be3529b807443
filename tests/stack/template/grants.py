"""What the roles of an install may do, one line a grant: `s3:GetObject archive/config/*`."""

import re

from promises import statements

_BUCKET = re.compile(r"arn:aws:s3:::logbook-(\w+)-111122223333-us-east-1(/.*)?")


def kind(resource):
    """What a resource of a statement is, in short."""
    if isinstance(resource, dict):
        (how, what), = resource.items()
        if how == "Fn::GetAtt":
            return _of_resource(what if isinstance(what, list) else what.split(".", 1))
        text = what if isinstance(what, str) else what[0]
        sealed = re.fullmatch(r"\$\{(\w+)\.Arn\}(/.*)", text)
        return sealed[1].lower() + sealed[2] if sealed else text
    bucket = _BUCKET.fullmatch(resource)
    if bucket:
        return bucket[1] + (bucket[2] or "")
    return re.sub(r"^arn:aws:([\w-]+):[^:]*:[^:]*:", r"\1:", resource)


def _of_resource(what):
    name, attribute = what
    if name in ("Archive", "Inbox", "Lake"):
        return name.lower()
    return name if attribute == "Arn" else f"{name}.{attribute}"


def condition(statement):
    """A statement's condition, in short; what is not known here stands as it is."""
    found = []
    for operator, tests in statement.get("Condition", {}).items():
        for key, value in tests.items():
            if (operator, key, value) == ("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "logbook:product"):
                found.append("of logs")
            elif (operator, key, value) == ("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com"):
                found.append("by S3")
            elif (operator, key) == ("StringEquals", "kms:EncryptionContext:aws:s3:arn"):
                found.append(f"for {kind(value)}")
            else:
                found.append(f"{operator} {key} {value}")
    return ", ".join(found)


def lines(policy):
    """The grants of one policy."""
    for statement in statements(policy):
        if statement["Effect"] != "Allow":
            continue
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield f"{action} {kind(resource)} {condition(statement)}".strip()


def grants(install, role):
    """All that a role may do, of its own policies and of the managed ones."""
    properties = install.properties(role)
    found = set()
    for policy in properties.get("Policies", []):
        found |= set(lines(policy))
    for managed in properties.get("ManagedPolicyArns", []):
        if isinstance(managed, str):
            found.add(managed)
        else:
            found |= set(lines(install.properties(managed["Ref"])))
    return found
