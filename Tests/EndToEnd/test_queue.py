"""What the queue keeps, for how long, and how it is looked after."""

import json
import subprocess
import time

import pytest

from processes import end, start, wait_until, weir, weir_program

OK, USAGE, DATA, TRY_LATER = 0, 64, 65, 75


def status(site):
    answer = site.request("GET", "/weir/status")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


# --- Status ---


def test_the_status_tells_what_the_queue_holds(site):
    assert status(site)["queue"]["events"] == 0
    assert "oldest" not in status(site)["queue"]
    ids = site.publish_all(["a", "b", "c"])
    queue = status(site)["queue"]
    assert (queue["oldest"], queue["newest"], queue["events"]) == (ids[0], ids[2], 3)
    assert queue["segments"] == 1
    assert queue["bytes"] > 0
    assert status(site)["durability"] == "full"


# --- Durability ---


@pytest.mark.parametrize("durability", ["full", "interval", "none"])
def test_the_acknowledgement_names_its_durability_and_the_event_arrives(make_site, durability):
    site = make_site("--durability", durability)
    with site.stream() as stream:
        assert site.publish("Hello").json()["durable"] == durability
        assert stream.data(1) == ["Hello"]


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_a_kill_loses_nothing_that_was_acknowledged_whatever_the_durability(make_site, durability):
    site = make_site("--durability", durability)
    ids = site.publish_all(["a", "b", "c"])
    site.kill_weir()
    site.start_weir()
    epoch = ids[0].split("-")[0]
    with site.stream(headers={"Last-Event-ID": f"{epoch}-0"}) as stream:
        assert [event.id for event in stream.events(3)] == ids


# --- Expiry ---


def test_an_event_is_neither_replayed_nor_tailed_after_its_time(site):
    first = site.publish_all(["stays"])[0]
    site.publish_all(["goes"], ttl="300ms")
    site.publish_all(["stays too"], ttl=3600)
    time.sleep(0.4)
    epoch = first.split("-")[0]
    with site.stream(headers={"Last-Event-ID": f"{epoch}-0"}) as stream:
        assert stream.data(2) == ["stays", "stays too"]
    exported = [json.loads(line) for line in weir("export", "-q", site.queue).stdout.splitlines()]
    assert [event["message"] for event in exported] == ["stays", "goes", "stays too"]


def test_an_event_with_time_left_is_delivered(site):
    with site.stream() as stream:
        site.publish_all(["a"], ttl="10m")
        assert stream.data(1) == ["a"]


@pytest.mark.parametrize("ttl", [0, -1, "", "abc", "10 m", "9999999d", "1.5s"])
def test_a_ttl_that_is_none_is_refused(site, ttl):
    problem = site.publish("a", ttl=ttl).problem()
    assert (problem["status"], problem["code"], problem["field"]) == (400, "invalid_ttl", "ttl")
    assert status(site)["queue"]["events"] == 0


@pytest.mark.parametrize("ttl", [[], {}, True, 1.5])
def test_a_ttl_of_a_wrong_type_is_refused(site, ttl):
    assert site.publish("a", ttl=ttl).problem()["code"] == "wrong_type"


# --- Retention ---


def test_the_oldest_events_go_and_subscribers_who_ask_for_them_are_told(make_site):
    site = make_site("--retention-bytes", "40K")
    first = site.publish_all(["x" * 1000] * 100)[0]
    queue = wait_until(
        lambda: (found := status(site)["queue"])["bytes"] <= 46_000 and found, "retention"
    )
    assert queue["oldest"] != first
    with site.stream(headers={"Last-Event-ID": first}) as stream:
        gap = stream.event()
        assert gap.type == "weir.gap"
        told = json.loads(gap.data)
        assert (told["requested"], told["reason"]) == (first, "expired")
        assert stream.event().id == told["oldest"]
    assert weir("check", "-q", site.queue).returncode == OK


def test_events_go_when_they_are_too_old(make_site):
    site = make_site("--retention-age", "2s")
    site.publish_all(["a"])
    wait_until(lambda: status(site)["queue"]["events"] == 0, "retention by age")
    assert site.publish("b").json()["id"].endswith("-2")


