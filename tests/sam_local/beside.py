"""Runs a command beside what `events/env.json` names, on the ports that it names."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lambda"))
import surroundings  # noqa: E402


def main():
    with surroundings.provided(outside=("0.0.0.0", 4567)) as made:
        print(f"the surroundings are there: {made.variables['AWS_ENDPOINT_URL']}", file=sys.stderr)
        return subprocess.run(sys.argv[1:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
