"""Invokes one function under the Runtime Interface Emulator, beside all that it needs.

    make invoke F=FUNCTION [E=EVENT.json]

Without an event: the function's first golden one.
"""

import argparse
import json
import pathlib
import sys

import golden
import rie
import surroundings as around

# What must have happened before a function's golden events, in this order.
BEFORE = [
    ("migrate", ["cloudformation-create"]),
    ("upload", ["rest-upload-log", "rest-upload-otlp"]),
    ("parse", ["sqs-parse-batch"]),
    ("analyze", ["schedule-analyze"]),
]
NEEDED = {"migrate": 0, "upload": 1, "notify": 1, "intake": 2, "parse": 2, "analyze": 3, "query": 4, "sweep": 3}


def prepare(function, made):
    for name, events in BEFORE[:NEEDED[function]]:
        print(f"first, {name}: {', '.join(events)}", file=sys.stderr)
        earlier = rie.Function(name, made.variables)
        try:
            for event in events:
                answer = earlier.invoke(golden.event(event, made.outside))
                if isinstance(answer, dict) and "errorType" in answer:
                    sys.exit(f"{earlier.lines()}\n{name}: {json.dumps(answer)}")
        finally:
            earlier.stop()
    made.drop_into_inbox()
    made.taken()


def main():
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("function", choices=golden.OF_FUNCTION)
    given.add_argument("event", nargs="?", type=pathlib.Path)
    given = given.parse_args()
    path = given.event or golden.EVENTS / f"{golden.OF_FUNCTION[given.function][0]}.json"
    text = path.read_text()
    with around.provided() as made:
        prepare(given.function, made)
        function = rie.Function(given.function, made.variables)
        try:
            answer = function.invoke(json.loads(text.replace(golden.OUTSIDE, made.outside)))
            print(function.lines(), file=sys.stderr)
        finally:
            function.stop()
        for method, path, body in made.taken():
            print(f"sent to {path} by {method}: {json.dumps(body, ensure_ascii=False)}", file=sys.stderr)
    print(json.dumps(answer, indent=2))
    return 1 if isinstance(answer, dict) and "errorType" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