@pytest.mark.parametrize(
    "argument", [["--retention-bytes", "0"], ["--retention-age", "soon"], ["--durability", "most"],
                 ["--retention-count", "-1"]]
)
def test_a_limit_that_is_none_is_refused(state, argument):
    result = weir("serve", "-q", state / "q", "--socket", state / "s", *argument)
    assert result.returncode == USAGE
    assert argument[0] in result.stderr


# --- Export and import ---


def test_what_is_exported_can_be_imported(site, state):
    site.publish_all(["one", "two\nlines"], topic="orders.eu", event="paid", retry=5000)
    site.publish_all(["three"], ttl="1h")
    site.publish_all(["four"], topics=["a", "b"], key="k/1", end=True)
    exported = weir("export", "-q", site.queue)
    assert exported.returncode == OK
    copied = weir("import", "-q", state / "copy", stdin=exported.stdout)
    assert copied.stdout == "4 events imported\n"

    def without_id(text):
        return [{**json.loads(line), "id": None} for line in text.splitlines()]

    again = weir("export", "-q", state / "copy")
    assert without_id(again.stdout) == without_id(exported.stdout)
    assert without_id(exported.stdout)[0] | {"time": 0} == {
        "id": None, "event": "paid", "message": "one", "retry": 5000, "time": 0,
        "topic": "orders.eu",
    }
    assert without_id(exported.stdout)[3]["key"] == "k/1"
    keyed = exported.stdout.splitlines()[3] + "\n"
    repeated = weir("import", "-q", state / "copy", stdin=keyed)
    assert (repeated.stdout, repeated.returncode) == ("1 events imported\n", OK)
    assert "1 of them were in the queue before" in repeated.stderr
    printed = weir("tail", "-q", site.queue, "--since", "all", "--poll", "--json").stdout
    assert weir("import", "-q", state / "printed", stdin=printed).stdout == "4 events imported\n"
    messages = [json.loads(line)["message"] for line in weir("export", "-q", state / "printed").stdout.splitlines()]
    assert messages == ["one", "two\nlines", "three", "four"]


TIME = 1_732_147_200_123


@pytest.mark.parametrize("line, event", [
    ('{"data": {"a": 1.10, "b": [ ]}}', {"message": '{"a":1.10,"b":[]}'}),
    ('{"data": null, "topic": null, "event": null}', {"message": "null"}),
    (f'{{"message": "x", "ttl": "10m", "time": {TIME}}}', {"message": "x", "expires": TIME + 600_000}),
    ('{"data": "x", "topics": ["a", "b"], "event": "paid", "retry": 5, "key": "k", "end": true}',
     {"message": "x", "topics": ["a", "b"], "event": "paid", "retry": 5, "key": "k", "end": True}),
    ('{"id": "1-2", "time": 5, "topics": ["a"], "event": "message", "data": "x"}',
     {"message": "x", "topic": "a"}),
])
def test_an_import_takes_what_a_batch_takes_and_what_streams_of_json_say(state, line, event):
    result = weir("import", "-q", state / "q", "--topic", "other", stdin=line)
    assert (result.returncode, result.stdout) == (OK, "1 events imported\n"), result.stderr
    found = json.loads(weir("export", "-q", state / "q").stdout)
    del found["id"], found["time"]
    assert found == ({} if "topics" in event else {"topic": "other"}) | event


@pytest.mark.parametrize("line, words", [
    ('{"message": "x", "tll": "10m"}', "did you mean 'ttl'?"),
    ('{"message": "x", "ttl": "10m", "expires": 1732147200123}', "say one"),
    ('{"message": "x", "ttl": "soon"}', "ttl is 'soon'"), ('{"message": "x", "delay": "1h"}', "leave 'delay' out"),
    ('{"message": "x", "data": "y"}', "both 'message' and 'data'"),
    ('{"message": "x", "key": ""}', "key is empty"),
    ('{"message": "x", "topics": []}', "topics is empty"), ('[1]', "no JSON object"),
])
def test_an_import_refuses_what_a_batch_refuses_with_the_same_words(state, line, words):
    result = weir("import", "-q", state / "q", stdin=line)
    assert result.returncode == DATA and "line 1" in result.stderr and words in result.stderr, result.stderr


