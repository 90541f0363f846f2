"""Waiting for a machine that has nothing else to do."""

import os
import pathlib
import time

LOOK_SECONDS = 0.5
BUSY_CORES_MAXIMUM = 0.25


def busy_seconds():
    """CPU time of all processes and interrupts (proc_stat(5): user, nice, system, irq, softirq)."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(fields[index]) for index in (1, 2, 3, 6, 7)) / os.sysconf("SC_CLK_TCK")


class Quiet:
    """What is left of the time that a run may spend on waiting for other processes."""

    def __init__(self, patience_seconds):
        self.seconds = patience_seconds

    def wait(self):
        """Returns when other processes take less than a quarter of a core, or the time is used up."""
        while self.seconds > 0:
            begun, before = time.monotonic(), busy_seconds()
            time.sleep(LOOK_SECONDS)
            took = time.monotonic() - begun
            if busy_seconds() - before < BUSY_CORES_MAXIMUM * took:
                return
            self.seconds -= took
