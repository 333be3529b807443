"""The tables of docs/cost.md and docs/deploy.md that the template and the sources give.

    python documents.py          says which documents are out of date
    python documents.py --write  brings them up to date

A table stands between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import re
import sys

import cost
import sources
from installs import INSTALLS, installed
from transformed import ROOT, STACK, read_template

# What each variable of a function says. A test holds this against the template and the sources.
VARIABLES = {
    "LOGBOOK_STAGE": "what this installation is for: a dimension of the metrics, a field of the logs",
    "LOGBOOK_LOG_LEVEL": "`error`, `warn`, `info` (default), `debug` or `trace`",
    "LOGBOOK_ARCHIVE_BUCKET": "the archive: registry, sealed logs, marks between functions",
    "LOGBOOK_INBOX_BUCKET": "the inbox; for notify, where it remembers what it told",
    "LOGBOOK_KMS_KEY_ID": "the key that wraps the data keys of the archive",
    "LOGBOOK_HASH_SECRET_ARN": "the secret that keys pseudonyms and content hashes",
    "LOGBOOK_PARSE_QUEUE_URL": "where logs wait to be parsed",
    "LOGBOOK_TICKET_TTL_SECS": "seconds for which a ticket holds",
    "LOGBOOK_SWEEP_AGE_SECS": "seconds (default 900) that a log may be without a row before it is queued again",
    "LOGBOOK_BULK_QUEUE_URL": "where large logs wait for the bulk path; empty: there is none",
    "LOGBOOK_BULK_BYTES": "sealed logs larger than this take the bulk path",
    "LOGBOOK_GLUE_JOB_NAME": "the job that a bulk run starts",
    "LOGBOOK_DATABASE_HOST": "host of the database",
    "LOGBOOK_DATABASE_PORT": "its port (default 3306)",
    "LOGBOOK_DATABASE_AUTH": "`iam`: a token for LOGBOOK_DATABASE_USER; `secret`: what LOGBOOK_DATABASE_SECRET_ARN names",
    "LOGBOOK_DATABASE_USER": "who signs in by IAM",
    "LOGBOOK_DATABASE_SECRET_ARN": "a secret, JSON with `username` and `password`",
    "LOGBOOK_DATABASE_TLS": "`verify-identity`, or `off` for a database on this machine",
    "LOGBOOK_DATABASE_SESSIONS": "schema of logs, sessions and rejects",
    "LOGBOOK_DATABASE_ANALYTICS": "schema of the reports",
    "LOGBOOK_DATABASE_IAM_USER": "the user that migrate makes, to sign in by IAM; empty: none",
    "LOGBOOK_BI_SECRET_ARN": "name and password of the read-only user that migrate makes; empty: none",
    "LOGBOOK_SEARCH_ENDPOINT": "the OpenSearch domain; not read yet",
    "LOGBOOK_JWT_SCOPES_CLAIM": "the claim that says what a token may: `scope`, or `cognito:groups` for the stack's own pool",
    "LOGBOOK_SLACK_WEBHOOK_SECRET_ARN": "the secret whose text is the webhook's address",
    "AWS_ENDPOINT_URL_KMS": "the service's IPv6 address, in the dual-stack network",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": "likewise",
    "AWS_ENDPOINT_URL_SQS": "likewise",
    "AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH": "paths are taken without the stage of API Gateway",
}


def told():
    """The functions that are told each variable, in any install."""
    found = {}
    for install in INSTALLS:
        for name, function in installed(install).functions().items():
            for variable in function["Environment"]["Variables"]:
                found.setdefault(variable, set()).add(name)
    return found


def read():
    """The functions whose code reads each variable."""
    found = {}
    for name in installed("everything").functions():
        for variable in sources.variables_read(name):
            found.setdefault(variable, set()).add(name)
    return found


def code(text):
    return f"`{text}`" if str(text) else ""


def parameters_table():
    template = read_template()
    lines = []
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        lines.append(f"| **{group['Label']['default']}** | | |")
        for name in group["Parameters"]:
            parameter = template["Parameters"][name]
            allowed = ", ".join(code(v) for v in parameter.get("AllowedValues", []))
            if not allowed and parameter["Type"] == "Number":
                least, most = parameter.get("MinValue"), parameter.get("MaxValue")
                allowed = " to ".join(str(bound) for bound in (least, most) if bound is not None)
                allowed = allowed if most is not None else f"from {least}"
            said = parameter["Description"] + (f" ({allowed})" if allowed else "")
            lines.append(f"| `{name}` | {code(parameter['Default'])} | {said} |")
    return "\n".join(["| parameter | default | what it is |", "|---|---|---|", *lines])


def variables_table():
    given, asked = told(), read()
    everyone = set(installed("everything").functions())
    lines = ["| variable | functions | what it says |", "|---|---|---|"]
    for variable, meaning in VARIABLES.items():
        who = given.get(variable, set()) | asked.get(variable, set())
        names = "all" if who == everyone else ", ".join(sorted(who))
        lines.append(f"| `{variable}` | {names} | {meaning} |")
    return "\n".join(lines)


def outputs_table():
    outputs = read_template()["Outputs"]
    lines = [f"| `{name}` | {output['Description']} |" for name, output in outputs.items()]
    return "\n".join(["| output | what it is |", "|---|---|", *lines])


def alarms():
    """Names of all alarms, without the stack's, with what they look at."""
    found = installed("everything").of_type("AWS::CloudWatch::Alarm").values()
    return {r["Properties"]["AlarmName"].removeprefix(f"{STACK}-"): r["Properties"] for r in found}


TABLES = {f"cost, {name}": make for name, make in cost.TABLES.items()} | {
    "parameters": parameters_table,
    "variables": variables_table,
    "outputs": outputs_table,
}
DOCUMENTS = ("docs/cost.md", "docs/deploy.md")
PLACE = re.compile(r"(<!-- table: ([^>]+?) -->\n)(.*?)(<!-- end -->)", flags=re.S)


def renewed(text):
    """A document with its tables as they should be."""
    return PLACE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[4]}", text)


def main(write):
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text()
        if renewed(text) != text:
            stale.append(name)
            if write:
                path.write_text(renewed(text))
    print("\n".join(f"{name} {'is renewed' if write else 'is out of date'}" for name in stale) or "up to date")
    return 0 if write or not stale else 1


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
