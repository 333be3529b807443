import pytest

import golden
import rie
import surroundings as around


@pytest.fixture(scope="session")
def surroundings():
    with around.provided() as made:
        yield made


@pytest.fixture(scope="session")
def functions(surroundings):
    """Functions by name, each started when it is first asked for, and not again."""
    started = {}

    def function(name):
        if name not in started:
            started[name] = rie.Function(name, surroundings.variables)
        return started[name]

    try:
        yield function
    finally:
        for each in started.values():
            each.stop()


@pytest.fixture(scope="session")
def invoke(functions, surroundings):
    """Invokes a function with a golden event."""

    def call(name, event):
        assert event in golden.OF_FUNCTION[name]
        return functions(name).invoke(golden.event(event, surroundings.outside))

    return call


@pytest.fixture(scope="session")
def migrated(invoke, surroundings):
    """The schemas are there; what CloudFormation was told of it."""
    assert invoke("migrate", "cloudformation-create") is None
    (told,) = surroundings.taken()
    return told


@pytest.fixture(scope="session")
def uploaded(invoke, migrated):
    """run-1 and run-2 are in the archive; the answers to their uploads."""
    return invoke("upload", "rest-upload-log"), invoke("upload", "rest-upload-otlp")


@pytest.fixture(scope="session")
def parsed(invoke, uploaded):
    """The golden batch is parsed; what the queue is told of it."""
    return invoke("parse", "sqs-parse-batch")


@pytest.fixture(scope="session")
def analyzed(invoke, parsed):
    """The reports are up to date as far as the golden event asks; the answer."""
    return invoke("analyze", "schedule-analyze")
