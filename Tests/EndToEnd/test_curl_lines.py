"""Every curl line that deploy/up, pages and weir's own answers tell people to type is typed here, as it
stands, from the first to the last (test_docs.py has the documentation's). A configuration of curl's sends it to the site of the test, and makes an answer over 399 a failure."""

import contextlib
import html
import random
import re
import subprocess
import threading

import pytest

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, end, start


def commands_of_up():
    text = (CHECKOUT / "deploy/up").read_text().partition("say_what_to_try() {")[2].partition("\nTXT\n")[0]
    yield from (line.strip().replace("$port", "8080") for line in text.splitlines())


def commands_of_pages():
    for path in (CHECKOUT / "nginx/html").rglob("*.html"):
        yield from map(html.unescape, re.findall("<code>(.*?)</code>", path.read_text()))


def commands_of_answers():
    """What weir and nginx themselves advise: a literal of theirs that holds a whole curl line."""
    for path in [*(CHECKOUT / "Sources").rglob("*.swift"), *(CHECKOUT / "nginx").glob("*.conf")]:
        text = re.sub(r'"\s*\+ "', "", path.read_text())
        yield from re.findall(r"`(curl [^`]*)`", text)


def lines_of(commands):
    lines = [command for command in commands if re.search(r"\bcurl\b.*https?://localhost:8080", command)]
    return list(dict.fromkeys(lines))


PLACES = {
    "deploy/up": lines_of(commands_of_up()),
    "pages and answers": lines_of([*commands_of_pages(), *commands_of_answers()]),
}


@pytest.fixture
def typed(make_site, state):
    """Runs a command as somebody types it beside a site at http://localhost:8080, and gives its process."""
    # Port 8080 of this machine may be taken: of the loopback addresses one is free.
    address = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{random.randrange(1, 255)}"
    site = make_site("--demo", configure=lambda text: text.replace(
        "backlog=4096 ;", f"backlog=4096; listen {address}:8080;"))
    (state / ".curlrc").write_text(
        f'connect-to = "localhost:8080:{address}:8080"\nfail-with-body\nsilent\nshow-error\n'
        f"max-time = {PATIENCE_SECONDS}\n")
    environment = ENVIRONMENT | {"CURL_HOME": str(state)}

    def run(command):
        return start("bash", "-c", command, cwd=state, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                     text=True, env=environment)

    run.site = site
    return run


@contextlib.contextmanager
def publishing(site, command):
    """Publishes to the topic that a stream is of, until it has what it came for."""
    topic = re.search(r"/sse/([\w.]+)", command)
    is_over = threading.Event()

    def publish():
        while not is_over.wait(0.2):
            site.publish_all(["something"], topic=topic[1])

    thread = threading.Thread(target=publish)
    if topic and topic[1] not in ("time", "dashboard"):
        thread.start()
    yield
    is_over.set()
    if thread.ident:
        thread.join()


@pytest.mark.parametrize("place", PLACES)
def test_each_curl_line_does_what_it_says_as_it_stands_one_after_the_other(typed, place):
    for command in PLACES[place]:
        process = typed(command)
        if "/sse" in command:
            # It may go on for ever: something of it is enough.
            said = ""
            with publishing(typed.site, command):
                while "data" not in said and (line := process.stdout.readline()):
                    said += line
            end(process)
            assert "data" in said, (command, said)
            continue
        said = process.communicate(timeout=PATIENCE_SECONDS)[0]
        assert process.returncode == 0 and '"code":' not in said, (command, said)
        assert said or "DELETE" in command, command
        if "{1..10}" in command:
            assert said.count('"id":') == 10, said


def test_there_are_lines_to_type():
    assert len(PLACES["deploy/up"]) == 3
