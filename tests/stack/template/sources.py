"""What the functions' sources say that the template must fit: variables, routes, metrics."""

import functools
import json
import re

from transformed import ROOT

BOOTSTRAP = ROOT / "shared/bootstrap/src/lambda"
#: The tag that the description gives to what the upload API answers.
UPLOADS = ["uploads"]
VARIABLE = re.compile(r'"(LOGBOOK_[A-Z0-9_]+)"')


@functools.cache
def code(folder):
    """A folder's Rust, without comments and unit tests."""
    files = sorted((ROOT / folder).rglob("*.rs"))
    texts = [path.read_text().split("\n#[cfg(test)]\nmod tests {")[0] for path in files]
    return "\n".join(re.sub(r"^\s*//.*$", "", text, flags=re.M) for text in texts)


@functools.cache
def store_variables():
    """What each method of `Stores` reads, those that it calls among it."""
    text = code("shared/bootstrap/src/lambda")
    bodies = dict(re.findall(r"\n    (?:pub )?(?:const )?(?:async )?fn (\w+)[^{;]*(\{.*?\n    \})", text, flags=re.S))

    def of(name, seen=frozenset()):
        body = bodies.get(name, "")
        calls = set(re.findall(r"self\s*\.(\w+)\(", body)) - seen - {name}
        return set(VARIABLE.findall(body)).union(*(of(call, seen | {name}) for call in calls))

    return {name: of(name) for name in bodies}


@functools.cache
def start_variables():
    """What every function reads as it starts."""
    return set(VARIABLE.findall(code("shared/bootstrap/src/lambda"))) - OF_TESTS - set().union(
        *(names for method, names in store_variables().items() if method in STORES)
    )


# By which tests of the deployed stack have a function die; no template gives it.
OF_TESTS = {"LOGBOOK_KILL_AT"}

STORES = (
    "archive", "inbox", "vault", "registry", "parse_queue", "queue", "marks", "sessions", "analytics", "secret",
    "database", "by_token",
)


def variables_read(function):
    """The variables that a function's code reads."""
    text = code(f"functions/{function}/src")
    methods = set(re.findall(r"stores\s*\.(\w+)\(", text)) & set(store_variables())
    found = set(VARIABLE.findall(text)) | start_variables()
    return found.union(*(store_variables()[method] for method in methods))


def described_uploads():
    """The routes that the description ascribes to the upload API."""
    paths = description()["paths"].items()
    return {f"{method.upper()} {path}" for path, methods in paths
            for method, operation in methods.items() if operation["tags"] == UPLOADS}


def upload_routes():
    """`POST /v1/logs` and the like, out of the upload API's router."""
    routes = re.findall(r'\.route\(\s*"([^"]+)",\s*(\w+)\(', code("functions/upload/src"))
    return {f"{method.upper()} {path}" for path, method in routes}


def description():
    """The description of both APIs."""
    return json.loads((ROOT / "functions/query/openapi.json").read_text())


def query_routes():
    """Each route of the query API with the scopes that a token needs, `None` where it needs none."""
    found = {}
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == UPLOADS:
                continue
            scopes = [s["token"] for s in operation.get("security", []) if "token" in s]
            found[f"{method.upper()} {path}"] = scopes[0] if scopes else None
    return found


def metrics_written(function):
    """The names of metrics in a function's code: given there, or the only thing on a line."""
    text = code(f"functions/{function}/src")
    given = re.findall(r'metrics::(?:put|count)\(\s*"(\w+)"', text)
    return {*given, *re.findall(r'^\s+"([A-Z]\w+)"$', text, flags=re.M)}


def metric_dimensions():
    """The dimensions of every metric that functions write."""
    (listed,) = set(re.findall(r'"Dimensions": \[\[([^\]]*)\]\]', code("shared/bootstrap/src/lambda")))
    return set(re.findall(r'"(\w+)"', listed))
