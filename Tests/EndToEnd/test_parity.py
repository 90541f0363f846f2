"""What one can do with curl, one can do with `weir publish` and `weir tail`, and the other way round: the description
of the HTTP surface, which is held against the server, against the options."""

import json
import re

import pytest

from processes import CHECKOUT, weir

DESCRIPTION = json.loads((CHECKOUT / "nginx/html/openapi.json").read_text())
# What HTTP calls differently, or in several ways.
PUBLISH = {
    "message": None, "data": None, "topics": "topic", "stream": "topic", "raw": None, "Idempotency-Key": "key",
}
TAIL = {
    "topics": "topic", "stream": "topic", "Last-Event-ID": "since", "last_event_id": "since", "until": "poll",
}
# What is about the way to the events, and how they are read or printed.
OWN_OF_PUBLISH = {"queue", "url", "token", "patience", "quiet", "lines", "ndjson", "help", "version"}
OWN_OF_TAIL = {"queue", "url", "token", "json", "from", "help", "version"}


def resolved(part):
    while "$ref" in part:
        target = DESCRIPTION
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def options(command):
    return set(re.findall(r"--([a-z][a-z-]*)", weir(command, "--help").stdout.partition("OPTIONS:")[2]))


def parameters(path, method):
    return {resolved(one)["name"] for one in DESCRIPTION["paths"][path][method].get("parameters", [])}


def fields():
    content = DESCRIPTION["paths"]["/publish"]["post"]["requestBody"]["content"]
    return set(resolved(content["application/json"]["schema"])["properties"])


def test_each_field_of_a_publish_has_its_option():
    names = fields() | parameters("/publish", "post")
    wanted = {PUBLISH.get(name, name) for name in names} - {None}
    assert {"topic", "event", "key", "end", "retry", "ttl"} <= wanted
    assert wanted - options("publish") == set()


def test_each_parameter_of_a_stream_has_its_option():
    wanted = {TAIL.get(name, name) for name in parameters("/sse", "get")}
    assert {"topic", "event", "since", "last", "poll", "signals"} <= wanted
    assert wanted - options("tail") == set()


def test_each_option_is_a_field_or_a_parameter():
    assert options("publish") - OWN_OF_PUBLISH <= {PUBLISH.get(name, name) for name in fields()}
    names = parameters("/sse", "get") | {"last_event_id", "group", "ack", "credit"}
    assert options("tail") - OWN_OF_TAIL <= {TAIL.get(name, name) for name in names}


@pytest.mark.parametrize("command", ["publish", "tail"])
def test_help_shows_examples_for_a_queue_and_for_a_site(command):
    text = weir("help", command).stdout
    assert f"weir {command} --queue" in text and f"weir {command} --url https://" in text
