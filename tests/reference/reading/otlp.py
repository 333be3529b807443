"""Records of OTLP/JSON (docs/profiles.md, otlp)."""

import json

from .records import DECODER, BadRecord, FlatRecord

ENUM_LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


def otlp_records(body, _):
    """A request, or several one after the other."""
    text, at = body.decode("utf-8").strip(), 0
    if not text:
        return
    while at < len(text):
        try:
            request, at = DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError("wrong_format") from error
        if not isinstance(request, dict) or "resourceLogs" not in request:
            raise ValueError("wrong_format")
        yield from of_request(request)
        while at < len(text) and text[at].isspace():
            at += 1


def of_request(request):
    for resources in request["resourceLogs"]:
        resource = attributes(resources.get("resource", {}))
        for scopes in resources.get("scopeLogs", []):
            scope = scopes.get("scope", {})
            for record in scopes.get("logRecords", []):
                yield of_record(record, resource, scope)


def of_record(record, resource, scope):
    fields = {"@resource": json.dumps(sorted(resource.items()))}
    fields.update({f"resource.{name}": value for name, value in resource.items()})
    fields.update({f"scope.attributes.{name}": value for name, value in attributes(scope).items()})
    fields.update({f"attributes.{name}": value for name, value in attributes(record).items()})
    times = (record.get(name) for name in ("timeUnixNano", "observedTimeUnixNano"))
    fields["time"] = next((time for time in times if time and time != "0"), None)
    fields["eventName"] = record.get("eventName")
    fields["severityText"] = record.get("severityText")
    severity = record.get("severityNumber", "0")
    if severity.startswith("SEVERITY_NUMBER_"):
        severity = enumerated(severity.removeprefix("SEVERITY_NUMBER_"))
    if not severity.isdigit():
        return BadRecord("broken")
    fields["severityNumber"] = None if severity == "0" else severity
    return FlatRecord(fields)


def enumerated(name):
    """The number of a severity's name, such as ERROR or ERROR2."""
    word, step = name.rstrip("234"), name[-1:] if name[-1:] in "234" else "1"
    return str(ENUM_LEVELS.index(word) * 4 + int(step)) if word in ENUM_LEVELS else "0"


def attributes(of):
    """Attributes whose values are single ones."""
    return {one["key"]: single(one.get("value", {})) for one in of.get("attributes", [])}


def single(value):
    for kind, held in value.items():
        if kind in ("stringValue", "intValue", "doubleValue"):
            return str(held)
        if kind == "boolValue":
            return "true" if held else "false"
    return None
