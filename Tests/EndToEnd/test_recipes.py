"""Each folder of nginx/recipes does what it says, and lets nobody do more."""

import itertools
import json

import pytest

from processes import wait_until
from recipes import (
    ANNA, BERT, FOLDER, OUTSIDE, Login, Recipe, certificate, inner, make, programs, run_shell, session_site, tls_site,
    with_certificate)


def code(answer):
    return answer.problem()["code"]


def test_each_recipe_has_a_test_and_stands_in_the_documentation():
    names = {path.name for path in FOLDER.iterdir()}
    tests = {name[5:].replace("_", "-") for name in globals() if name.startswith("test_")}
    rules = (FOLDER.parents[1] / "Sources/Access/Access.docc/AccessRules.md").read_text()
    for name in names:
        assert any(test.startswith(name) for test in tests), name
        assert f"](../../../nginx/recipes/{name}/README.md)" in rules
        text = Recipe(name).text
        for path in (FOLDER / name).iterdir():
            assert path.name == "README.md" or f"]({path.name})" in text, path


# --- A session cookie ---


def test_session_cookie_gives_each_user_topics_of_its_own(session_site):
    site = session_site
    assert site.findings() == []
    assert json.loads(site.run("/publish/users.anna.mail"))["topic"] == "users.anna.mail"
    inner(site, "users.bert.mail", "for bert")
    with site.stream("/sse?topic=users.anna.%3E&since=all", ANNA) as anna, \
         site.stream("/sse/users.bert.mail?since=all", BERT) as bert:
        assert (anna.data(1), bert.data(1)) == (["you have mail"], ["for bert"])
        for number in range(3):
            inner(site, "users.bert.chat", "not for anna")
            inner(site, f"users.anna.{number}", f"{number}")
        assert anna.data(3) == ["0", "1", "2"]
    for method, path in (("GET", "/sse/users.anna.mail"), ("PUT", "/publish/users.anna.mail"), ("GET", "/topics"),
                         ("POST", "/sse/ticket"), ("GET", "/groups"), ("GET", "/weir/status")):
        assert site.request(method, path).status == 401, path
    # A user publishes nothing, here and elsewhere.
    assert code(site.request("POST", "/publish/users.anna.mail", "x", ANNA)) == "not_allowed"
    assert code(site.request("POST", "/publish/users.anna.mail", "x", ANNA | OUTSIDE)) == "not_local"
    status = json.loads(run_shell(site.placed("curl http://127.0.0.1:8081/weir/status"), site.home))
    assert status["queue"]["events"] == 8
    assert site.typed == set(site.recipe.lines())


def spellings(topic, own):
    """Ways to ask for a topic; `own` is one that the user may read."""
    first, user, last = topic.split(".")
    escaped = "".join(f"%{byte:02X}" for byte in topic.encode())
    patterns = ["%3E", "*.*.*", f"{first}.%3E", f"{first}.*.{last}", f"{first}.{user}.*", f"{first}.{user}.%3E", f"*.{user}.%3E"]
    paths = [topic, escaped, topic.replace(".", "%2E"), f"/{topic}", f"./{topic}", f"x/../{topic}", f"{topic}/", *patterns]
    yield from (f"/sse/{path}?" for path in paths)
    yield from (f"/sse?{name}={text}" for name in ("topic", "stream", "topics") for text in [topic, escaped, *patterns])
    yield from (f"/sse/{own}?{name}={topic}" for name in ("topic", "stream", "topics"))
    yield from (f"/sse?{query}" for query in (
        f"topic={own}&topic={topic}", f"topic={topic}&topic={own}", f"topics={own},{topic}", f"topics={topic},{own}",
        f"topic={own}&stream={topic}", f"TOPIC={topic}", f"to%70ic={topic}"))
    yield from (f"/sse/{own}%00?topic={topic}", f"//sse/{topic}?", f"/x/../sse/{topic}?", f"/%73se/{topic}?")


WAYS = ["", "poll=1", "poll=1&since=all", "last=5&poll=1", "group=mine&since=all", "group=mine&ack=30s&credit=9",
        "last_event_id=@ID@", "poll=1&lastEventID=earliest", "signals=live&since=10m"]


