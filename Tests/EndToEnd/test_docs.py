"""The documentation: each command in it does what it says, what is reference says what the program does, and each
link leads somewhere."""

import html.parser
import json
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.parse

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from documents import DOCUMENTS, PAGES, Document, Reader
from processes import CHECKOUT, PATIENCE_SECONDS, wait_until, weir, weir_program
from site_under_test import NGINX, Site

BUILD = CHECKOUT / "deploy/build-docs"
# What a test cannot do: the page, how the block begins, and why.
NOT_RUN = {
    "Sources/CLI/CLI.docc/Tutorial.md": {"deploy/up": "it builds; test_up.py starts it"},
    "Sources/CLI/CLI.docc/HowTo/SeveralWorkers.md": {
        "deploy/up": "it builds; test_up.py starts it",
        "weir serve": "the site of the page runs both",
    },
    "Sources/CLI/CLI.docc/HowTo/NginxSite.md": {
        "deploy/build": "Tests/run has built it; test_manual.py installs the pages",
        "sudo install -m 644": "it changes the machine; test_guest.py has the files in somebody's site",
        "sudo useradd": "it changes the machine",
    },
    "Sources/CLI/CLI.docc/HowTo/Service.md": {
        "sudo install -m 644 deploy/systemd": "it changes the machine; test_units.py looks at the files",
        "spawn-fcgi": "it needs the user; test_service.py does what it does",
        "sudo install -D deploy/runit/run": "it changes the machine",
        "docker build": "there is no docker here",
        "sudo install .build/release/weir": "it changes the machine; test_upgrades.py does it",
    },
    "README.md": {
        "deploy/build-deb": "test_package.py installs it",
        "deploy/up": "it builds; test_up.py starts it",
        "Tests/run": "it is what runs this",
    },
}


def not_run(document):
    return NOT_RUN.get(document.place, {})


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if document.is_run], ids=lambda it: it.place)
def test_each_command_of_a_page_does_what_it_says(document, make_site, state):
    Reader(document, make_site, state).follow()


def test_what_is_not_run_has_a_reason_and_nothing_else_has():
    for document in DOCUMENTS:
        left_out = [fence.text for fence in document.fences if "no-run" in fence.words]
        reasons = not_run(document)
        for text in left_out:
            assert any(text.startswith(begin) for begin in reasons), f"{document.place}: {text}"
            assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0, text
        for begin in reasons:
            assert any(text.startswith(begin) for text in left_out), f"{document.place} has no {begin!r}"


# --- Other languages ---


def is_json(text, _):
    try:
        json.loads(text)
    except ValueError:
        for line in text.splitlines():
            json.loads(line)


def is_taken_by(command, suffix):
    def check(text, state):
        path = state / f"text{suffix}"
        path.write_text(text)
        subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=PATIENCE_SECONDS)

    return check


def is_html(text, state):
    parser = html.parser.HTMLParser()
    parser.feed(text)
    for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        LANGUAGES["js"](script, state)


LANGUAGES = {
    "json": is_json,
    "toml": lambda text, _: tomllib.loads(text),
    "yaml": lambda text, _: yaml.safe_load(text),
    "python": lambda text, _: compile(text, "text", "exec"),
    "bash": is_taken_by(["bash", "-n"], ".sh"),
    "js": is_taken_by(["node", "--check"], ".mjs"),
    "php": is_taken_by(["php", "-l"], ".php"),
    "ruby": is_taken_by(["ruby", "-c"], ".rb"),
    "html": is_html,
    # These are run, or are no language.
    "sh": None, "cron": None, "output": None, "text": None, "": None, "nginx": None,
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: it.place)
def test_what_stands_in_a_page_in_another_language_can_be_read(document, state):
    for fence in document.fences:
        check = LANGUAGES[fence.language]
        if check:
            check(fence.text, state)


