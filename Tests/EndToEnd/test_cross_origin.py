"""Pages of other origins where there are access rules: what they may ask for, with cookies and tickets, through nginx."""

import pytest

from access_rules import bearer, grant, write
from processes import wait_until

NAMED = "https://app.example.org"
# Each is another origin, or none at all.
OTHERS = ["https://app.example.org.evil.example", "https://evil-app.example.org", "https://example.org",
          "https://app.example.org:444", "http://app.example.org", "https://APP.example.org", "https://app.example.org/",
          "https://app.example.org, https://evil.example", "null", "*", "app.example.org"]
ROUTES = [("GET", "/sse?poll=1"), ("GET", "/sse/a?poll=1"), ("POST", "/sse/ticket"), ("PUT", "/publish"), ("POST", "/publish/a"),
          ("GET", "/publish/delayed"), ("GET", "/groups"), ("GET", "/topics")]


@pytest.fixture
def rules(state):
    return write(
        state / "access.toml", grant("reader", subscribe=["a"], token="t-reader"),
        grant("boss", publish=[">"], subscribe=[">"], token="t-boss"), grant("all", subscribe=["open"], anonymous=True))


@pytest.fixture
def site(make_site, rules):
    return make_site("--access", rules, "--cors-origin", NAMED, "--cors-origin", "http://localhost:3000")


def allowed(answer):
    return answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"]


@pytest.mark.parametrize("token", [None, "t-reader", "t-boss", "none"])
def test_answers_and_errors_are_for_pages_of_the_exact_origin_and_no_other(site, token):
    statuses = set()
    for method, path in ROUTES:
        body = '{"message":"x"}' if method in ("PUT", "POST") else None
        for origin in (NAMED, "http://localhost:3000", *OTHERS):
            answer = site.request(
                method, path, body, {"Origin": origin, "Content-Type": "application/json"} | bearer(token))
            assert allowed(answer) == ((origin, "true") if origin not in OTHERS else (None, None)), (path, origin)
            assert "Origin" in answer.headers["Vary"]
            statuses.add(answer.status)
            if answer.status in (401, 403) and origin not in OTHERS:
                assert answer.problem()["code"] and "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    assert statuses >= {None: {401}, "none": {401}, "t-reader": {200, 403}, "t-boss": {200}}[token]


def test_a_preflight_needs_no_token_and_names_what_a_page_may_send(site):
    for method, path in (("POST", "/sse/ticket"), ("PUT", "/publish"), ("POST", "/publish/a"), ("GET", "/sse/a"),
                         ("DELETE", "/publish/delayed/1"), ("POST", "/groups/g/ack")):
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
        answer = site.request("OPTIONS", path, headers=asked | {"Origin": NAMED})
        assert answer.status == 204
        assert allowed(answer) == (NAMED, "true")
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", "), path
        assert {"Authorization", "Content-Type"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
        for origin in OTHERS:
            answer = site.request("OPTIONS", path, headers=asked | {"Origin": origin})
            assert allowed(answer) == (None, None), (path, origin)
            assert "Access-Control-Allow-Headers" not in answer.headers


def test_a_star_lets_no_page_use_a_cookie(make_site, rules):
    site = make_site("--access", rules, "--cors-origin", "*", "--cors-origin", NAMED)
    cookie = {"Cookie": "weir=t-boss"}
    for origin in OTHERS[:9]:
        for method, path in ROUTES:
            answer = site.request(method, path, '{"message":"x"}', {
                "Origin": origin, "Content-Type": "application/json"} | cookie)
            assert answer.headers["Access-Control-Allow-Credentials"] is None
            assert answer.headers["Access-Control-Allow-Origin"] == ("*" if path.startswith("/sse") else None), path
            if method != "GET":
                assert (answer.status, answer.problem()["code"]) == (403, "browser_refused"), (origin, path)
    assert allowed(site.request("GET", "/sse/a?poll=1", headers={"Origin": NAMED} | cookie)) == (NAMED, "true")
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 0


def test_pages_read_why_no_ticket_is_made_while_weir_is_away(site):
    site.kill_weir()
    answer = site.request("POST", "/sse/ticket", headers={"Origin": NAMED} | bearer("t-reader"))
    assert answer.problem()["code"] == "hub_unavailable" and "event" not in answer.problem()["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == NAMED
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


GET_TICKET = """
    const [address, token, done] = arguments;
    fetch(`${address}/sse/ticket`, {method: "POST", headers: {Authorization: `Bearer ${token}`}})
      .then(async (answer) => done([answer.status, await answer.json()]), (error) => done([0, String(error)]));
    """


def test_a_browser_gets_a_ticket_for_a_page_of_another_origin_and_listens_with_it(make_site, rules, browser):
    page = make_site(configure=lambda text: text.replace("""add_header Content-Security-Policy "default-src 'self'";""", ""))
    site = make_site("--access", rules, "--cors-origin", page.address)
    other = make_site("--access", rules)
    browser.get(f"{page.address}/problems/")
    status, problem = browser.execute_async_script(GET_TICKET, site.address, "wrong")
    assert (status, problem["code"]) == (401, "invalid_token")
    status, made = browser.execute_async_script(GET_TICKET, site.address, "t-reader")
    assert status == 200
    browser.execute_script("""
        window.source = new EventSource(arguments[0]);
        source.onmessage = (event) => { window.got = event.data; };
        """, f"{site.address}/sse/a?since=all&ticket={made['ticket']}")
    assert site.request("POST", "/publish/a", "hello", {"Content-Type": "text/plain"} | bearer("t-boss")).status == 200
    wait_until(lambda: browser.execute_script("return window.got") == "hello", "the event")
    assert browser.execute_async_script(GET_TICKET, other.address, "t-reader")[0] == 0
