"""What one can do with curl, one can do with commands of weir, and the other way round: the description of the HTTP
surface, which is held against the server, against the options. And what a command does with --queue, it does with --url."""

import json
import re
import time

import pytest

from processes import CHECKOUT, wait_until, weir

OK, USAGE, DATA, NO_INPUT, TEMPORARY = 0, 64, 65, 66, 75

DESCRIPTION = json.loads((CHECKOUT / "nginx/html/openapi.json").read_text())
# What HTTP calls differently, or in several ways.
PUBLISH = {
    "message": None, "data": None, "topics": "topic", "stream": "topic", "raw": None, "Idempotency-Key": "key",
}
TAIL = {
    "topics": "topic", "stream": "topic", "Last-Event-ID": "since", "last_event_id": "since", "until": "poll",
}
# What is about the way to the events, and how they are read or printed.
OWN_OF_PUBLISH = {"queue", "url", "token-file", "patience", "quiet", "lines", "ndjson", "help", "version"}
OWN_OF_TAIL = {"queue", "url", "token-file", "json", "from", "help", "version"}
# What does what a route does; the demo, checks of health, pages and metrics are for programs that speak HTTP.
COMMANDS = {
    "put /publish": "publish", "post /publish": "publish", "put /publish/{topic}": "publish", "post /publish/{topic}": "publish",
    "get /sse": "tail", "get /sse/{topic}": "tail", "get /weir/status": "status",
    "get /topics": "topics", "get /topics/{topic}": "topics", "delete /topics": "topics", "delete /topics/{topic}": "topics",
    "get /groups": "groups list", "get /groups/{name}": "groups list", "delete /groups/{name}": "groups remove",
    "post /groups/{name}/ack": "groups ack", "get /publish/delayed": "delayed list", "get /publish/delayed/{id}": "delayed list",
    "delete /publish/delayed/{id}": "delayed cancel", "put /publish/delayed": "publish", "post /publish/delayed": "publish",
    "put /publish/delayed/{id}": "publish", "post /publish/delayed/{id}": "publish",
}
# A ticket is for who sends no headers; `weir tail` sends its token.
FOR_PROGRAMS = {"get /weir/metrics", "get /weir/healthz", "get /problems/{code}", "post /sse/ticket"}


def resolved(part):
    while "$ref" in part:
        target = DESCRIPTION
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def options(command):
    text = weir(*command.split(), "--help").stdout.partition("OPTIONS:")[2]
    return set(re.findall(r"--([a-z][a-z-]*)", text))


def parameters(path, method):
    return {resolved(one)["name"] for one in DESCRIPTION["paths"][path][method].get("parameters", [])}


def fields():
    content = DESCRIPTION["paths"]["/publish"]["post"]["requestBody"]["content"]
    return set(resolved(content["application/json"]["schema"])["properties"])


def test_each_route_has_its_command():
    routes = {
        f"{method} {path}" for path, methods in DESCRIPTION["paths"].items() for method in methods
        if method in ("get", "put", "post", "delete")}
    assert routes - FOR_PROGRAMS == set(COMMANDS)
    for command in {*COMMANDS.values()} - {"status"}:
        assert {"queue", "url", "token-file"} <= options(command), command


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


# --- The same, with --queue and with --url ---


def both(site, *arguments, stdin=None):
    """What a command does to the queue, and what it does at the site."""
    command, *rest = arguments
    names = command.split()
    return [weir(*names, *place, *rest, stdin=stdin) for place in (["--queue", site.queue], ["--url", site.address])]


def assert_alike(site, *arguments, status=OK):
    """Runs a command both ways, compares, and returns what both have printed."""
    queue, url = both(site, *arguments)
    assert (queue.returncode, url.returncode) == (status, status), (arguments, queue.stderr, url.stderr)
    assert queue.stdout == url.stdout, arguments
    if status != USAGE:
        assert queue.stderr == url.stderr, arguments
    elif queue.returncode:
        assert queue.stderr and url.stderr
    return queue.stdout


