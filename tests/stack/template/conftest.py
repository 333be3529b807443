"""Tests of template.yaml. `make check-stack` runs them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
