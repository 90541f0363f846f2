"""Runs the load generator."""

import json
import pathlib
import subprocess
import tempfile

from processes import end, start

from harness.failure import Failure
from harness.programs import LOAD_GENERATOR


class Load:
    """A measurement that is under way."""

    def __init__(self, command, time_limit, **options):
        file = tempfile.NamedTemporaryFile(suffix=".json", prefix="weir-load-", delete=False)
        file.close()
        self.path = pathlib.Path(file.name)
        self.command = [LOAD_GENERATOR, command]
        for name, value in options.items():
            if value is None:
                continue
            for single in value if isinstance(value, list) else [value]:
                self.command += [f"--{name.replace('_', '-')}", str(single)]
        self.command += ["--json", self.path, "--time-limit-seconds", str(int(time_limit))]
        self.time_limit = time_limit
        self.process = start(
            *self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def figures(self):
        """Waits for the end; the figures. `held` says that nothing was lost, doubled or refused."""
        try:
            error = self.process.communicate(timeout=self.time_limit + 60)[1]
            text = self.path.read_text()
            if self.process.returncode not in (0, 1) or not text:
                reason = error.strip().removeprefix("Error: ") or f"it ended with {self.process.returncode}"
                raise Failure(f"LoadGenerator {self.command[1]}: {reason}")
            return json.loads(text) | {"held": self.process.returncode == 0}
        finally:
            self.stop()

    def wait_for_figures(self):
        """Waits until a measurement that goes on has written its first figures."""
        from processes import wait_until

        wait_until(lambda: self.path.read_text() or self.process.poll() is not None, "the load")
        if self.process.poll() is not None:
            raise Failure(f"{self.command}: {self.process.stderr.read()}")

    def stop(self):
        if self.process.poll() is None:
            end(self.process)
        self.process.stderr.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
