"""The linters of others find nothing, and what is suppressed is explained and still there to suppress."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from transformed import REGION, ROOT, TEMPLATE, read_template

BESIDE = pathlib.Path(sys.executable).parent
CHECKOV = ROOT / ".tools/checkov/bin/checkov"


def start(command, folder):
    settings = {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0", "HOME": str(folder)}
    return subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **settings},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def start_checkov(path, folder):
    how = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    return start([CHECKOV, "--file", path, *how], folder)


def failed(process):
    out, error = process.communicate(timeout=300)
    assert out.strip().startswith("{"), error[-2000:]
    found = json.loads(out)
    assert found["summary"]["resource_count"] > 50 and not found["summary"]["parsing_errors"]
    checks = found.get("results", {}).get("failed_checks", [])
    return {(check["resource"].split(".")[-1], check["check_id"]) for check in checks}


def suppressions(template):
    """What is not checked of which resource, with the reason."""
    return {
        (name, skip["id"]): skip.get("comment", "")
        for name, resource in template["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def without_suppressions(template):
    del template["Metadata"]["cfn-lint"]
    for resource in template["Resources"].values():
        resource.get("Metadata", {}).pop("checkov", None)
    return template


def unexplained(reasons):
    return [what for what, reason in reasons.items() if len(reason.split()) < 3]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The template with all suppressions taken out, as a file."""
    path = tmp_path_factory.mktemp("bare") / "template.json"
    path.write_text(json.dumps(without_suppressions(read_template()), default=str))
    return path


@pytest.fixture(scope="module")
def checkov(bare, tmp_path_factory):
    """What checkov finds fault with: with the suppressions, and without."""
    homes = [tmp_path_factory.mktemp("home") for _ in range(2)]
    both = [start_checkov(path, home) for path, home in zip((TEMPLATE, bare), homes)]
    return [failed(process) for process in both]


def test_sam_and_its_linter_find_nothing(tmp_path):
    process = start([BESIDE / "sam", "validate", "--lint", "--template-file", TEMPLATE], tmp_path)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, out + error


def test_cfn_lint_finds_what_is_ignored_and_nothing_else(bare, tmp_path):
    found, error = start([BESIDE / "cfn-lint", "--format", "json", bare], tmp_path).communicate(timeout=300)
    assert found, error
    said = read_template()["Metadata"]["cfn-lint"]
    ignored = set(said["config"]["ignore_checks"])
    assert {one["Rule"]["Id"] for one in json.loads(found)} == ignored
    assert set(said["reasons"]) == ignored
    assert not unexplained(said["reasons"])


def test_checkov_finds_nothing(checkov):
    found, _ = checkov
    assert not found


def test_each_suppression_suppresses_something(checkov):
    _, all_of_it = checkov
    assert not set(suppressions(read_template())) - all_of_it


def test_each_suppression_has_a_reason():
    assert not unexplained(suppressions(read_template()))


def test_a_suppression_without_use_or_reason_is_seen(checkov):
    _, all_of_it = checkov
    template = read_template()
    template["Resources"]["Inbox"]["Metadata"]["checkov"]["skip"].append({"id": "CKV_AWS_19", "comment": ""})
    told = suppressions(template)
    assert set(told) - all_of_it == {("Inbox", "CKV_AWS_19")}
    assert unexplained(told) == [("Inbox", "CKV_AWS_19")]
    # And a fault that nothing suppresses is found.
    assert all_of_it