def test_the_lines_for_nginx_are_taken_by_it(make_site, state):
    """In the context that the block names: `nginx http`, or a site's."""
    site = make_site()
    configuration = site.folder / "nginx.conf"
    text = configuration.read_text()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=example.org", "-keyout", state / "site.key", "-out", state / "site.crt"],
                   check=True, capture_output=True)
    count = 0
    for document in DOCUMENTS:
        for fence in document.fences:
            if fence.language != "nginx":
                continue
            count += 1
            lines = fence.text.replace("include snippets/", f"include {site.folder}/")
            lines = re.sub(r"(ssl_certificate\s+)\S+;", rf"\1{state}/site.crt;", lines)
            lines = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\1{state}/site.key;", lines)
            lines = re.sub(r"/var/log/nginx/", f"{state}/", lines)
            lines = re.sub(r"listen +([^;]*?)\b(80|443|8081)\b", rf"listen \g<1>{site.port}", lines)
            if "http" in fence.words:
                tried = text.replace("    server {\n", f"    {lines}\n    server {{\n", 1)
                if "server {" in lines:
                    # A whole site of its own, instead of the one that is there.
                    tried = text[:text.index("    server {\n")] + lines + "}\n"
            else:
                own = f'include "{site.folder}/weir.conf";'
                tried = text.replace(own, lines if "weir.conf" in lines else f"{lines}\n{own}")
                if "weir-status.conf" in lines:
                    tried = tried.replace(f'        include "{site.folder}/weir-status.conf";', "")
            tried = tried.replace(f"{site.folder}/nginx.pid", f"{site.folder}/tried.pid")
            (site.folder / "tried.conf").write_text(tried)
            result = subprocess.run([NGINX, "-t", "-q", "-c", site.folder / "tried.conf", "-p", site.folder, "-e",
                                     site.folder / "tried.log"], capture_output=True, text=True)
            assert result.returncode == 0, f"{document.place}:{fence.line}: {result.stderr}"
    assert count > 0


# --- The pages ---


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder with the pages."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, BUILD, "--weir", weir_program(), folder], check=True, timeout=PATIENCE_SECONDS)
    return folder


