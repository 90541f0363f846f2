"""Topics are bytes, on their whole way: from the address through nginx, the queue and a stream."""

import http.client
import json
import socket
import urllib.parse

import pytest

from processes import PATIENCE_SECONDS

# Two topics each that Unicode takes for the same.
EQUIVALENT = [("\u00e9", "e\u0301"), ("a\u0323\u0307", "a\u0307\u0323"), ("K", "\u212a"), ("\uac00", "\u1100\u1161")]
JOINING = ["\u0301abc", "\U0001f3fd", "\u0e33", "\u200d", "\ufe0fx"]


def publish_to(site, path, message="x"):
    """Publishes at a path as it stands here, which clients would resolve; returns status and topic."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE_SECONDS)
    connection.putrequest("PUT", path)
    body = json.dumps({"message": message}).encode()
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", len(body))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer)["topic"] if response.status == 200 else answer


@pytest.mark.parametrize("topic", JOINING)
def test_a_topic_may_begin_with_what_joins_the_sign_before_it(site, topic):
    path = urllib.parse.quote(topic)
    with site.stream(f"/sse/{path}") as stream, site.stream(f"/sse?topic=*.{path}.>") as pattern:
        assert (stream.status, pattern.status) == (200, 200)
        assert publish_to(site, f"/publish/{path}", "path") == (200, topic)
        assert site.publish("deep", topic=f"a.{topic}.b").status == 200
        assert (stream.data(1), pattern.data(1)) == (["path"], ["deep"])


@pytest.mark.parametrize("one, other", EQUIVALENT)
def test_texts_that_look_the_same_are_two_topics(site, one, other):
    with site.stream(f"/sse/{urllib.parse.quote(one)}") as first, \
         site.stream(f"/sse/{urllib.parse.quote(other)}") as second:
        assert site.publish("1", topic=one).json()["topic"] == one
        assert site.publish("2", topic=other).json()["topic"] == other
        assert site.publish("3", topic=one).status == 200
        assert (first.data(2), second.data(1)) == (["1", "3"], ["2"])
    assert site.publish("x", f"/publish/{urllib.parse.quote(one)}", topic=other).status == 400


def test_every_byte_in_a_path_is_that_byte_of_the_topic(site):
    for byte in range(256):
        for escape in {f"%{byte:02x}", f"%{byte:02X}"}:
            status, topic = publish_to(site, f"/publish/a{escape}b")
            if 0x20 <= byte < 0x7F:
                assert (status, topic) == (200, f"a{chr(byte)}b")
            else:
                assert status == 400, "a control character, or not UTF-8"


@pytest.mark.parametrize("path, topic", [
    ("https%3A%2F%2Fexample.org%2Fbooks%2F1", "https://example.org/books/1"),
    ("https://example.org/books/1", "https://example.org/books/1"),
    ("a%2F..%2Fb", "a/../b"), ("a/../b", "a/../b"), ("a%2f%2fb", "a//b"), ("/a", "/a"), ("a/", "a/"),
    ("a%2F.%2Fb", "a/./b"), ("a/%2e%2E/b", "a/../b"), ("a/b/..", "a/b/.."),
    ("%252F", "%2F"), ("100%25", "100%"), ("a+b", "a+b"), ("a%20b", "a b"), ("a;v=1,c", "a;v=1,c"),
    ("a%3Fb%23c", "a?b#c"), ("a?topic=a", "a"), ("%F0%9F%98%80", "\U0001f600"),
])
def test_a_topic_in_a_path_is_what_the_client_has_sent(site, path, topic):
    stream_path = path if "?" not in path else path.partition("?")[0] + "?topic=a"
    with site.stream(f"/sse/{stream_path}") as stream:
        assert publish_to(site, f"/publish/{path}") == (200, topic)
        assert stream.data(1) == ["x"]


@pytest.mark.parametrize("path", [
    "//publish/y", "/x/../publish/y", "/./publish/y", "/publish%2Fy", "/%2Fpublish/y", "/x/%2e%2e/publish/y",
])
def test_an_address_that_nginx_has_to_resolve_first_is_refused(site, path):
    status, answer = publish_to(site, path)
    assert status == 400 and json.loads(answer)["code"] == "invalid_topic", answer
    # What has to be resolved is named.
    assert any(f"'{what}'" in json.loads(answer)["detail"] and what in path.replace("%2e", ".")
               for what in ("//", "/./", "/../", "%2F"))
    with site.stream(path.replace("publish", "sse")) as stream:
        assert stream.status == 400


@pytest.mark.parametrize("target", ["/sse/%41%2F%2Fb", "http://example.org/sse/A%2f/b", "/%73se/A%2F%2Fb"])
def test_the_address_may_be_absolute_and_its_letters_escaped(site, target):
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE_SECONDS) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += client.recv(4096)
        assert received.startswith(b"HTTP/1.1 200"), received
        assert site.publish("x", topic="A//b").status == 200
        while b"data: x\n" not in received:
            received += client.recv(4096)


def test_a_site_may_rewrite_the_path_but_not_to_another_topic(make_site):
    def configure(text):
        return text.replace("location / {", "location /live/ { rewrite ^/live/(.*)$ /sse/$1 last; }\n"
                            "location /put/ { rewrite ^/put/(.*)$ /publish/$1 last; }\nlocation / {", 1)

    site = make_site(configure=configure)
    with site.stream("/live/a%20b?topic=c") as stream:
        assert publish_to(site, "/put/a%20b") == (200, "a b")
        assert stream.data(1) == ["x"]
    status, answer = publish_to(site, "/put/https%3A%2F%2Fexample.org")
    assert status == 400 and json.loads(answer)["code"] == "invalid_topic"


def test_a_site_without_the_address_works_as_before(make_site):
    site = make_site(configure=lambda text: text.replace("fastcgi_param  REQUEST_URI        $request_uri;", ""))
    assert publish_to(site, "/publish/a%20b") == (200, "a b")
    with site.stream("/sse/orders") as stream:
        assert site.publish("x", topic="orders").status == 200
        assert stream.data(1) == ["x"]
