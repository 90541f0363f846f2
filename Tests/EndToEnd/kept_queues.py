"""Queues of weirs of the past, kept for ever: every newer weir has to go on with them.

`python3 Tests/EndToEnd/kept_queues.py` makes the one of this version: queues/VERSION.tar.gz, and what is in it as
queues/VERSION.json. One that is there is never made anew.
"""

import json
import pathlib
import shutil
import sys
import tarfile
import tempfile
import time

from groups import acknowledge, wait_for
from processes import end, weir
from site_under_test import Site

FOLDER = pathlib.Path(__file__).parent / "queues"
KEPT = sorted(path.stem.removesuffix(".tar") for path in FOLDER.glob("*.tar.gz"))
BYTE_COUNT_MAXIMUM = 50 << 10


def exported(queue):
    result = weir("export", "--queue", queue)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def fill(site):
    """Everything that a queue can hold."""
    told = {}
    for number in range(120):
        site.publish_all([f"event {number} " + "lorem ipsum " * 20], topic=f"many.{number % 7}")
    site.publish_all(["two\nlines\n", "", "ünïcode ☃"], event="paid", topic="https://example.org/ü 100%")
    told["several"] = site.publish_all(["of three topics"], topics=["a", "b", "c"])[0]
    told["key"] = site.publish_all(["with a key"], key="invoice 7", topic="keys")[0]
    site.publish_all(["forgotten"], topic="deleted")
    assert site.request("DELETE", "/topics/deleted").status == 200
    site.publish_all(["first", "middle"], topic="ended")
    site.publish_all(["last"], topic="ended", end=True)
    lines = "".join(json.dumps({"message": f"line {number}", "topic": "lines"}) + "\n" for number in range(50))
    assert site.request("POST", "/publish", lines, {"Content-Type": "application/x-ndjson"}).json()["accepted"] == 50
    return told


def share(site):
    """A group of which one event is acknowledged, one is given, and one has not been given."""
    with site.stream("/sse/jobs?group=g&ack=1s&credit=2") as member:
        wait_for(site, members=1)
        ids = site.publish_all(["job 1", "job 2", "job 3"], topic="jobs")
        assert [member.event().id for _ in range(2)] == ids[:2]
        assert acknowledge(site, ids[:1]).status == 200
        assert member.event().id == ids[2]
    return {"done": ids[:1], "again": ids[1:]}


def make():
    version = weir("--version").stdout.strip()
    archive = FOLDER / f"{version}.tar.gz"
    if archive.exists():
        sys.exit(f"{archive} is kept as it is")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # Small segments, so that there are several.
        options = ["--retention-bytes", "64K", "--drain", "none"]
        site = Site(folder / "one", *options).start()
        told = fill(site)
        site.stop()
        # A copy goes on with an epoch of its own.
        other = Site(folder / "two", *options)
        other.folder.mkdir()
        shutil.copytree(site.queue, other.queue)
        other.start()
        told["group"] = share(other)
        told["resume"] = other.publish_all(["the last one that was seen"], topic="resume")[0]
        other.publish_all(["not seen 1", "not seen 2"], topic="resume")
        told["delayed"] = [
            other.publish(text, topic="later", delay=delay).json() for text, delay in [("soon", "10m"), ("late", "29d")]]
        other.stop()
        told |= {"made": int(time.time()), "events": exported(other.queue)}
        assert len(list(other.queue.glob("*.sse"))) > 2
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(other.queue, "queue", filter=lambda entry: None if "workers" in entry.name else entry)
    (FOLDER / f"{version}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    assert archive.stat().st_size < BYTE_COUNT_MAXIMUM, archive.stat()


if __name__ == "__main__":
    make()
