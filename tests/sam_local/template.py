"""The template as `sam build` leaves it, with programs that cargo has built already."""

import os
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lambda"))
import golden  # noqa: E402
import rie  # noqa: E402

RESOURCE = re.compile(r"^  (\w+)Function:\n    Type: AWS::Serverless::Function\n", re.M)


def write(folder):
    """Writes it and a folder for each function beside it; gives the template's path.

    The text is kept as it is: a code folder is added to each function, and the one of all
    functions, with how to build, is taken out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "template.yaml").read_text()
    text = re.sub(r"^    CodeUri: \.\n", "", text, flags=re.M)
    text = re.sub(r"^      BuildMethod: .*\n      BuildProperties: .*\n", "", text, flags=re.M)
    found = {match[1].lower() for match in RESOURCE.finditer(text)}
    if found != set(golden.OF_FUNCTION):
        raise RuntimeError(f"functions of the template: {sorted(found)}")
    for name in found:
        code = folder / name
        code.mkdir(exist_ok=True)
        bootstrap = code / "bootstrap"
        bootstrap.unlink(missing_ok=True)
        program = rie.program(name)
        try:
            os.link(program, bootstrap)
        except OSError:
            shutil.copy2(program, bootstrap)
        resource = f"  {name.capitalize()}Function:\n    Type: AWS::Serverless::Function\n"
        head, tail = text.split(resource)
        text = head + resource + tail.replace("    Properties:\n", f"    Properties:\n      CodeUri: {code}\n", 1)
    path = folder / "template.yaml"
    path.write_text(text)
    return path
