"""Where a benchmark works, and how it ends."""

import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile


@contextlib.contextmanager
def workplace(state):
    """A folder on the file system of `state`, which is removed in the end, however that comes."""
    # What was started ends by the handlers on the way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    state.mkdir(parents=True, exist_ok=True)
    # A short path: sockets lie in there.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="b", dir=state.resolve()))
    try:
        yield folder
    except KeyboardInterrupt:
        print("\nStopped.")
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
