"""The functions' programs run on Amazon Linux 2023."""

import pytest

import glibc
import golden
import rie


@pytest.mark.parametrize("name", golden.OF_FUNCTION)
def test_a_function_asks_for_no_newer_c_library_than_lambda_has(name):
    version = glibc.highest(rie.program(name))
    assert version is not None and version <= glibc.HIGHEST, version