def fill(site):
    """Events of many kinds; returns the ids of those that last."""
    ids = site.publish_all(["1", "two\nlines"], topic="a", event="x", retry=700)
    site.publish_all(["gone at once"], topic="a", ttl="1ms")
    ids += site.publish_all(["3"], topic="a.b")
    ids += site.publish_all(["4"], topics=["a", "b"], event="y", ttl="1h")
    site.publish_all(["hidden"], topic="hidden")
    assert site.request("DELETE", "/topics/hidden").status == 200
    ids += site.publish_all(["5"], topic="job")
    ids += site.publish_all(["6"], topic="job", event="done", end=True)
    time.sleep(0.01)
    return ids


FAR = "2100-01-01T00:00:00Z"
TAILS = [
    ([], 6), (["-t", "a"], 3), (["-t", "a.>"], 1), (["-t", "a", "-t", "b"], 3), (["-t", "*", "-t", "none"], 5), (["-t", "none"], 0),
    (["--event", "x"], 2), (["--event", "x,y"], 3), (["--event", "x", "--event", "message"], 4), (["--event", "none"], 0),
    (["--since", "all"], 6), (["--since", "earliest"], 6), (["--from", "start"], 6), (["--since", "now"], 0),
    (["--since", "latest"], 1), (["-t", "a", "-t", "b", "--since", "latest"], 1), (["--since", "{id}"], 3), (["--from", "{id}"], 3),
    (["--since", "00000000-7"], 6), (["--since", "{epoch}-0"], 6), (["--since", "{epoch}-99"], 6), (["--since", "1h"], 6),
    (["--since", "0ms"], 0), (["--since", FAR], 0), (["--since", "@1732147200.123"], 6), (["--since", "1732147200"], 6),
    (["--last", "0"], 0), (["--last", "2"], 2), (["-t", "a", "-t", "job", "--last", "1"], 2), (["-t", "a.*", "--last", "9"], 1),
    (["--last", "1", "--event", "x"], 1),
]
WRONG_TAILS = [
    ["--since", ""], ["--since", "soon"], ["--since", "12"], ["--since", "all", "--last", "1"], ["--last", "1001"], ["--last=-1"],
    ["-t", ""], ["-t", "a.>.b"], ["-t", "a\x01b"], ["--event", ""], ["--event", "x,"], ["--event", "a\nb"],
]


def test_a_tail_prints_the_same_of_a_queue_and_of_its_site(site):
    ids = fill(site)
    values = {"id": ids[2], "epoch": ids[0].partition("-")[0]}
    for row, count in TAILS:
        arguments = [word.format(**values) for word in row]
        text = assert_alike(site, "tail", "--poll", *arguments)
        assert text.count("id: ") == count, arguments
        assert "retry" not in text, "it was for those who were there"
    for arguments in WRONG_TAILS:
        assert_alike(site, "tail", "--poll", *arguments, status=USAGE)


def test_a_tail_prints_the_same_lines_of_json(site):
    ids = fill(site)
    queue, url = both(site, "tail", "--poll", "--json")
    # What the files say beside that a stream does not tell.
    lines = [
        {name: value for name, value in json.loads(line).items() if name not in ("retry", "expires", "end")}
        for line in queue.stdout.splitlines()]
    assert lines == [json.loads(line) for line in url.stdout.splitlines()]
    assert [line["id"] for line in lines] == ids
    assert set(lines[0]) == {"id", "time", "topics", "topic", "event", "data", "message"}


def test_what_is_missing_is_told_in_the_same_words(site):
    ids = site.publish_all(["1"])
    for asked, words in [("00000000-7", "no such event"), (f"{ids[0].partition('-')[0]}-99", "so far")]:
        queue, url = both(site, "tail", "--poll", "--since", asked)
        assert queue.stderr == url.stderr
        assert f"missing behind {asked}: " in queue.stderr and words in queue.stderr and ids[0] in queue.stderr


def test_a_tail_of_topics_that_have_ended_ends_both_ways(make_site):
    site = make_site("--retry", "1")
    ids = fill(site)
    for arguments, count in [
        ([], 0), (["--since", "all"], 2), (["--last", "1"], 1), (["--since", ids[-2]], 1), (["--since", ids[-1]], 0),
        (["--since", "all", "--event", "x"], 0),
    ]:
        assert assert_alike(site, "tail", "-t", "job", *arguments).count("id: ") == count, arguments
    assert site.request("DELETE", "/topics/job").status == 200
    assert assert_alike(site, "tail", "--poll", "-t", "job", "--since", "all") == ""