def test_what_comes_slowly_is_imported_while_the_stream_goes_on(site):
    source = start(
        weir_program(), "import", "-q", site.queue, "--format", "event-stream",
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    with site.stream() as stream:
        source.stdin.write(b"data: first\n\n")
        source.stdin.flush()
        assert stream.event().data == "first"
        assert source.poll() is None
    source.stdin.close()
    assert source.wait(timeout=20) == 0


def test_an_event_stream_is_imported_under_a_topic(site):
    text = "event: paid\ndata: 1\n\n: a comment\n\ndata: two\ndata: lines\nid: x\n\ndata: cut off"
    result = weir(
        "import", "-q", site.queue, "--format", "event-stream", "--topic", "orders", stdin=text
    )
    assert result.stdout == "2 events imported\n"
    exported = weir("export", "-q", site.queue, "--topic", "orders", "--format", "event-stream")
    assert exported.stdout.replace(exported.stdout.split("id: ")[1][:8], "E") == (
        "event: paid\ndata: 1\nid: E-1\n\ndata: two\ndata: lines\nid: E-2\n\n"
    )


@pytest.mark.parametrize(
    "line, words",
    [("nonsense", "not JSON"), ("{}", "'message' is missing"), ('{"message": 1}', "'message' has to be a string"),
     ('{"message": "a", "topic": ""}', "topic"), ('{"message": "a", "event": "a\\nb"}', "line 2")],
)
def test_a_line_that_is_no_event_is_named_and_those_before_it_stay(state, line, words):
    result = weir("import", "-q", state / "q", stdin=f'{{"message": "first"}}\n{line}\n')
    assert result.returncode == DATA
    assert "line 2" in result.stderr
    assert words in result.stderr
    assert "1 events before it are in the queue" in result.stderr
    assert "first" in weir("export", "-q", state / "q").stdout


def test_tail_prints_lines_of_json(site):
    (id_,) = site.publish_all(["1"], topic="orders", event="paid")
    tail = start(
        weir_program(), "tail", "-q", site.queue, "--from", "start", "--json", stdout=-1, text=True
    )
    try:
        event = json.loads(tail.stdout.readline())
        assert event.pop("time") > 1_700_000_000_000
        assert event == {"id": id_, "topic": "orders", "topics": ["orders"], "event": "paid", "message": "1", "data": "1"}
    finally:
        tail.stdout.close()
        end(tail)


# --- Damage ---


def test_damage_is_told_by_check_and_to_subscribers_and_can_be_repaired(site):
    ids = site.publish_all(["a", "b", "c"])
    segment = site.queue / "00000000000000000001.sse"
    end(site.weir)
    text = segment.read_bytes()
    segment.write_bytes(text.replace(b"data: b", b"data: X"))
    check = weir("check", "-q", site.queue)
    assert check.returncode == DATA
    assert "DAMAGED at offset" in check.stdout
    assert "--repair" in check.stderr
    site.start_weir()
    line = site.wait_for_log("warning", "damaged at offset", "event")
    assert segment.name in line
    in_use = weir("check", "-q", site.queue, "--repair")
    assert in_use.returncode == TRY_LATER
    assert "stop weir" in in_use.stderr
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        gap = stream.event()
        assert (gap.type, json.loads(gap.data)["reason"]) == ("weir.gap", "damaged")
        assert stream.event().data == "c"
    end(site.weir)
    repaired = weir("check", "-q", site.queue, "--repair")
    assert repaired.returncode == OK, repaired.stderr
    assert "mended: " in repaired.stdout
    assert "quarantine/" in repaired.stdout
    site.start_weir()
    with site.stream(headers={"Last-Event-ID": ids[1]}) as stream:
        assert stream.event().data == "c"


def test_a_torn_tail_is_cut_and_a_copy_is_kept(site):
    site.publish_all(["a"])
    end(site.weir)
    segment = site.queue / "00000000000000000001.sse"
    whole = segment.read_bytes()
    segment.write_bytes(whole + whole[:30])
    site.start_weir()
    site.wait_for_log("warning", "cut 30 bytes of a torn tail")
    assert segment.read_bytes() == whole
    (copy,) = (site.queue / "quarantine").iterdir()
    assert copy.read_bytes() == whole[:30]
    assert site.publish("b").status == 200
    assert weir("check", "-q", site.queue).returncode == OK
