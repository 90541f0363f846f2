"""What is measured: a module each, with NAME, TITLE and run(bench)."""

import importlib

NAMES = (
    "latency", "loads", "saturation", "storm", "memory", "publishing", "batches", "topics", "replay", "last",
    "groups", "slow", "delayed", "access")


def all_scenarios():
    """The modules by their names, in the order they are run."""
    return {name: importlib.import_module(f"scenarios.{name}") for name in NAMES}
