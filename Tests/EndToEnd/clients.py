"""Other people's clients, unchanged, each behind the same few words: events as they come, and how it ends.

`open(site, path, last_id)` gives an iterator of (type, data, id). Those in BY_THEMSELVES reconnect and resume by
themselves; the others are libraries that read one stream.
"""

import contextlib
import json
import subprocess

import httpx
import httpx_sse
import requests
import requests_sse
import sseclient

from event_streams import Stream
from processes import CHECKOUT, PATIENCE_SECONDS, end, start

TYPES = ["message", "paid", "weir.gap", "weir.live", "weir.heartbeat"]


class CurlStream(Stream):
    """What curl prints, read by the specification."""

    def __init__(self, process):
        self.process = process
        self.last_event_id = ""
        self.retry = None
        self.comments = []

    def line(self):
        line = self.process.stdout.readline()
        return line.rstrip("\n") if line else None


@contextlib.contextmanager
def curl(site, path, last_id, *options):
    headers = ["-H", f"Last-Event-ID: {last_id}"] if last_id else []
    process = start("curl", "-sSN", "--fail", *options, *headers, f"{site.address}{path}",
                    stdout=subprocess.PIPE, text=True)
    stream = CurlStream(process)
    try:
        yield ((event.type, event.data, event.id) for event in iter(stream.event, None))
    finally:
        end(process)
        process.stdout.close()


def curl_1(site, path, last_id):
    return curl(site, path, last_id, "--http1.1")


def curl_2(site, path, last_id):
    return curl(site.over_http2, path, last_id, "--http2-prior-knowledge")


@contextlib.contextmanager
def with_httpx_sse(site, path, last_id):
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        with httpx_sse.connect_sse(client, "GET", f"{site.address}{path}", headers=headers) as source:
            yield ((event.event, event.data, event.id) for event in source.iter_sse())


@contextlib.contextmanager
def with_sseclient_py(site, path, last_id):
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    with requests.get(f"{site.address}{path}", stream=True, headers=headers, timeout=PATIENCE_SECONDS) as answer:
        yield ((event.event, event.data, event.id) for event in sseclient.SSEClient(answer).events())


@contextlib.contextmanager
def with_requests_sse(site, path, last_id):
    with requests_sse.EventSource(
        f"{site.address}{path}", timeout=PATIENCE_SECONDS, latest_event_id=last_id
    ) as source:
        yield until_refused(source)


def until_refused(source):
    """It says by an error that it gives up."""
    try:
        yield from ((event.type, event.data, event.last_event_id) for event in source)
    except requests_sse.InvalidStatusCodeError as error:
        assert error.status_code == 204


@contextlib.contextmanager
def node(site, path, last_id):
    process = start(
        "node", CHECKOUT / "Tests/EndToEnd/node_eventsource.js", f"{site.address}{path}", last_id or "", *TYPES,
        stdout=subprocess.PIPE, text=True, env={"NODE_PATH": "/usr/share/nodejs"})
    try:
        yield (tuple(json.loads(line)) for line in process.stdout)
    finally:
        end(process)
        process.stdout.close()


READERS = {"curl": curl_1, "curl over HTTP/2": curl_2, "httpx-sse": with_httpx_sse, "sseclient-py": with_sseclient_py}
BY_THEMSELVES = {"requests-sse": with_requests_sse, "node's EventSource": node}
ALL = READERS | BY_THEMSELVES
