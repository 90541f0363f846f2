"""Publishing many events in one request: a body of one event a line, of any length.

The long one has 300,000 lines, a million with LONG=1.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess

import pytest

from processes import PATIENCE_SECONDS, free_port, wait_until, weir

NDJSON = "application/x-ndjson"


def curl(*arguments, body=None):
    """Runs curl as a person would; returns its exit code, and status and body of the answer."""
    result = subprocess.run(
        ["curl", "-sS", "-o", "-", "-w", "\n%{http_code}", *map(str, arguments)],
        input=body, capture_output=True, timeout=PATIENCE_SECONDS,
    )
    text, _, status = result.stdout.decode().rpartition("\n")
    return result.returncode, int(status or 0), text


def send(site, body, path="/publish", *arguments):
    """Sends a batch with curl; returns status and reply."""
    code, status, text = curl(
        "-T", "-", "-H", f"Content-Type: {NDJSON}", *arguments, site.address + path,
        body=body if isinstance(body, bytes) else body.encode(),
    )
    assert code == 0, text
    return status, json.loads(text)


def lines(*texts):
    return "".join(json.dumps({"message": text}) + "\n" for text in texts)


def export(site):
    """Every event of the queue, as `weir export` tells it."""
    output = weir("export", "--queue", site.queue).stdout
    return [json.loads(line) for line in output.splitlines()]


def messages(site):
    return [event["message"] for event in export(site)]


def memory(pid):
    """The resident memory of a process in bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- What a line may be -----------------------------------------------------------------------------


