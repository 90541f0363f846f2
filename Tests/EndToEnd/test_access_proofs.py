"""What was proven, when what proved it changes: keys, tickets, names, grants that are gone."""

import json
import os
import signal

import pytest

from access_rules import bearer, grant, write
from processes import end, wait_until
from recipes import Login

BOSS = grant("boss", publish=[">"], subscribe=[">"], token="t-boss")


def rules_of(login):
    return grant("login", publish=["users.{user}.>"], subscribe=["users.{user}.>", "news"],
                 jwt=f'{{ keys = "jwks.json", algorithms = ["ES256"], issuer = "{login.issuer}", audience = "weir" }}')


@pytest.fixture
def login(state):
    login = Login("https://login.example.org")
    (state / "jwks.json").write_text(login.keys())
    return login


@pytest.fixture
def site(make_site, state, login):
    rules = write(state / "access.toml", BOSS, rules_of(login))
    return make_site("--access", rules)


def publish(site, topic, token="t-boss", **fields):
    return site.request(
        "PUT", "/publish", json.dumps({"message": "x", "topic": topic, **fields}),
        {"Content-Type": "application/json", **bearer(token)})


def outcome(answer):
    return answer.status, answer.problem()["code"] if answer.status >= 400 else None


def ticket(site, token):
    answer = site.request("POST", "/sse/ticket", headers=bearer(token))
    assert answer.status == 200, answer.body
    return answer.json()["ticket"]


# --- Keys ---


@pytest.mark.parametrize("change", ["key", "issuer"])
def test_a_key_that_is_taken_out_ends_its_streams_and_voids_its_tickets_and_tokens(site, state, login, change):
    token = login.token("anna")
    text = ticket(site, token)
    assert publish(site, "users.anna.x", token).status == 200
    with site.stream("/sse/users.anna.x", bearer(token)) as anna, site.stream("/sse/users.anna.x", bearer("t-boss")) as boss:
        assert anna.status == 200
        if change == "key":
            other = Login(login.issuer)
            (state / "jwks.json").write_text(other.keys())
        else:
            other = Login("https://other.example.org")
            other.key = login.key
            write(state / "access.toml", BOSS, rules_of(other))
        site.wait_for_log("other access rules")
        assert anna.rest() == []
        assert publish(site, "users.anna.x").status == 200
        assert boss.data(1) == ["x"]
    for path in (f"/sse/users.anna.x?poll=1&ticket={text}", "/sse/users.anna.x?poll=1"):
        assert site.request("GET", path, headers={} if "ticket" in path else bearer(token)).status == 401
    assert outcome(publish(site, "users.anna.x", token)) == (401, "invalid_token")
    assert publish(site, "users.anna.x", other.token("anna")).status == 200


def test_a_key_that_comes_beside_the_others_ends_nothing(site, state, login):
    token, other = login.token("anna"), Login(login.issuer)
    text = ticket(site, token)
    with site.stream("/sse/users.anna.x", bearer(token)) as anna:
        keys = json.loads(other.keys())["keys"] + json.loads(login.keys())["keys"]
        (state / "jwks.json").write_text(json.dumps({"keys": keys}))
        site.wait_for_log("other access rules")
        assert publish(site, "users.anna.x", other.token("anna")).status == 200
        assert anna.data(1) == ["x"]
    assert site.request("GET", f"/sse/users.anna.x?poll=1&ticket={text}").status == 200


# --- Tickets ---


def test_a_ticket_whose_time_is_over_or_that_another_version_made_is_none(site):
    def changed(change):
        text = ticket(site, "t-boss")
        (file,) = (site.queue / "tickets").iterdir()
        content = json.loads(file.read_text())
        change(content)
        file.write_text(json.dumps(content))
        answer = site.request("GET", f"/sse/news?poll=1&ticket={text}")
        assert not list((site.queue / "tickets").iterdir())
        return outcome(answer)

    assert changed(lambda content: None) == (200, None)
    invalid = (401, "invalid_ticket")
    assert changed(lambda content: content.update(expiresAt=content["expiresAt"] - 60_001)) == invalid
    # As the versions before wrote what a JSON Web Token had proven.
    former = {"webToken": {"grant": "login", "user": "anna", "_2": {"publish": [], "subscribe": []}, "expiresAt": None}}
    assert changed(lambda content: content.update(proofs=[former])) == invalid
    assert changed(dict.clear) == invalid


