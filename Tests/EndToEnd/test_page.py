"""The page in a real browser."""

import subprocess

from selenium.webdriver.common.by import By

from processes import PATIENCE_SECONDS, wait_until


class Page:
    """What a person sees and does on the page."""

    def __init__(self, browser, site, query=""):
        self.browser = browser
        browser.get(f"{site.address}/{query}")

    def text(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def events(self):
        """The data of the events on the page, oldest first."""
        return self.browser.execute_script(
            "return [...document.querySelectorAll('#events .data')].map(e => e.textContent).reverse()"
        )

    def wait_for_connection(self, words):
        wait_until(lambda: self.text("#connection") == words, f"the connection to be {words}")
        return self

    def wait_for_events(self, data):
        try:
            wait_until(lambda: self.events() == data, f"{len(data)} events")
        except AssertionError:
            assert self.events() == data

    def fill(self, **fields):
        for name, value in fields.items():
            field = self.browser.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def publish(self, **fields):
        self.fill(**fields)
        self.browser.find_element(By.CSS_SELECTOR, "#publish button").click()


def curl(site, message):
    subprocess.run(
        ["curl", "-fsS", "-X", "PUT", "-H", "Content-type: application/json", "--data",
         f'{{"message":"{message}"}}', f"{site.address}/publish"],
        check=True, capture_output=True, timeout=PATIENCE_SECONDS,
    )


def test_what_curl_publishes_is_shown_in_its_order(browser, demo):
    page = Page(browser, demo).wait_for_connection("open")
    expected = [f"SSE TEST {number}" for number in range(1, 11)]
    for message in expected:
        curl(demo, message)
    page.wait_for_events(expected)
    wait_until(lambda: page.text("#clock"), "the clock of the demo")
    assert page.events() == expected, "the clock is no event in the list"


def test_the_clock_of_the_demo_is_no_event_also_before_the_first_event(browser, demo):
    page = Page(browser, demo).wait_for_connection("open")
    wait_until(lambda: page.text("#clock"), "the clock of the demo")
    assert page.events() == []
    assert "No events yet" in page.text("main")


def test_the_page_resumes_after_weir_was_killed_and_nothing_is_lost_or_shown_twice(browser, demo):
    page = Page(browser, demo).wait_for_connection("open")
    expected = [str(number) for number in range(5)]
    for message in expected:
        curl(demo, message)
    page.wait_for_events(expected)
    for round_ in range(2):
        demo.kill_weir()
        page.wait_for_connection("reconnecting")
        demo.start_weir()
        # Published before the page is back, so the queue has to hand it on.
        expected.append(f"after kill {round_}")
        curl(demo, expected[-1])
        page.wait_for_events(expected)
        page.wait_for_connection("open")
        expected.append(f"live again {round_}")
        curl(demo, expected[-1])
        page.wait_for_events(expected)


def test_the_form_publishes_and_shows_what_the_server_said(browser, site):
    page = Page(browser, site).wait_for_connection("open")
    page.publish(message="Hello", event="greeting")
    wait_until(lambda: "On disk as" in page.text("#acknowledgement"), "the acknowledgement")
    page.wait_for_events(["Hello"])
    assert page.text("#events .type") == "greeting"


def test_a_bad_publish_is_told_on_the_page(browser, site):
    page = Page(browser, site).wait_for_connection("open")
    page.publish(message="x", topic="a.*")
    wait_until(lambda: "Not published" in page.text("#acknowledgement"), "the error")
    assert "pattern" in page.text("#acknowledgement")
    site.kill_weir()
    page.publish(message="x", topic="a")
    wait_until(lambda: "weir does not answer" in page.text("#acknowledgement"), "the error")


def test_a_page_may_be_about_other_topics(browser, site):
    page = Page(browser, site, "?topic=orders").wait_for_connection("open")
    site.publish_all(["not shown"])
    site.publish_all(["shown"], topic="orders")
    page.wait_for_events(["shown"])


def test_text_is_shown_as_text(browser, site):
    page = Page(browser, site).wait_for_connection("open")
    message = "<img src=x onerror=alert(1)> & 'quotes'\nand a second line"
    site.publish_all([message])
    page.wait_for_events([message])


def test_a_browser_without_event_source_gets_a_message(browser, site):
    browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.EventSource"}
    )
    page = Page(browser, site)
    wait_until(lambda: "no EventSource" in page.text("main"), "the message")
    assert page.text("#connection") == "not supported"


def test_the_page_loads_without_errors(browser, demo):
    Page(browser, demo).wait_for_connection("open")
    assert [entry["message"] for entry in browser.get_log("browser")] == []
