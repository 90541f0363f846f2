"""The packages from PyPI, in the checkout's .venv, which Tests/run uses as well."""

import os
import pathlib
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
PYTHON = CHECKOUT / ".venv/bin/python"


def go_on_with_matplotlib():
    """Starts the program anew with a Python that has matplotlib; returns where that is so already,
    or where it can't be had: then there is no chart."""
    try:
        import matplotlib  # noqa: F401

        return
    except ImportError:
        if os.environ.get("WEIR_BENCHMARK_VENV"):
            return
    try:
        if not PYTHON.exists():
            subprocess.run([sys.executable, "-m", "venv", CHECKOUT / ".venv"], check=True)
        subprocess.run(
            [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "matplotlib==3.10.7"],
            check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"No chart is drawn: matplotlib cannot be installed ({error})", flush=True)
        if not PYTHON.exists():
            return
    os.environ["WEIR_BENCHMARK_VENV"] = "1"
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