def test_more_tickets_than_there_may_be_are_refused_and_old_ones_go(site):
    assert ticket(site, "t-boss")
    end(site.weir, signal.SIGTERM)
    folder = site.queue / "tickets"
    for number in range(50_001):
        os.close(os.open(folder / f"{number}", os.O_CREAT, 0o600))
    os.utime(folder / "0", (1, 1))
    site.start_weir()
    wait_until(lambda: not (folder / "0").exists(), "the first look")
    answer = wait_until(lambda: refused(site.request("POST", "/sse/ticket", headers=bearer("t-boss"))), "the refusal")
    assert outcome(answer) == (429, "too_many_tickets") and answer.headers["Retry-After"] == "5"
    assert site.request("GET", "/sse/news?poll=1", headers=bearer("t-boss")).status == 200


def refused(answer):
    return answer if answer.status >= 400 else None


# --- Names ---


@pytest.mark.parametrize("name", ["", "u" * 256, "\u00e9" * 128, "a\u0000b", "a\nb", "\u0085", "\x7f"])
def test_a_token_whose_user_has_no_name_is_refused(site, login, name):
    for answer in (publish(site, "news", login.token(name)),
                   site.request("GET", "/sse/news?poll=1", headers=bearer(login.token(name)))):
        assert outcome(answer) == (401, "invalid_token")
        assert "the user's name is empty, longer than 255 bytes" in answer.problem()["detail"]
    longest = "u" * 240
    assert publish(site, f"users.{longest}.x", login.token(longest)).status == 200


def test_a_user_whom_nginx_gives_no_name_that_can_be_one_is_refused(make_site, state):
    rules = write(state / "access.toml", BOSS, grant("everybody", subscribe=["news"], anonymous=True),
                  grant("site", publish=["all"], subscribe=["users.{user}.>"], nginx=True))
    site = make_site("--access", rules, configure=lambda text: text.replace(
        'map "" $weir_user {', 'map $arg__user $weir_user {\n    "~^raw" $cookie_session;\n    "~^(?<name>.+)$" $name;'))

    def ask(path, **headers):
        return site.request("GET", path, headers=headers)

    for cookie in ("u" * 256, "J\xf6rg", "J\xe4rg", "a\x01b", "\xc2\x85", "\xff"):
        for path in ("/sse/news?poll=1&_user=raw", "/sse/users.x.y?poll=1&_user=raw", "/sse?topic=users.J%EF%BF%BDrg.x&_user=raw"):
            answer = ask(path, Cookie=f"session={cookie}".encode("latin-1"))
            assert answer.status == 400 or outcome(answer) == (403, "not_allowed"), (cookie, answer.body)
        answer = site.request("PUT", "/publish/all?_user=raw", "x", {"Cookie": f"session={cookie}".encode("latin-1")})
        assert answer.status == 400 or outcome(answer) == (403, "not_allowed")
    assert outcome(ask("/sse/users.anna.x?poll=1&_user=anna")) == (200, None)
    assert outcome(ask("/sse/news?poll=1&_user=raw", Cookie="other=1")) == (200, None)
    name = "J\u00f6rg".encode().decode("latin-1")
    assert outcome(ask("/sse/users.J%C3%B6rg.x?poll=1&_user=raw", Cookie=f"session={name}".encode("latin-1"))) == (200, None)


# --- What goes on without who began it ---


def test_a_delayed_event_goes_out_also_when_its_publishers_grant_is_gone(site, state, login):
    write(state / "access.toml", BOSS, grant("guest", publish=["a"], token="t-guest"))
    site.wait_for_log("other access rules")
    with site.stream("/sse/a", bearer("t-boss")) as stream:
        assert publish(site, "a", "t-guest", delay="2s").status == 202
        write(state / "access.toml", BOSS)
        site.wait_for_log("other access rules", "grants=1")
        assert outcome(publish(site, "a", "t-guest")) == (401, "invalid_token")
        assert stream.data(1) == ["x"]