def test_a_tail_ends_both_ways_with_the_end_that_it_has_printed(make_site, follow):
    site = make_site("--retry", "1")
    tails = [follow(*place, "-t", "job", "--since", "all") for place in (["--queue", site.queue], ["--url", site.address])]
    ids = site.publish_all(["1"], topic="job")
    for tail in tails:
        assert tail.stdout.readline() == "data: 1\n"
    ids += site.publish_all([""], topic="job", end=True)
    for tail in tails:
        assert tail.stdout.read() == f"id: {ids[0]}\n\ndata: \nid: {ids[1]}\n\n"
        assert tail.wait(30) == OK


# Options, standard input, exit status, and how many events there are then.
PUBLISHES = [
    (["x"], None, OK, 1), ([], "two\r\nlines\n", OK, 1), (["-"], "", OK, 1), (["-t", "a", "-t", "b", "x"], None, OK, 1),
    (["--event", "e", "--retry", "7", "--ttl", "1h", "x"], None, OK, 1), (["--key", 'k "1"', "x"], None, OK, 1),
    (["--key", 'k "1"', "x"], None, OK, 0), (["--key", 'k "1"', "y"], None, USAGE, 0), (["-t", "job", "--end", "x"], None, OK, 1),
    (["-t", "job", "x"], None, USAGE, 0), (["-t", "a.*", "x"], None, USAGE, 0), (["-t", "", "x"], None, USAGE, 0),
    (["--event", "weir.x", "x"], None, USAGE, 0), (["--event", "a\nb", "x"], None, USAGE, 0), (["--ttl", "soon", "x"], None, USAGE, 0),
    (["--ttl", "0", "x"], None, USAGE, 0), (["--retry=-1", "x"], None, USAGE, 0), (["--delay", "31d", "x"], None, USAGE, 0),
    (["--delay", "1s", "--at", FAR, "x"], None, USAGE, 0),
    ([], '"' * 1_500_000, OK, 1), ([], "x" * (5 << 20), USAGE, 0), (["--key", "large"], "x" * (2 << 20), OK, 1),
    (["--lines", "-t", "l", "--event", "e"], "1\n\n3", OK, 3), (["--lines", "-t", "l", "--end"], "4\n", OK, 2),
    (["--lines", "-t", "l"], "5\n", DATA, 0), (["--lines", "--event", "weir.x"], "5\n", DATA, 0),
    (["--ndjson", "--ttl", "1h"], '{"data":[1.50]}\n{}\n{"message":"7","topics":["a","b"],"retry":7}\n', DATA, 2),
    (["--ndjson", "--key", "x"], "", USAGE, 0), (["--ndjson", "--delay", "1h"], "", USAGE, 0), (["--lines", "x"], "", USAGE, 0),
]


def published(site, count):
    lines = weir("export", "-q", site.queue).stdout.splitlines()[count:]
    events = [json.loads(line) for line in lines]
    for event in events:
        del event["id"], event["time"]
        event["expires"] = "expires" in event
        # Drawn by the command, which sends an event again by it.
        if re.fullmatch(r"[0-9a-f]{32}-[0-9]+", event.get("key", "")):
            del event["key"]
    return events, count + len(lines)


def test_a_publish_does_the_same_to_a_queue_and_at_its_site(make_site):
    sites = [make_site(), make_site()]
    counts = [0, 0]
    for arguments, stdin, status, count in PUBLISHES:
        found = []
        for place, site in enumerate(sites):
            way = ["--url", site.address] if place else ["--queue", site.queue]
            result = weir("publish", *way, *arguments, stdin=stdin)
            assert result.returncode == status, (way, arguments, result.stderr)
            events, counts[place] = published(site, counts[place])
            words = re.sub(r"[0-9a-f]{8}-", "ID-", result.stdout), bool(result.stderr)
            found.append((words, events))
        assert found[0] == found[1], arguments
        assert len(found[0][1]) == count, arguments


