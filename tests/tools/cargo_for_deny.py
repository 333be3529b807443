#!/usr/bin/env python3
"""Stands in for cargo before cargo-deny 0.14: `cargo metadata` with package ids as it reads them.

Since Rust 1.77 cargo writes `registry+URL#name@version`; before, it wrote
`name version (registry+URL)`. The licence Unicode-3.0 is given the name of its predecessor,
Unicode-DFS-2016, the only one of the two that is known there. Every other call goes through to cargo unchanged.
"""

import json
import os
import subprocess
import sys

if "metadata" not in sys.argv[1:]:
    os.execvp("cargo", ["cargo", *sys.argv[1:]])

done = subprocess.run(["cargo", *sys.argv[1:]], capture_output=True, text=True)
if done.returncode != 0:
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
document = json.loads(done.stdout)


def old_id(package):
    source = package["source"] or "path+" + package["id"].split("path+", 1)[1].split("#", 1)[0]
    return f"{package['name']} {package['version']} ({source})"


for package in document["packages"]:
    if package["license"]:
        package["license"] = package["license"].replace("Unicode-3.0", "Unicode-DFS-2016")

ids = {package["id"]: old_id(package) for package in document["packages"]}


def rewrite(value):
    if isinstance(value, dict):
        return {key: rewrite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rewrite(item) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value


json.dump(rewrite(document), sys.stdout)
