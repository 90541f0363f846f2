"""Attacks on who may: forged tokens, things said twice, and whoever tries to be nginx."""

import base64
import hashlib
import hmac
import json
import socket
import time

import pytest
from joserfc import jwk, jwt

from access_rules import bearer, grant, write
from processes import PATIENCE_SECONDS, wait_until

BOSS = grant("boss", publish=[">"], subscribe=[">"], token="t-boss")
# Each door to what is held back, as (method, path, body).
DOORS = [
    ("GET", "/sse/users.bert.x?poll=1", None), ("GET", "/sse/users.bert.x?poll=1&since=all", None),
    ("GET", "/sse/users.bert.x?poll=1&last=1", None), ("GET", "/sse?topic=users.*.x&poll=1", None),
    ("GET", "/sse/users.bert.x?group=g&poll=1&since=all", None), ("POST", "/sse/ticket", None),
    ("PUT", "/publish/users.bert.x", "forged"), ("PUT", "/publish/users.bert.x?delay=1h", "forged"),
    ("DELETE", "/topics/users.bert.x", None), ("GET", "/topics?topic=users.bert.x", None),
]


def code(answer):
    return answer.status, answer.problem()["code"]


def raw(site, *lines):
    """What is answered to lines that are sent as they are, by a client that waits for the end."""
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def part(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens for a site, and what looks like them."""

    def __init__(self):
        self.key = jwk.generate_key("EC", "P-256", {"alg": "ES256", "use": "sig", "kid": "one"})
        self.secret = jwk.generate_key("oct", 256, {"alg": "HS256", "kid": "two"})

    def keys(self):
        return json.dumps({"keys": [self.key.as_dict(private=False), self.secret.as_dict(private=True)]})

    def claims(self, **claims):
        return {"iss": "https://login.example.org", "aud": "weir", "sub": "bert", "exp": time.time() + 300} | claims

    def token(self, header={}, **claims):
        return jwt.encode({"alg": "ES256", "kid": "one"} | header, self.claims(**claims), self.key)

    def forged(self, header, secret=b"", **claims):
        """One whose signature is an HMAC by what everybody knows, or nothing."""
        text = f"{part(header)}.{part(self.claims(**claims))}"
        return f"{text}.{part(hmac.digest(secret, text.encode(), hashlib.sha256)) if secret else ''}"


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture
def login_site(make_site, state, issuer):
    keys = state / "keys.json"
    keys.write_text(issuer.keys())
    keys.chmod(0o600)
    rules = write(
        state / "access.toml", BOSS,
        grant("login", publish=["users.{user}.>"], subscribe=["users.{user}.>"],
              jwt='{ keys = "keys.json", algorithms = ["ES256", "HS256"], '
                  'issuer = "https://login.example.org", audience = "weir" }'))
    return make_site("--access", rules)


def test_forged_and_foreign_tokens_open_no_door(login_site, issuer):
    site = login_site
    good = issuer.token()
    assert site.request("PUT", "/publish/users.bert.x", "good", bearer(good)).status == 200
    assert b"good" in site.request("GET", "/sse/users.bert.x?poll=1", headers=bearer(good)).body
    head, claims, signature = good.split(".")
    point = issuer.key.as_dict(private=False)
    raw = [base64.urlsafe_b64decode(point[name] + "=") for name in ("x", "y")]
    public = [issuer.key.as_pem(private=False), b"\4" + raw[0] + raw[1], raw[0] + raw[1], point["x"].encode(),
              json.dumps(point).encode()]
    other = jwk.generate_key("EC", "P-256", {"kid": "one"})
    kids = ["two", "One", "", "../../../../dev/null", "keys.json", "one' OR '1'='1", "one\0"]
    foreign = [
        *[issuer.forged({"alg": alg}) for alg in ("none", "None", "NONE", "nOnE", "")],
        *[f"{part({'alg': 'none'})}.{claims}.{tail}" for tail in ("", signature)],
        *[issuer.forged({"alg": "HS256", **kid}, secret) for secret in public for kid in ({}, {"kid": "one"}, {"kid": "two"})],
        *[issuer.forged({"alg": "HS256", "kid": kid}, b"\0") for kid in kids],
        *[jwt.encode({"alg": "ES256", "kid": kid}, issuer.claims(), other) for kid in ("one", *kids)],
        *[issuer.token({"kid": kid}) for kid in kids],
        # A key that the token brings along.
        jwt.encode({"alg": "ES256", "jwk": other.as_dict(private=False)}, issuer.claims(), other),
        jwt.encode({"alg": "ES256", "kid": "one", "jku": "http://127.0.0.1:9/"}, issuer.claims(), other),
        issuer.token(exp=time.time() - 1), issuer.token(exp=0), issuer.token(nbf=time.time() + 300),
        issuer.token(aud="others"), issuer.token(aud=[]), issuer.token(iss="https://login.example.org/"),
        issuer.token(iss="http://login.example.org"),
        *[f"{head}.{claims}", f"{head}.{claims}.", f"{good}.", f"{good}A", f".{good}", f"{head}..{signature}"],
        f"{head}.{part(issuer.claims(sub='bert', exp=9e9))}.{signature}",
        good[:-2], good.swapcase(), issuer.token(pad="x" * 16384), "x" * 16384, "." * 9000,
    ]
    for place, token in enumerate(foreign):
        doors = DOORS if place % 10 == 0 else DOORS[place % len(DOORS):][:1]
        for method, path, body in doors:
            answer = site.request(method, path, body, bearer(token))
            assert code(answer) == (401, "invalid_token"), (token[:200], path, answer.body)
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
            # Neither the token nor a part of it that is worth something.
            assert token[:40] not in answer.body.decode()[:2000] or len(token) < 3
    # By a cookie the same; browsers send 4 KiB at most, nginx takes more.
    for token in foreign[::7]:
        for method, path, body in DOORS:
            answer = site.request(method, path, body, {"Cookie": f"weir={token}", "Origin": site.address})
            assert code(answer) == (401, "invalid_token" if token else "token_required"), (token[:200], path)
    # What is longer than nginx takes.
    assert site.request("GET", DOORS[0][1], headers=bearer("x" * 40000)).status in (400, 431)
    told = site.log.read_text() + (site.folder / "nginx-error.log").read_text()
    for token in (good, *foreign):
        assert len(token) < 40 or token[-40:] not in told
    assert "forged" not in site.request("GET", "/sse/users.bert.x?poll=1&since=all", headers=bearer(good)).body.decode()


@pytest.mark.parametrize("name", ["*", ">", "a.b", "bert.x", "", ".", "{user}", "a\0", "bert\n", "b" * 256])
def test_a_name_in_a_token_that_is_no_part_of_a_topic_opens_no_door(login_site, issuer, name):
    token = issuer.token(sub=name)
    assert login_site.request("PUT", "/publish/users.bert.x", "x", bearer("t-boss")).status == 200
    assert login_site.request("PUT", "/publish/users.a.b.x", "x", bearer("t-boss")).status == 200
    for method, path, body in (*DOORS, ("GET", "/sse/users.a.b.x", None), ("GET", "/sse?topic=users.%3E", None),
                               ("GET", "/sse?topic=users.*.%3E", None), ("GET", "/topics?topic=users.a.b.x", None)):
        if path == "/sse/ticket":
            continue
        answer = login_site.request(method, path, body, bearer(token))
        assert answer.status in (401, 403), (path, answer.body)
    assert login_site.request("GET", "/topics", headers=bearer(token)).status in (401, 403)


def test_a_name_may_be_as_long_as_a_topic_with_it(login_site, issuer):
    name = "b" * 240
    for topic, status in ((f"users.{name}.x", 200), (f"users.{name[:-1]}.x", 403)):
        assert login_site.request("PUT", f"/publish/{topic}", "x", bearer(issuer.token(sub=name))).status == status
    # Longer than any topic: it is nobody's, and no shorter one either.
    for path in (f"/sse/users.{'b' * 249}?poll=1", "/sse/users.b.x?poll=1"):
        assert code(login_site.request("GET", path, headers=bearer(issuer.token(sub="b" * 255)))) == (403, "not_allowed")


def test_what_is_said_twice_does_not_count_for_more(login_site, issuer):
    site = login_site
    assert site.request("PUT", "/publish/users.bert.x", "secret", bearer("t-boss")).status == 200
    anna, bert = issuer.token(sub="anna"), issuer.token()
    path = "/sse/users.bert.x?poll=1"

    def ask(*lines, path=path):
        answer = raw(site, f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *lines)
        return int(answer.split()[1]), answer

    # Of two headers nginx hands on the first one, later versions refuse both; both together are never one that is good.
    assert ask(f"Authorization: Bearer {anna}", f"Authorization: Bearer {bert}")[0] in (400, 401, 403)
    head, tail = bert[:60], bert[60:]
    for first, second in ((f"Bearer {head}", tail), (f"Bearer {head}", f"Bearer {tail}"), ("Basic YTpi", f"Bearer {bert}x")):
        assert ask(f"Authorization: {first}", f"Authorization: {second}")[0] in (400, 401)
    for value in (f"{bert} x", f"{anna} {bert}", f"{bert},{bert}", f"{bert}, Bearer {bert}", f"x {bert}", f"Bearer {bert}"):
        assert ask(f"Authorization: Bearer {value}")[0] == 401
    # A header counts, and no cookie beside it.
    assert ask(f"Authorization: Bearer {anna}", f"Cookie: weir={bert}")[0] == 403
    assert ask("Authorization: Bearer x", f"Cookie: weir={bert}")[0] == 401
    # Of two cookies the first one.
    for cookies in ([f"Cookie: weir={anna}; weir={bert}"], [f"Cookie: weir={anna}", f"Cookie: weir={bert}"]):
        assert ask(*cookies)[0] == 403
    for name in ("xweir", "weir2", "__Host-weir", "a=weir"):
        assert ask(f"Cookie: {name}={bert}")[0] == 401

    def ticket(token):
        return site.request("POST", "/sse/ticket", headers=bearer(token)).json()["ticket"]

    one, other = ticket(bert), ticket(bert)
    # Refused before one of them is used up.
    for query in (f"ticket={one}&ticket={one}", f"ticket={one}&ticket={other}", f"ticket={one}&ticket="):
        assert ask(path=f"{path}&{query}")[0] == 400
    for query in (f"TICKET={one}", f"ticket={one[:-1]}", f"ticket={one}%00", f"ticket=%20{one}", f"Ticket={one}",
                  f"ticket={one.swapcase()}"):
        assert ask(path=f"{path}&{query}")[0] in (400, 401), query
    # A ticket stands in the place of a token, a good one or not.
    assert ask(f"Authorization: Bearer {bert}", path=f"{path}&ticket={ticket(anna)}")[0] == 403
    assert ask("Authorization: Bearer x", path=f"{path}&ticket={one}")[0] == 200
    assert ask(f"Authorization: Bearer {bert}", path=f"{path}&ticket={one}")[0] == 401
    assert b"secret" in ask(path=f"{path}&ticket={other}")[1]


def test_a_ticket_is_nothing_after_its_time_or_when_somebody_has_made_it_up(login_site, issuer):
    site = login_site
    path = "/sse/users.bert.x?poll=1"
    text = site.request("POST", "/sse/ticket", headers=bearer(issuer.token())).json()["ticket"]
    (file,) = (site.queue / "tickets").iterdir()
    content = json.loads(file.read_text())
    assert file.stat().st_mode & 0o007 == 0
    content["expiresAt"] = int(time.time() * 1000)
    file.write_text(json.dumps(content))
    assert code(site.request("GET", f"{path}&ticket={text}")) == (401, "invalid_ticket")
    assert not file.exists()
    # The name of a file is no ticket, and a path is none.
    text = site.request("POST", "/sse/ticket", headers=bearer(issuer.token())).json()["ticket"]
    (file,) = (site.queue / "tickets").iterdir()
    for made_up in (file.name, f"tickets/{file.name}", f"..%2Ftickets%2F{file.name}", "%2e%2e", ".", "*", "x" * 5000):
        assert code(site.request("GET", f"{path}&ticket={made_up}")) == (401, "invalid_ticket")
    assert file.exists()
    # A token's end is its ticket's.
    soon = issuer.token(exp=time.time() + 1)
    text = site.request("POST", "/sse/ticket", headers=bearer(soon)).json()["ticket"]
    wait_until(lambda: site.request("POST", "/sse/ticket", headers=bearer(soon)).status == 401, "the token's end")
    assert site.request("GET", f"{path}&ticket={text}").status == 401


# --- Whoever tries to be nginx ---


NAMES = ["WEIR_USER", "Weir-User", "WEIR-USER", "X-Weir-User", "X-WEIR_USER", "HTTP_WEIR_USER", "Weir_user", "X-User",
         "Remote-User", "REMOTE_USER", "WEIR_PUBLISH", "WEIR_SUBSCRIBE", "WEIR_COOKIE", "WEIR_PUBLISHERS",
         "Weir-Subscribe-Topics", "WEIR_SUBSCRIBE_TOPICS", "weir_publish_topics", "Proxy-WEIR_USER"]


def test_headers_of_a_client_are_never_what_nginx_says(make_site, state):
    rules = write(state / "access.toml", grant("site", publish=["users.{user}.>"], subscribe=["users.{user}.>"], nginx=True))

    def configure(text):
        text = text.replace(
            'map "" $weir_user {', 'map $cookie_session $weir_user {\n    "~^s-(?<name>.*)$" $name;')
        return text.replace("server_tokens off;", "server_tokens off; underscores_in_headers on; ignore_invalid_headers off;")

    site = make_site("--access", rules, configure=configure)
    assert site.request("PUT", "/publish/users.bert.x", "secret", {"Cookie": "session=s-bert"}).status == 200
    for value in ("bert", ">", "users.bert.>", "t-boss", "allowed"):
        headers = {name: value for name in NAMES}
        for method, path, body in DOORS:
            assert site.request(method, path, body, headers).status == 401, path
            if path != "/sse/ticket":
                assert site.request(method, path, body, headers | {"Cookie": "session=s-anna"}).status == 403, path
        for path in ("/topics", "/groups", "/weir/status", "/weir/metrics", "/publish/delayed"):
            for cookie in ({}, {"Cookie": "session=s-anna"}):
                answer = site.request("GET", path, headers=headers | cookie)
                assert b"bert" not in answer.body and b"secret" not in answer.body, path
    # Parameters of an address and of a body neither.
    for query in ("WEIR_USER=bert", "_WEIR_USER=bert", "weir_user=bert", "&WEIR_SUBSCRIBE=%3E", "x%00WEIR_USER=bert"):
        answer = site.request("GET", f"/sse/users.bert.x?poll=1&{query}", headers={"Cookie": "session=s-anna"})
        assert answer.status in (400, 403)
    # Nor a line that is sent into a name.
    for name in ("anna%0d%0aWEIR_USER:%20bert", "anna\tbert", "anna,bert", "bert%20", "BERT", "bert/", "b%65rt"):
        assert site.request("GET", "/sse/users.bert.x?poll=1", headers={"Cookie": f"session=s-{name}"}).status in (400, 403)


def test_who_it_is_goes_along_to_the_worker_that_is_there(make_site, state):
    """Where the first one is away, nginx publishes by another location."""
    rules = write(
        state / "access.toml", grant("ci", publish=["a"], token="t-ci"), grant("site", publish=["users.{user}.>"], nginx=True))
    site = make_site("--access", rules, workers=2, configure=lambda text: text.replace(
        'map "" $weir_user {', 'map $cookie_session $weir_user {\n    "~^s-(?<name>.*)$" $name;').replace(
        'map "" $weir_publish_topics {', 'map $cookie_topics $weir_publish_topics {\n    "~^t-(?<topics>.*)$" $topics;'))
    site.kill_weir()
    for topic, headers in (
        ("a", bearer("t-ci")), ("a", {"Cookie": "weir=t-ci", "Origin": site.address}),
        ("users.anna.x", {"Cookie": "session=s-anna"}), ("b", {"Cookie": "topics=t-b"}),
    ):
        for _ in range(4):
            assert site.request("PUT", f"/publish/{topic}", "x", headers).status == 200, headers
            assert site.request("PUT", f"/publish/other.{topic}", "x", headers).status == 403, headers
    assert code(site.request("PUT", "/publish/a", "x", {"Cookie": "weir=t-ci", "Origin": "https://evil.example.org"})) == (
        403, "browser_refused")


def test_the_topics_that_nginx_names_count_at_each_door(make_site, state):
    rules = write(state / "access.toml", BOSS, grant("site", nginx=True))
    site = make_site("--access", rules, configure=lambda text: text.replace(
        'map "" $weir_publish_topics {', 'map $cookie_writes $weir_publish_topics {\n    "~^t-(?<writes>.*)$" $writes;').replace(
        'map "" $weir_subscribe_topics {', 'map $cookie_reads $weir_subscribe_topics {\n    "~^t-(?<reads>.*)$" $reads;'))
    reads, writes = {"Cookie": "reads=t-a.>"}, {"Cookie": "writes=t-a.>"}

    def ask(method, path, headers, body=None):
        return site.request(method, path, body, headers)

    for topic in ("a.1", "b.1"):
        assert ask("PUT", f"/publish/{topic}", bearer("t-boss"), "x").status == 200
        assert ask("PUT", f"/publish/{topic}?delay=1h", bearer("t-boss"), "x").status == 202
        assert ask("GET", f"/sse/{topic}?group=of.{topic}&poll=1", bearer("t-boss")).status == 200
    for topic, status in (("a.1", 200), ("b.1", 403)):
        assert ask("PUT", f"/publish/{topic}", writes, "x").status == status
        assert ask("PUT", f"/publish/{topic}", reads, "x").status == 403
        assert ask("GET", f"/sse/{topic}?poll=1", reads).status == status
        assert ask("GET", f"/sse/{topic}?poll=1", writes).status == 403
        ticket = ask("POST", "/sse/ticket", reads).json()["ticket"]
        assert ask("GET", f"/sse/{topic}?poll=1&ticket={ticket}", {}).status == status
        assert (ask("GET", f"/groups/of.{topic}", reads).status == 200) == (status == 200)
        assert ask("DELETE", f"/topics/{topic}", reads).status == 403
    assert [entry["topic"] for entry in ask("GET", "/topics", reads).json()["topics"]] == ["a.1"]
    for path in ("/groups", "/weir/status"):
        assert [entry["group"] for entry in ask("GET", path, reads).json()["groups"]] == ["of.a.1"]
    assert b"of.a.1" in ask("GET", "/weir/metrics", reads).body and b"of.b.1" not in ask("GET", "/weir/metrics", reads).body
    # The cookie is read at each of them, too.
    boss = {"Cookie": "weir=t-boss"}
    assert [entry["topic"] for entry in ask("GET", "/topics", boss).json()["topics"]] == ["a.1", "b.1"]
    for path in ("/groups", "/weir/status"):
        assert [entry["group"] for entry in ask("GET", path, boss).json()["groups"]] == ["of.a.1", "of.b.1"]
    assert [entry["topic"] for entry in ask("GET", "/publish/delayed", writes).json()["delayed"]] == ["a.1"]
    for topic, status in (("a.1", 200), ("b.1", 403)):
        assert ask("DELETE", f"/topics/{topic}", writes).status == status