def test_session_cookie_of_anna_reads_nothing_of_berts_by_any_spelling(session_site):
    site = session_site
    before = json.loads(inner(site, "users.anna.mail", "for anna"))["id"]
    inner(site, "users.bert.mail", "for-bert-only")
    paths = list(spellings("users.bert.mail", "users.anna.mail"))
    assert len(paths) > 40
    # All spellings once, and all ways with some of them.
    asked = itertools.chain(
        ((path, "poll=1&since=all") for path in paths), itertools.product(paths[::6], WAYS))
    for path, way in asked:
        path = f"{path}&{way}".replace("?&", "?").replace("@ID@", before)
        for method, accept, more in (
            ("GET", "text/event-stream", {}), ("GET", "application/json", {"Last-Event-ID": before}),
            ("GET", "application/x-ndjson", {"X-User": "bert", "Weir-User": "bert", "WEIR_USER": "bert"}),
            ("HEAD", "text/event-stream", {"Cookie": "session=s-anna; weir=bert"}),
        ):
            answer = site.request(method, path, headers=ANNA | {"Accept": accept} | more)
            assert answer.status in (400, 401, 403, 404, 406), (method, path, answer.body)
            assert b"for-bert-only" not in answer.body
    # The same ways open what is hers.
    for way in WAYS[1:4]:
        assert b"for anna" in site.request("GET", f"/sse/users.anna.mail?{way}", headers=ANNA).body


def test_session_cookie_of_anna_sees_nothing_of_berts_beside_streams(session_site):
    site = session_site
    inner(site, "users.bert.mail", "x")
    later = json.loads(run_shell(site.placed(
        "curl -d later 'http://127.0.0.1:8081/publish/users.bert.mail?delay=1h'"), site.home))["delayed"]
    with site.stream("/sse/users.bert.mail?group=berts&since=all", BERT) as bert:
        assert bert.data(1) == ["x"]
        assert [group["group"] for group in site.request("GET", "/groups", headers=BERT).json()["groups"]] == ["berts"]
        for path in ("/groups", "/groups/berts", "/topics", "/topics?prefix=users.b", "/weir/status",
                     "/publish/delayed", f"/publish/delayed/{later}"):
            answer = site.request("GET", path, headers=ANNA)
            assert b"bert" not in answer.body.replace(b"'berts'", b""), (path, answer.body)
        for topic in ("users.bert.mail", "users.bert.none"):
            assert code(site.request("GET", f"/topics?topic={topic}", headers=ANNA)) == "not_allowed"
        assert code(site.request("GET", "/sse/users.anna.mail?group=berts", headers=ANNA)) == "group_mismatch"
        assert site.request("DELETE", "/groups/berts", headers=ANNA).status == 404
        assert site.request("DELETE", "/topics/users.bert.mail", headers=ANNA).status == 403
    ticket = site.request("POST", "/sse/ticket", headers=ANNA).json()["ticket"]
    # The one who has the ticket still needs a session here, and gets what the ticket opens.
    assert code(site.request("GET", f"/sse/users.bert.mail?ticket={ticket}", headers=BERT)) == "not_allowed"


@pytest.mark.parametrize("name", ["*", ">", "bert.x", "bert.", ".", "{user}", "an*na", "x" * 256])
def test_session_cookie_of_a_name_that_is_no_part_of_a_topic_opens_nothing(make, programs, name):
    programs.answers["/session"] = lambda _: (204, {"X-User": name}, "")
    site = make("session-cookie")
    inner(site, "users.bert.x", "secret")
    asked = name.replace(">", "%3E").replace("{", "%7B").replace("}", "%7D")[:200]
    for topic in (f"users.{asked}.x", f"users.{asked}", "users.bert.x", "users.*.x", "users.%3E"):
        answer = site.request("GET", f"/sse?topic={topic}&poll=1")
        assert answer.status in (400, 401, 403) and b"secret" not in answer.body, (topic, answer.body)


# --- Tokens of a login service ---


@pytest.fixture
def login_site(make, programs):
    login = Login("https://login.example.org")
    programs.answers["/.well-known/jwks.json"] = lambda _: (200, {}, login.keys())
    server = """
        location = /token { proxy_pass http://127.0.0.1:@PROGRAMS@; }
        location = /listen.js { alias "@RECIPES@/jwt/listen.js"; }
        location ^~ /own/ { proxy_pass http://127.0.0.1:@PROGRAMS@; }
    """.replace("@RECIPES@", str(FOLDER))
    # Weir needs the keys before it begins, and curl the site to get them from.
    site = make("jwt", server, lambda site: (site.etc / "jwks.json").write_text(login.keys()))
    site.login = login
    return site


