"""Groups where there are rules, and what a page of another site may have a browser do."""

import json

import pytest

from access_rules import bearer, grant, write

GRANTS = [
    grant("ci", publish=["builds.>"], subscribe=["builds.>"], token="t-ci"),
    grant("reader", subscribe=["builds.>"], token="t-reader"),
    grant("writer", publish=["builds.>"], token="t-writer"),
    grant("narrow", publish=["builds.1"], subscribe=["builds.>"], token="t-narrow"),
    grant("everybody", subscribe=["news"], anonymous=True),
    grant("site", publish=["builds.>"], subscribe=["builds.>"], nginx=True),
]
NAMED = "https://app.example.org"
GROUP = "/sse/builds.1?group=g&poll=1&since=all"


@pytest.fixture
def site(make_site, state):
    """One whose nginx knows a user by a cookie, as a login service would tell it."""
    return make_site(
        "--access", write(state / "access.toml", *GRANTS), "--cors-origin", NAMED, "--get-publish",
        configure=lambda text: text.replace(
            'map "" $weir_user {', 'map $cookie_session $weir_user {\n    "~^s-(?<name>.*)$" $name;'))


def publish(site, topic, token="t-ci", **fields):
    answer = site.request(
        "PUT", "/publish", json.dumps({"message": "x", "topic": topic, **fields}),
        {"Content-Type": "application/json", **bearer(token)})
    assert answer.status in (200, 202), answer.body
    return answer.json()


def outcome(answer):
    return answer.status, answer.problem()["code"] if answer.status >= 400 else None


# --- Who may do what with a group ---


def test_a_group_is_removed_by_who_may_read_and_publish_all_of_its_topics(site):
    publish(site, "builds.1")
    path = "/sse?topic=builds.*&group=g&poll=1"
    assert site.request("GET", path, headers=bearer("t-reader")).status == 200

    def remove(token):
        return outcome(site.request("DELETE", "/groups/g", headers=bearer(token)))

    # Who sees the group is told why; to who may not read its topics there is none.
    assert remove("t-reader") == remove("t-narrow") == (403, "not_allowed")
    assert remove("t-writer") == remove(None) == (404, "group_not_found")
    answer = site.request("DELETE", "/groups/g", headers=bearer("t-reader"))
    assert "builds.*" in answer.problem()["detail"] and "insufficient_scope" in answer.headers["WWW-Authenticate"]
    assert remove("t-ci") == (204, None)
    assert remove("t-ci") == (404, "group_not_found")


def test_who_may_read_acknowledges_and_only_who_may_publish_removes_a_group_of_everybodys(site):
    path = "/sse/news?group=open&ack=30s&poll=1&since=all"
    assert site.request("GET", path, headers={"Accept": "application/json"}).status == 200
    body, kind = json.dumps({"ids": ["00000000-1"]}), {"Content-Type": "application/json"}
    assert site.request("POST", "/groups/open/ack", body, kind).status == 200
    assert outcome(site.request("DELETE", "/groups/open")) == (401, "token_required")
    assert site.request("GET", "/groups/open").status == 200


# --- Pages of other sites ---


@pytest.mark.parametrize("cookie", ["weir=t-ci", "session=s-anna"])
def test_a_page_of_another_site_takes_nobodys_place_in_a_group_by_a_cookie(site, cookie):
    publish(site, "builds.1")

    def ask(path, **headers):
        return outcome(site.request("GET", path, headers={
            "Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}))

    refused = (403, "browser_refused")
    # A picture of another site, one of a neighbour, and scripts of them.
    for page in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                 {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example.org"},
                 {"Origin": "https://evil.example.org"}, {"Origin": "null"},
                 {"Sec_Fetch_Site": "cross-site", "Origin": site.address}, {"Sec_Fetch_Site": "", "Origin": "null"}):
        assert ask(GROUP, **page) == refused, page
        # To read takes nothing away, and the page does not see it.
        assert ask("/sse/builds.1?poll=1&since=all", **page) == (200, None)
    assert b"data: x" in site.request("GET", GROUP, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}).body
    for page in ({}, {"Sec_Fetch_Site": "none"}, {"Origin": site.address}, {"Sec_Fetch_Site": "cross-site", "Origin": NAMED}):
        assert ask(GROUP, **page) == (200, None), page


def test_a_token_that_a_page_has_to_know_is_no_matter_of_its_origin(site):
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}
    assert outcome(site.request("GET", GROUP, headers=elsewhere | bearer("t-ci"))) == (200, None)
    ticket = site.request("POST", "/sse/ticket", headers=bearer("t-ci")).json()["ticket"]
    assert outcome(site.request("GET", f"{GROUP}&ticket={ticket}", headers=elsewhere | {"Cookie": "weir=x"})) == (200, None)
    # What everybody may, pages of others may as before.
    assert outcome(site.request("GET", "/sse/news?group=n&poll=1", headers=elsewhere)) == (200, None)


def test_whatever_changes_something_by_cookie_asks_for_the_pages_origin(site):
    publish(site, "builds.1")
    assert site.request("GET", "/sse/builds.2?group=g&ack=30s&poll=1", headers=bearer("t-ci") | {
        "Accept": "application/json"}).status == 200
    delayed = publish(site, "builds.1", delay="1h")["delayed"]
    ids, kind = json.dumps({"ids": ["00000000-1"]}), {"Content-Type": "application/json"}
    doors = [
        ("PUT", "/publish/builds.1", '{"message":"x"}', kind), ("POST", "/publish/builds.1", "x", {}),
        ("GET", "/publish/builds.1?message=x", None, {}),
        ("PUT", "/publish/builds.1", '{"message":"x"}\n', {"Content-Type": "application/x-ndjson"}),
        ("PUT", "/publish/builds.1?delay=1h", "x", {}), ("POST", "/groups/g/ack", ids, kind), ("DELETE", "/groups/g", None, {}),
        ("POST", "/sse/ticket", None, {}), ("DELETE", f"/publish/delayed/{delayed}", None, {}),
        ("DELETE", "/topics/builds.1", None, {}),
    ]
    for method, path, body, headers in doors:
        headers = {"Cookie": "weir=t-ci", **headers}
        for page in ({}, {"Origin": "https://evil.example.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert outcome(site.request(method, path, body, headers | page)) == (403, "browser_refused"), (method, path, page)
        answer = site.request(method, path, body, headers | {"Origin": NAMED})
        assert answer.status in (200, 202, 204), (method, path, answer.body)
