"""OpenTelemetry's own exporter sends to the stack: the tests of tests/interop."""

import json
import os
import re
import subprocess

from surroundings import ROOT


def test_opentelemetrys_exporter_sends_and_its_sessions_appear(stack, tmp_path):
    described = tmp_path / "stack.json"
    described.write_text(json.dumps({
        "upload_url": stack.upload_url,
        "query_url": stack.query_url,
        "product": "exporter",
        "upload_headers": {"x-api-key": stack.api_key, "authorization": f"Bearer {stack.keys['exporter']}"},
        "query_headers": stack.query("logbook/read:sessions", "exporter").headers,
        "ca": str(stack.aws.bundle),
    }))
    # The exporter trusts what these name before what it is told.
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_CA_BUNDLE")}
    done = subprocess.run(
        [ROOT / ".tools/python/bin/pytest", "-q", "-p", "no:cacheprovider", "-rs", ROOT / "tests/interop"],
        env={**kept, "LOGBOOK_TEST_STACK": str(described)}, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert re.search(r"^3 passed, \d+ deselected in", done.stdout, re.M), said
