"""What the benchmarks are made of."""

import pathlib
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
# How processes are started and ended is shared with the end-to-end suite.
sys.path.insert(0, str(CHECKOUT / "Tests/EndToEnd"))
