"""What the stack promises, each beside the ways in which it could be broken.

A promise is a function that asserts something of an install. Its breaks are changes of the template
after each of which the promise must fail in at least one install: a promise that cannot fail says
nothing. test_promises.py tries both.
"""

import copy
import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Promise:
    check: typing.Callable
    breaks: tuple

    @property
    def name(self):
        return self.check.__name__


PROMISES = []


def promise(*breaks):
    """Registers a check of an install, with at least one change that breaks it."""
    assert breaks, "a promise needs a change that breaks it"

    def register(check):
        PROMISES.append(Promise(check, breaks))
        return check

    return register


def change(path, value):
    """A break: sets what is at a path (`ParseQueue.Properties.VisibilityTimeout`)."""

    def apply(template):
        *way, last = steps(path)
        at = walk(template["Resources"], way)
        assert not isinstance(at, list) or last < len(at), f"{path} leads nowhere"
        at[last] = copy.deepcopy(value)

    return named(apply, f"{path} = {value}")


def remove(path):
    """A break: takes away what is at a path."""

    def apply(template):
        *way, last = steps(path)
        del walk(template["Resources"], way)[last]

    return named(apply, f"no {path}")


def append(path, value):
    """A break: adds to the list at a path."""

    def apply(template):
        walk(template["Resources"], steps(path)).append(copy.deepcopy(value))

    return named(apply, f"{path} += {value}")


def add(name, resource):
    """A break: one more resource."""

    def apply(template):
        template["Resources"][name] = copy.deepcopy(resource)

    return named(apply, f"one more: {name}")


def for_all_functions(key, value):
    """A break: what the template says of every function."""

    def apply(template):
        template["Globals"]["Function"][key] = copy.deepcopy(value)

    return named(apply, f"every function has {key} {value}")


def parameter(name, value, key="Default"):
    """A break: another default of a parameter, or another bound."""

    def apply(template):
        template["Parameters"][name][key] = value

    return named(apply, f"{name} has {key} {value}")


def steps(path):
    """`A.B[0].C` as keys and indices. A key with dots in it stands in quotes."""
    found, rest = [], path
    while rest:
        if rest.startswith("["):
            index, rest = rest[1:].split("]", 1)
            found.append(int(index))
        elif rest.startswith("'"):
            key, rest = rest[1:].split("'", 1)
            found.append(key)
        else:
            end = min([rest.find(c) for c in ".[" if c in rest] or [len(rest)])
            found.append(rest[:end])
            rest = rest[end:]
        rest = rest.removeprefix(".")
    return found


def walk(node, way):
    for step in way:
        node = node[step]
    return node


def named(apply, name):
    apply.__name__ = name.replace("\n", " ")[:100]
    return apply


def statements(policy):
    """A policy's statements, with their actions and resources as lists."""
    found = policy["PolicyDocument"]["Statement"] if "PolicyDocument" in policy else policy["Statement"]
    return [
        {**s, "Action": listed(s["Action"]), "Resource": listed(s.get("Resource", []))}
        for s in (found if isinstance(found, list) else [found])
    ]


def listed(value):
    return value if isinstance(value, list) else [value]