class Links(html.parser.HTMLParser):
    """Where a page leads to, the places in it, and what its policy would not let through."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.forbidden = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]
        if "id" in attributes:
            assert attributes["id"] not in self.anchors, attributes["id"]
            self.anchors.add(attributes["id"])
        if tag in ("script", "style") or "style" in attributes or any(name.startswith("on") for name in attributes):
            self.forbidden.append(tag)


def text_of(path):
    """The text of a page as people see it."""
    text = re.sub(r"<nav.*?</nav>", "", path.read_text(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def test_each_link_of_the_pages_leads_somewhere_behind_nginx_too(book, make_site, state):
    site = make_site()
    (site.folder / "docs").symlink_to(book)
    pages = {path.relative_to(book).as_posix(): Links(path.read_text()) for path in book.rglob("*.html")}
    assert len(pages) > len(PAGES)
    asked = set()
    for name, page in pages.items():
        assert not page.forbidden, (name, page.forbidden)
        for link in page.links:
            if re.match(r"https?:", link):
                continue
            path, _, anchor = link.partition("#")
            address = urllib.parse.urljoin(f"/docs/{name}", path)
            if address not in asked:
                asked.add(address)
                answer = site.request("GET", address)
                assert answer.status == 200 and answer.body, (name, link, address)
            if anchor:
                assert anchor in pages[address.removeprefix("/docs/")].anchors, (name, link)
    answer = site.request("GET", "/docs/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8" and b"weir" in answer.body
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert site.request("GET", "/docs").headers["Location"] == f"{site.address}/docs/"
    assert site.request("GET", "/docs/none").problem()["code"] == "not_found"


def test_a_page_that_no_list_has_and_a_link_to_nowhere_are_told(state):
    copy = state / "copy"
    copy.mkdir()
    for name in ("deploy", "nginx", "Tests/Benchmarks/results"):
        shutil.copytree(CHECKOUT / name, copy / name)
    for path in (*PAGES, *(CHECKOUT / name for name in ("README.md", "ARCHITECTURE.md", ".github/SECURITY.md"))):
        target = copy / path.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)

    def build():
        return subprocess.run([sys.executable, copy / "deploy/build-docs", "--weir", weir_program(), state / "out"],
                              capture_output=True, text=True)

    stray = copy / "Sources/CLI/CLI.docc/Stray.md"
    stray.write_text("# Stray\n")
    assert build().returncode == 65 and not (state / "out").exists()
    first = copy / "Sources/CLI/CLI.docc/Weir.md"
    first.write_text(first.read_text() + "\n## More\n\n* [Stray](Stray.md)\n")
    for link in ("None.md", "Stray.md#none", "../../None.swift"):
        stray.write_text(f"# Stray\n\n[x]({link})\n")
        result = build()
        assert result.returncode == 65 and "Stray.md: the link" in result.stderr, result


# --- Reference ---


def test_the_settings_page_has_each_setting_that_weir_goes_by(book):
    text = text_of(book / "settings.html")
    names = re.findall(r"^#?\s*([a-z-]+) = ", weir("config").stdout, re.MULTILINE)
    assert len(names) > 15
    for name in names:
        assert f"\n{name}\n" in text, name


def test_the_command_line_page_has_each_command_and_each_option(book):
    text = text_of(book / "command-line.html")
    root = json.loads(weir("--experimental-dump-help").stdout)["command"]
    count = 0

    def look(command, words):
        nonlocal count
        assert " ".join(words) in text
        for argument in command["arguments"]:
            if argument["shouldDisplay"]:
                count += 1
                for name in argument.get("names", []):
                    assert ("-" if name["kind"] == "short" else "--") + name["name"] in text, (words, name)
        for child in command.get("subcommands", []):
            if child["shouldDisplay"] and child["commandName"] != "help":
                look(child, [*words, child["commandName"]])

    look(root, [root["commandName"]])
    assert count > 100


def test_the_http_page_has_each_route_and_the_errors_page_each_code(book):
    headings = re.findall(r"<h3[^>]*>([A-Z, ]+) (/.*?)</h3>", (book / "http.html").read_text())
    routes = {(method, path) for methods, path in headings for method in methods.split(", ")}
    api = json.loads((CHECKOUT / "nginx/html/openapi.json").read_text())
    assert routes == {(method.upper(), path) for path, methods in api["paths"].items() for method in methods} - {
        ("OPTIONS", path) for path in api["paths"]}
    codes = {path.stem for path in (CHECKOUT / "nginx/html/problems").glob("*.html")} - {"index"}
    rows = set(re.findall(r"<code>(\w+)</code></a>", (book / "errors.html").read_text()))
    assert rows == codes


def test_the_metrics_page_has_each_metric_as_weir_tells_it(book, site):
    with site.stream("/sse/x?group=g"):
        wait_until(lambda: b"weir_group_members{" in site.request("GET", "/weir/metrics").body, "the group")
        live = site.request("GET", "/weir/metrics").body.decode()
    families = list(text_string_to_metric_families(live))
    text = (book / "metrics.html").read_text()
    rows = re.findall(r"<td><code>(\w+)</code></td>\s*<td>(counter|gauge|histogram)</td>\s*<td>(.*?)</td>", text)
    told = {name.removesuffix("_total"): (kind, html.unescape(re.sub("<[^>]+>", "", said))) for name, kind, said in rows}
    assert told == {family.name: (family.type, family.documentation) for family in families}


# --- The tutorial ---


def test_the_tutorial_ends_with_a_live_page(make_site, make_browser, state):
    tutorial = Document(CHECKOUT / "Sources/CLI/CLI.docc/Tutorial.md")
    reader = Reader(tutorial, make_site, state)
    (page,) = [fence.name for fence in tutorial.fences if fence.language == "html"]
    browser = make_browser()
    browser.get(f"file://{reader.home}/{page}")

    def shown():
        return browser.execute_script("return document.body.innerText")

    wait_until(lambda: reader.site.request("GET", "/weir/status").json()["streams"]["opened"], "the page's stream")
    reader.follow()
    wait_until(lambda: "4 of 4" in shown(), f"the progress on the page: {shown()}")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


# --- The threat model ---


def test_each_line_of_the_threat_model_is_held_by_tests_that_there_are():
    text = (CHECKOUT / "Sources/Access/Access.docc/ThreatModel.md").read_text()
    lines = re.findall(r"^\* (.*?)(?=^\* |^#|\Z)", text.partition("\n## What others could try\n")[2].partition("\n## ")[0],
                       re.MULTILINE | re.DOTALL)
    assert len(lines) > 20
    there = set()
    for path in (CHECKOUT / "Tests").rglob("*"):
        if path.suffix in (".py", ".swift"):
            there |= set(re.findall(r"^ *def (test_\w+)|^ *(?:@\w+(?:\(.*\))? )*func `([^`]+)`", path.read_text(), re.MULTILINE))
    there = {name for names in there for name in names if name}
    for line in lines:
        _, held, names = line.partition("Held by:")
        names = re.findall("`([^`]+)`", " ".join(names.split()))
        assert held and names, f"no test holds it: {line}"
        for name in names:
            assert name in there, f"there is no test {name!r}"
