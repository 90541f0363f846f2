"""What the tests of faults need; the end-to-end suite's processes and sites are theirs too."""

import concurrent.futures
import os
import pathlib
import queue as queues
import random
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))

from faults import Faults, build  # noqa: E402
from probe import Server  # noqa: E402

SEED = int(os.environ.get("WEIR_SEED") or random.SystemRandom().getrandbits(64))
WORKER_COUNT = 2
# Enough to see what is wrong; a fault that hangs a reader costs seconds each time.
COMPLAINT_COUNT_MAXIMUM = 8


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"WEIR_SEED={SEED}")


@pytest.fixture
def chance():
    """Random numbers that WEIR_SEED replays, the same for a test whichever others run."""
    return random.Random(SEED)


@pytest.fixture
def state():
    """An empty folder in memory where there is room for it: thousands of queues go through it."""
    memory = pathlib.Path("/dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(
        prefix="weir-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    return Faults(build(tmp_path_factory.mktemp("faults")))


@pytest.fixture
def each(state):
    """Runs `examine(server, folder, case)` for each case, two at a time; each has a folder of its
    own and says what it complains about. Fails with the first complaints of all."""
    servers = queues.Queue()
    for _ in range(WORKER_COUNT):
        servers.put(Server())

    def examine_each(cases, examine):
        found = []

        def examine_one(numbered):
            number, case = numbered
            if len(found) >= COMPLAINT_COUNT_MAXIMUM:
                return
            folder = state / f"case-{number}"
            folder.mkdir()
            server = servers.get()
            try:
                found.extend(f"{case}: {text}" for text in examine(server, folder, case))
            finally:
                servers.put(server)
                shutil.rmtree(folder)

        cases = list(cases)
        assert cases, "there is nothing to examine"
        with concurrent.futures.ThreadPoolExecutor(WORKER_COUNT) as workers:
            list(workers.map(examine_one, enumerate(cases)))
        assert not found, f"{len(cases)} cases, the first complaints:\n" + "\n".join(found)

    yield examine_each
    for _ in range(WORKER_COUNT):
        servers.get().stop()