def test_jwt_of_a_login_service_opens_what_is_its_users(login_site):
    site, login = login_site, login_site.login
    site.run("jwks.json")
    token = login.token("anna")
    assert site.findings("--topic", "users.anna.notes", token=token) == []
    assert json.loads(site.run("remember the milk", TOKEN=token))["topic"] == "users.anna.notes"
    assert "data: remember the milk\n" in site.run("poll=1", TOKEN=token)
    publish = "curl -H \"Authorization: Bearer $TOKEN\" -d x https://push.example.org/publish/"
    read = "curl -H \"Authorization: Bearer $TOKEN\" 'https://push.example.org/sse/users.anna.notes?poll=1'"
    assert site.fails(f"{publish}users.anna.mail", TOKEN=token) == "not_allowed"
    assert site.fails(f"{publish}users.bert.notes", TOKEN=token) == "not_allowed"
    assert site.fails(read, TOKEN=login.token("bert")) == "not_allowed"
    # What else the service allows stands in the token.
    more = login.token("anna", weir={"publish": ["rooms.7"]})
    assert site.fails(f"{publish}rooms.7", TOKEN=token) == "not_allowed"
    assert json.loads(run_shell(f"{publish}rooms.7", site.home, **site.environment({"TOKEN": more})))["id"]
    for wrong in (login.token("anna", -1), login.token("anna", iss="https://evil.example.org"),
                  login.token("anna", aud="others"), Login(login.issuer).token("anna"), "anna", ""):
        assert site.fails(read, TOKEN=wrong) == "invalid_token"
    assert site.fails("curl https://push.example.org/sse/users.anna.notes") == "token_required"
    assert site.fails("curl -d x https://push.example.org/publish/users.anna.notes") == "token_required"
    # The service changes its key.
    new = Login(login.issuer)
    login.key = new.key
    assert site.fails(read, TOKEN=new.token("anna")) == "invalid_token"
    site.run("jwks.json")
    renewed = {"Authorization": f"Bearer {new.token('anna')}"}
    wait_until(lambda: site.request("GET", "/sse/users.anna.notes?poll=1", headers=renewed).status == 200, "the new key")
    assert site.typed == set(site.recipe.lines())


def test_jwt_is_renewed_by_a_page_whose_stream_goes_on_where_it_was(login_site, make_browser, programs):
    site, login = login_site, login_site.login
    publisher = {"Authorization": f"Bearer {login.token('anna')}"}
    lives, sent = [], []

    def token(_):
        if lives:
            # The stream before is over, and the next one is not there.
            sent.append(f"event-{len(sent)}")
            assert site.request("POST", "/publish/users.anna.notes", sent[-1], publisher).status == 200
        lives.append(1.5 if lives else 3)
        return 200, {}, json.dumps({"token": login.token("anna", lives[-1])})

    (script,) = site.recipe.blocks("js")
    programs.answers["/token"] = token
    programs.answers["/own/page"] = lambda _: (200, {}, '<script type="module" src="/own/page.js"></script><body></body>')
    programs.answers["/own/page.js"] = lambda _: (200, {"Content-Type": "text/javascript"}, script)
    browser = make_browser(site.tls_port)
    browser.get("https://push.example.org/own/page")

    def heard():
        return browser.execute_script("return document.body.textContent").split()

    wait_until(lambda: len(heard()) > 1, "events of two streams")
    assert heard() == sent[:len(heard())]


# --- CI ---


def test_ci_publishes_from_outside_with_its_token_and_everybody_reads(make):
    site = make("ci")
    token = site.run("weir token make").strip()
    site.wait_for_log("other access rules", "grants=2")
    assert token not in (site.etc / "access.toml").read_text()
    assert json.loads(site.run("build 7 has passed", WEIR_TOKEN=token))["topic"] == "builds.7"
    assert site.run("weir publish --url", WEIR_TOKEN=token).count("-") == 1
    assert site.findings("--topic", "builds.probe", token=token) == []
    told = site.run("poll=1")
    assert told.index("data: build 7 has passed\n") < told.index("data: its log is there\n")
    publish = "curl -H \"Authorization: Bearer $TOKEN\" -d x https://push.example.org/publish"
    assert site.fails(f"{publish}/news", TOKEN=token) == "not_allowed"
    assert site.fails(f"{publish}/builds.7", TOKEN=token[:-1]) == "invalid_token"
    assert site.fails("curl -d x https://push.example.org/publish/builds.7") == "token_required"
    assert site.fails("curl https://push.example.org/sse/news") == "token_required"
    site.run("weir token revoke")
    site.wait_for_log("other access rules", "grants=1")
    assert site.fails(f"{publish}/builds.7", TOKEN=token) == "invalid_token"
    assert site.typed == set(site.recipe.lines())


# --- Another origin ---