def test_what_waits_is_listed_and_cancelled_in_the_same_way(site):
    for place in (["--queue", site.queue], ["--url", site.address]):
        assert assert_alike(site, "delayed") == "no event waits\n"
        assert assert_alike(site, "delayed", "--json") == ""
        result = weir("publish", *place, "-t", "a", "-t", "b", "--delay", "1h", "--ttl", "7m", "one\ntwo")
        lines = weir("publish", *place, "--lines", "--delay", "2h", "-t", "l", stdin="3\n\xff\n5\n")
        assert (result.returncode, lines.returncode) == (OK, OK), lines.stderr
        assert lines.stdout.startswith("3 events published")
        listed = [json.loads(line) for line in assert_alike(site, "delayed list", "--json").splitlines()]
        assert [(one.get("topic"), one["data"]) for one in listed][0] == (None, "one\ntwo")
        assert {one["data"] for one in listed[1:]} == {"3", "\xff", "5"}
        text = assert_alike(site, "delayed")
        assert text.count("\n") == 5 and "  a,b  one…" in text
        assert_alike(site, "delayed list", "nonsense", status=USAGE)
        assert_alike(site, "delayed cancel", status=USAGE)
        assert_alike(site, "delayed cancel", "no-id", status=USAGE)
        assert_alike(site, "delayed cancel", "0123456789abcdef", status=NO_INPUT)
        first, second = listed[0]["delayed"], listed[1]["delayed"]
        result = weir("delayed", "cancel", *place, first, "0123456789abcdef", second)
        assert (result.returncode, result.stdout) == (NO_INPUT, f"{first}\n{second}\n")
        assert result.stderr == "weir: no event waits with the id 0123456789abcdef\n"
        result = weir("delayed", "cancel", *place, "--all")
        assert (result.returncode, result.stdout.count("\n")) == (OK, 2)


def test_topics_are_told_and_deleted_in_the_same_way(site):
    fill(site)
    for arguments, count in [
        ([], 4), (["a.>"], 1), (["a"], 1), (["*"], 3), (["a", "b", "none"], 2), (["none"], 0), (["--limit", "2"], 2), (["a", "--limit", "2"], 1),
        (["--sort", "bytes"], 4), (["--sort", "newest", "--limit", "1"], 1), (["--sort", "events"], 4), (["--sort", "rate"], 4),
    ]:
        assert assert_alike(site, "topics", *arguments).count("\n") == 1 + count, arguments
        assert len(json.loads(assert_alike(site, "topics", "--json", *arguments))["topics"]) == count
    assert json.loads(assert_alike(site, "topics", "--json", "--limit", "2"))["next"] == "a.b"
    for arguments in (["--delete", ""], ["--delete", "a.*"], ["--delete", "a", "b"], ["--limit", "0"], ["a.>.b"]):
        assert_alike(site, "topics", *arguments, status=USAGE)
    for place in (["--queue", site.queue], ["--url", site.address]):
        ids = site.publish_all(["1", "2"], topic="..")
        assert weir("topics", *place, "--delete", "..").stdout == ids[-1] + "\n"
        assert weir("tail", *place, "--poll", "-t", "..").stdout == ""


def groups(site):
    return json.loads(weir("groups", "--json", "--queue", site.queue).stdout)["groups"]


def test_groups_are_told_acknowledged_and_removed_in_the_same_way(site):
    assert assert_alike(site, "groups").count("\n") == 1
    assert json.loads(assert_alike(site, "groups", "--json")) == {"groups": []}
    for place in (["--queue", site.queue], ["--url", site.address]):
        with site.stream("/sse?group=g&ack=1h") as member:
            wait_until(lambda: groups(site), "the group")
            ids = site.publish_all(["1", "2", "3"])
            member.events(3)
            wait_until(lambda: groups(site)[0]["given"] == 3, "the events")
            assert assert_alike(site, "groups").splitlines()[1].split()[:2] == ["g", "default"]
            assert_alike(site, "groups list", "--json")
            assert_alike(site, "groups remove", "g", status=TEMPORARY)
            result = weir("groups", "ack", *place, "g", *ids[:2])
            assert (result.returncode, result.stderr) == (OK, "")
            assert groups(site)[0]["given"] == 1
            assert_alike(site, "groups ack", "g", ids[0], "nonsense", status=NO_INPUT)
        wait_until(lambda: groups(site)[0]["members"] == 0, "its end")
        result = weir("groups", "remove", *place, "g")
        assert (result.returncode, result.stdout, result.stderr) == (OK, "", "")
        assert_alike(site, "groups remove", "g", status=NO_INPUT)
        assert_alike(site, "groups ack", "g", ids[0], status=NO_INPUT)
        assert_alike(site, "groups ack", "a/b", ids[0], status=USAGE)
