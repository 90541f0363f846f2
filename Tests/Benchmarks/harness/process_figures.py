"""What /proc tells about a process."""

import pathlib


def field(pid, file, name):
    """A figure in KiB, such as VmRSS of `status` (proc_pid_status(5))."""
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


def resident_kib(pid):
    return field(pid, "status", "VmRSS")


def peak_resident_kib(pid):
    return field(pid, "status", "VmHWM")


def descriptor_count(pid):
    return sum(1 for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())


def name(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