def test_other_origin_lets_its_pages_listen_and_publish_with_the_cookie_and_no_others(make, make_browser, programs):
    login = Login("https://app.example.org")
    site = make("other-origin", prepare=lambda site: (site.etc / "jwks.json").write_text(login.keys()))
    assert site.findings(
        "--topic", "users.anna.probe", "--origin", "https://app.example.org", token=login.token("anna")) == []
    (cookie,) = site.recipe.blocks("http")
    name, value = cookie.strip().split(": ", 1)
    programs.answers["/login"] = lambda _: (200, {name: value.replace("TOKEN", login.token("anna"))}, "<body></body>")
    programs.answers["/"] = lambda _: (200, {}, "<body></body>")
    browser = make_browser(site.tls_port)
    (script,) = site.recipe.blocks("js")

    def say(message):
        return browser.execute_async_script(
            "say(arguments[0]).then(async (answer) => arguments[1]([answer.status, (await answer.json()).code ?? null]),"
            " (error) => arguments[1]([0, String(error)]));", message)

    def visit(origin, path="/"):
        browser.get(f"{origin}{path}")
        # The page's own script: what it declares is the page's.
        browser.execute_script(
            "const script = document.createElement('script'); script.textContent = arguments[0];"
            " document.head.append(script);", script)

    # Before anybody is logged in a page reads what is wrong.
    visit("https://app.example.org")
    assert say("nobody") == [401, "token_required"]
    visit("https://app.example.org", "/login")
    assert browser.execute_script("return document.cookie") == ""
    wait_until(lambda: browser.execute_script("return source.readyState") == 1, "the stream")
    assert say("hello") == [200, None]
    wait_until(lambda: "hello" in browser.execute_script("return document.body.textContent"), "the event")
    # It is the same site to the browser, which sends the cookie there, but not one that was named.
    visit("https://evil.example.org")
    wait_until(lambda: browser.execute_script("return source.readyState") == 2, "the stream's refusal")
    assert say("evil")[0] == 0
    assert browser.execute_async_script(
        "fetch('https://push.example.org/publish/chat', {method: 'POST', mode: 'no-cors', credentials: 'include',"
        " body: 'evil'}).then((answer) => arguments[0](answer.type));") == "opaque"
    assert browser.execute_script("return document.body.textContent") == ""
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 1
    # While weir is away a page is told so, and comes back.
    visit("https://app.example.org")
    site.kill_weir()
    assert say("lost") == [503, "hub_unavailable"]
    site.start_weir()
    assert say("again") == [200, None]
    wait_until(lambda: "again" in browser.execute_script("return document.body.textContent"), "the event")
    assert site.typed == set(site.recipe.lines())


# --- Client certificates ---


def test_mutual_tls_lets_each_machine_publish_under_its_name(tls_site):
    site = tls_site
    assert site.findings("--topic", "machines.web-1.probe") == []
    assert json.loads(site.run("-d 'up'"))["topic"] == "machines.web-1.state"
    assert "data: up\n" in site.run("poll=1")
    assert site.fails(with_certificate("web-1") + ".web-2.state") == "not_allowed"
    assert site.fails(with_certificate("web-1")) == "not_allowed"
    assert site.fails("curl -d x https://push.example.org/publish/machines.web-1.state") == "token_required"
    # A name that is somewhere else in the subject, or looks like one, is nobody's.
    for place, subject in enumerate([
        "/CN=web-1/O=Example", "/O=x,CN=web-1", "/O=Example/CN=x,CN=web-1", "/O=Example/CN=web-1.x",
        "/O=Example/CN=*", "/O=Example/CN=web-1+OU=x", "/OU=CN=web-1/O=x", "/O=Example/emailAddress=CN=web-1",
    ]):
        certificate(site, f"n{place}", subject)
        assert site.fails(with_certificate(f"n{place}") + ".web-1.state") == "token_required", subject
    # One of another authority, with the same names, and one that is over.
    run_shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
              " -subj '/CN=publishers of example.org' -keyout other-ca.key -out other-ca.crt", site.home)
    certificate(site, "other", "/O=Example/CN=web-1", "other-ca")
    certificate(site, "old", "/O=Example/CN=web-1", days=-1)
    for name in ("other", "old"):
        assert site.fails(with_certificate(name) + ".web-1.state") == "unauthorized"
    assert site.typed == set(site.recipe.lines())
    # A header is no certificate.
    for header in ("Weir-User: web-1", "X-SSL-Client-S-DN: CN=web-1", "SSL-Client-Verify: SUCCESS"):
        assert site.fails(f"curl -H '{header}' -d x https://push.example.org/publish/machines.web-1.state") == "token_required"


def test_mutual_tls_takes_no_name_that_was_not_verified_whatever_nginx_lets_in(make):
    def prepare(site):
        for words in ("openssl req -x509", "openssl req -newkey", "openssl x509"):
            site.run(words)
        placed = site.placed
        site.placed = lambda text: placed(text).replace("optional;", "optional_no_ca;")

    site = make("mutual-tls", prepare=prepare)
    site.run("-d 'up'")
    # Somebody's own authority, by the same name.
    run_shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
              " -subj '/CN=publishers of example.org' -keyout own-ca.key -out own-ca.crt\n"
              "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=web-1' -keyout own.key -out own.csr\n"
              "openssl x509 -req -in own.csr -CA own-ca.crt -CAkey own-ca.key -CAcreateserial -days 2"
              " -extfile <(echo authorityKeyIdentifier=keyid) -out own.crt", site.home)
    assert site.fails(with_certificate("own") + ".web-1.state") == "token_required"
