"""Every promise holds in every install, and fails once it is broken."""

import importlib
import pkgutil

import pytest

import promises
from installs import INSTALLS, installed
from promises import PROMISES
from transformed import read_template, transform

for module in pkgutil.iter_modules(promises.__path__):
    importlib.import_module(f"promises.{module.name}")

BREAKS = [
    pytest.param(p, change, id=f"{p.name}: {change.__name__}") for p in PROMISES for change in p.breaks
]


@pytest.mark.parametrize("install", INSTALLS)
@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.name)
def test_holds(promise, install):
    promise.check(installed(install))


@pytest.mark.parametrize("promise, change", BREAKS)
def test_fails_once_it_is_broken(promise, change):
    template = read_template()
    change(template)
    # Most breaks show where everything is on.
    for name in sorted(INSTALLS, key=lambda name: name != "everything"):
        install = transform(template, INSTALLS[name])
        try:
            promise.check(install)
        except Exception:  # what is missing fails a promise too
            return
    pytest.fail(f"{promise.name} holds although: {change.__name__}")


def test_breaks_are_changes():
    whole = read_template()
    for promise in PROMISES:
        for change in promise.breaks:
            template = read_template()
            change(template)
            assert template != whole, change.__name__
