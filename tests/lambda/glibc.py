"""The highest version of the C library's symbols that a program asks for.

    python3 tests/lambda/glibc.py PROGRAM ...

Amazon Linux 2023, on which the functions run, has glibc 2.34. Ends with 1 where a program asks for
more.
"""

import re
import subprocess
import sys

HIGHEST = (2, 34)


def highest(program):
    """The version, as numbers; none for a program that asks for nothing."""
    symbols = subprocess.run(["objdump", "-T", program], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"\(?GLIBC_([0-9]+(?:\.[0-9]+)+)\)?", symbols)
    return max((tuple(map(int, version.split("."))) for version in found), default=None)


def main(programs):
    wrong = 0
    for program in programs:
        version = highest(program)
        wrong += version is None or version > HIGHEST
        print(f"{program}: {'.'.join(map(str, version)) if version else 'not linked to glibc'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