@pytest.mark.parametrize("type", [NDJSON, "application/jsonl", "application/ndjson; charset=utf-8"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_each_line_is_an_event(site, type, method):
    status, reply = send(site, lines("one", "two", "three"), "/publish", "-X", method,
                         "-H", f"Content-Type: {type}")
    assert status == 200
    first = reply["first"]
    assert reply == {
        "accepted": 3, "durable": "full", "errors": [], "first": first,
        "last": first.replace("-1", "-3"), "rejected": 0,
    }
    assert messages(site) == ["one", "two", "three"]


def test_lines_say_what_one_publish_may_say(site):
    body = (
        '{"message":"plain"}\n{"data":{"b": [1, 2.50]}}\n{"message":"with\\nbreak","event":"x"}\n'
        '{"message":"of a topic","topic":"orders"}\n{"message":"of two","topics":["a","b"]}\n'
        '{"message":"ä \\u00e4 😀","retry":5,"ttl":"10m"}\n'
    )
    status, reply = send(site, body)
    assert (status, reply["accepted"], reply["rejected"]) == (200, 6, 0)
    assert messages(site) == [
        "plain", '{"b":[1,2.50]}', "with\nbreak", "of a topic", "of two", "ä ä 😀",
    ]
    events = export(site)
    assert (events[3]["topic"], events[4]["topics"]) == ("orders", ["a", "b"])


def test_path_query_and_headers_are_for_the_lines_that_say_nothing_else(site):
    body = lines("first") + '{"message":"second","topic":"own","event":"own"}\n' + lines("third")
    assert send(site, body, "/publish/orders?ttl=1h", "-H", "Event: given")[1]["accepted"] == 3
    events = export(site)
    assert [event["topic"] for event in events] == ["orders", "own", "orders"]
    assert [event.get("event") for event in events] == ["given", "own", "given"]


def test_a_byte_order_mark_crlf_empty_lines_and_a_last_line_without_newline_are_fine(site):
    body = "\ufeff" + lines("one") + "\r\n  \n" + '{"message":"two"}\r\n\n{"message":"three"}'
    assert send(site, body)[1]["accepted"] == 3
    assert messages(site) == ["one", "two", "three"]
    assert send(site, "") == (200, {"accepted": 0, "durable": "full", "errors": [], "rejected": 0})


def test_a_bad_line_stops_nothing_and_is_told_by_its_number(site):
    body = lines("one") + "\n{}\nnope\n" + lines("two") + '{"mesage":"x"}\n{"message":"x","retry":-1}\n'
    status, reply = send(site, body)
    assert status == 200
    assert (reply["accepted"], reply["rejected"]) == (2, 4)
    assert [(error["line"], error["code"], error.get("field")) for error in reply["errors"]] == [
        (3, "missing_message", "message"), (4, "malformed_json", None),
        (6, "unknown_field", "mesage"), (7, "invalid_retry", "retry"),
    ]
    assert all(error["detail"] for error in reply["errors"])
    assert messages(site) == ["one", "two"]


def test_a_batch_without_a_good_line_is_an_error_that_scripts_see(site):
    code, status, text = curl(
        "-f", "-T", "-", "-H", f"Content-Type: {NDJSON}", f"{site.address}/publish", body=b"x\n" * 150,
    )
    assert (code, status) == (22, 400)
    status, reply = send(site, "x\n" * 150)
    assert status == reply["status"] == 400
    assert reply["code"] == "malformed_json" and "line 1" in reply["detail"]
    assert (reply["accepted"], reply["rejected"], len(reply["errors"])) == (0, 150, 100)


def test_a_line_that_is_too_long_is_refused_and_the_next_one_taken(site):
    limit = 4 << 20
    long = json.dumps({"message": "x" * limit}) + "\n"
    status, reply = send(site, lines("one") + long + lines("two") + long)
    assert (status, reply["accepted"], reply["rejected"]) == (200, 2, 2)
    assert [(error["line"], error["code"]) for error in reply["errors"]] == [
        (2, "event_too_large"), (4, "event_too_large"),
    ]
    fitting = "y" * (limit - 100)
    assert send(site, lines(fitting))[1]["accepted"] == 1
    assert messages(site) == ["one", "two", fitting]


def test_what_is_wrong_with_all_lines_is_told_before_they_are_read(site):
    for path, headers, status, code in [
        ("/publish?topicz=x", [], 400, "invalid_parameter"),
        ("/publish?key=x", [], 400, "invalid_parameter"),
        ("/publish/a.*", [], 400, "invalid_topic"),
        ("/publish", ["-H", "Content-Encoding: gzip"], 415, "unsupported_media_type"),
    ]:
        found, reply = send(site, lines("x"), path, *headers)
        assert (found, reply["code"]) == (status, code), path
    assert messages(site) == []


# --- How people send them ---------------------------------------------------------------------------


def test_curl_sends_a_file_as_people_type_it(site, state):
    file = state / "events.ndjson"
    file.write_text(lines(*(f"{number}" for number in range(2000))))
    typed = ["-T", file, "-H", f"Content-Type: {NDJSON}"]
    for arguments in [
        [*typed, f"{site.address}/publish"],
        [*typed, "-H", "Expect: 100-continue", f"{site.address}/publish"],
        [*typed, "-H", "Transfer-Encoding: chunked", f"{site.address}/publish"],
        # curl puts the file's name behind the slash, and sends no type.
        ["-T", file, f"{site.address}/publish/"],
        ["-T", file, f"{site.address}/publish/orders/"],
    ]:
        code, status, text = curl(*arguments)
        assert (code, status, json.loads(text)["accepted"]) == (0, 200, 2000), arguments
    events = export(site)
    assert [event["message"] for event in events] == [str(number) for number in range(2000)] * 5
    assert [event["topic"] for event in events] == ["default"] * 8000 + ["orders"] * 2000
    # With ?raw the lines are one event; without a type and a name they are, too.
    assert curl("-T", file, "-H", f"Content-Type: {NDJSON}", f"{site.address}/publish?raw")[1] == 200
    assert curl("-T", file, f"{site.address}/publish")[1] == 200
    assert [len(event["message"].splitlines()) for event in export(site)[10000:]] == [2000, 2000]


def test_a_large_file_without_a_type_is_told_how_to_be_sent(site, state):
    file = state / "events.txt"
    file.write_text(lines("x" * 1000) * 1100)
    code, status, text = curl("-T", file, f"{site.address}/publish")
    assert (code, status) == (0, 413)
    assert f"Content-Type: {NDJSON}" in json.loads(text)["detail"]


def test_a_line_for_each_event_is_told_where_it_is_asked_for(site):
    body = lines("one") + "nope\n\n" + lines("two", "three")
    code, status, text = curl(
        "-T", "-", "-H", f"Content-Type: {NDJSON}", "-H", f"Accept: {NDJSON}",
        f"{site.address}/publish", body=body.encode(),
    )
    *results, summary = [json.loads(line) for line in text.splitlines()]
    assert (code, status) == (0, 200)
    assert [result["line"] for result in results] == [1, 2, 4, 5]
    assert [result.get("code") for result in results] == [None, "malformed_json", None, None]
    ids = [event["id"] for event in export(site)]
    assert [result["id"] for result in results if "id" in result] == ids
    # The last line has no line number, and says that these were all.
    assert summary == {"accepted": 3, "durable": "full", "first": ids[0], "last": ids[-1], "rejected": 1}
    for body in ("", "nope\n"):
        text = curl("-T", "-", "-H", f"Content-Type: {NDJSON}", "-H", f"Accept: {NDJSON}",
                    f"{site.address}/publish", body=body.encode())[2]
        *results, summary = [json.loads(line) for line in text.splitlines()]
        assert (summary["accepted"], summary["rejected"]) == (0, len(results))
    assert (summary["status"], summary["code"]) == (400, "malformed_json")


def test_results_that_a_crash_cuts_have_no_last_line(site):
    """nginx ends such an answer like one that is whole."""
    # More results than the sockets between take.
    body = b'{"message":""}\n' * 250_000
    with socket.socket() as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", site.port))
        connection.sendall(
            f"PUT /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {NDJSON}\r\n"
            f"Accept: {NDJSON}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = connection.recv(100)
        site.kill_weir()
        while part := connection.recv(1 << 16):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"line":1}' in answer
    assert answer.endswith(b"\r\n0\r\n\r\n") and b'"accepted"' not in answer


def test_events_go_into_the_queue_while_the_body_still_comes(site):
    """As of a program that writes its log into curl: nobody waits for the end of the body."""
    with site.stream() as stream, socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(
            f"PUT /publish HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        for text in ["one", "two"]:
            line = lines(text).encode()
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            assert stream.event().data == text
        connection.sendall(b"0\r\n\r\n")
        assert b'"accepted":2' in connection.recv(65536)


def test_http2_brings_a_batch_too_and_several_come_at_once(make_site, state):
    port = free_port()
    site = make_site(configure=lambda text: text.replace(
        "backlog=4096 ;", f"backlog=4096; listen 127.0.0.1:{port} http2;"))
    file = state / "events.ndjson"
    file.write_text(lines(*(f"{number}" for number in range(20_000))))
    processes = [
        subprocess.Popen(
            ["curl", "-sS", "--http2-prior-knowledge", "-T", file,
             f"http://127.0.0.1:{port}/publish/{batch}/"], stdout=subprocess.PIPE)
        for batch in range(6)
    ]
    replies = [json.loads(process.communicate(timeout=PATIENCE_SECONDS)[0]) for process in processes]
    assert [reply["accepted"] for reply in replies] == [20_000] * 6
    events = export(site)
    for batch in range(6):
        data = [event["message"] for event in events if event["topic"] == str(batch)]
        assert data == [str(number) for number in range(20_000)]


# --- A long one -------------------------------------------------------------------------------------


def test_a_long_batch_takes_no_memory_and_others_publish_meanwhile(site, state):
    count = 1_000_000 if os.environ.get("LONG") == "1" else 300_000
    file = state / "events.ndjson"
    with open(file, "w") as output:
        for number in range(count):
            output.write(f'{{"message":"{number:086}"}}\n')
    # What the first one needs is had before.
    assert curl("-T", file, f"{site.address}/publish/warm/")[1] == 200
    before = memory(site.weir.pid)
    process = subprocess.Popen(
        ["curl", "-sS", "-T", file, f"{site.address}/publish/"], stdout=subprocess.PIPE,
    )
    most, singles = 0, 0
    while process.poll() is None:
        assert site.publish("single", topic="single").status == 200
        singles += 1
        most = max(most, memory(site.weir.pid))
    assert json.loads(process.stdout.read())["accepted"] == count
    assert singles > 3
    assert most - before < 16 << 20
    data = [event["message"] for event in export(site) if event["topic"] == "default"]
    assert data == [f"{number:086}" for number in range(count)]


# --- What goes wrong --------------------------------------------------------------------------------


def test_a_batch_that_breaks_off_and_is_sent_again_with_keys_doubles_nothing(site, state):
    count = 3000
    body = "".join(
        json.dumps({"message": f"{number}", "key": f"k{number}"}) + "\n" for number in range(count)
    ).encode()
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(
            f"PUT /publish HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2]
        )
        wait_until(lambda: len(messages(site)) > 100, "the first half")
    wait_until(lambda: site.request("GET", "/weir/healthz").status == 200, "the queue")
    kept = messages(site)
    assert kept == [str(number) for number in range(len(kept))]
    status, reply = send(site, body)
    assert (status, reply["accepted"], reply["rejected"]) == (200, count, 0)
    assert len(kept) <= reply["replayed"] < count
    assert messages(site) == [str(number) for number in range(count)]
    reply = send(site, body.replace(b'"message": "7"', b'"message": "other"'))[1]
    assert [(error["line"], error["code"]) for error in reply["errors"]] == [(8, "key_reused")]


def test_what_a_killed_weir_has_told_is_in_the_queue(make_site, state):
    site = make_site()
    with open(state / "events.ndjson", "w") as file:
        for number in range(200_000):
            file.write(f'{{"message":"{number:086}"}}\n')
    process = subprocess.Popen(
        ["curl", "-sS", "-T", state / "events.ndjson", f"{site.address}/publish/"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: segment_bytes(site) > 1 << 20, "some events")
    site.kill_weir()
    answer = json.loads(process.communicate()[0])
    assert answer["status"] == 503
    site.start_weir()
    kept = messages(site)
    assert kept == [f"{number:086}" for number in range(len(kept))] and kept
    assert send(site, lines("after"))[1]["accepted"] == 1


def segment_bytes(site):
    with contextlib.suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in site.queue.glob("*.sse"))
    return 0


@pytest.mark.parametrize("wants_lines", [False, True])
def test_a_stop_in_the_middle_is_told_with_what_is_in_the_queue(site, wants_lines):
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE_SECONDS) as connection:
        accept = f"Accept: {NDJSON}\r\n" if wants_lines else ""
        connection.sendall(
            f"PUT /publish HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n{accept}"
            f"Content-Length: 1000000\r\n\r\n{lines('one', 'two')}{{\"mess".encode()
        )
        wait_until(lambda: len(messages(site)) == 2, "the events")
        site.weir.send_signal(signal.SIGTERM)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if b"stopping" in answer:
                break
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    if wants_lines:
        *results, reply = [json.loads(line) for line in body.splitlines() if line.startswith(b"{")]
        assert [(result["line"], result.get("code")) for result in results] == [(1, None), (2, None)]
        assert "errors" not in reply
    else:
        reply = json.loads(body)
    assert (reply["code"], reply["accepted"], reply["stopped_at_line"]) == ("stopping", 2, 3)
    site.weir.wait(PATIENCE_SECONDS)
    assert messages(site) == ["one", "two"]
