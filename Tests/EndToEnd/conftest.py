"""Every test gets what it needs as a fixture; what a test starts is ended with it, on every path."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from processes import PATIENCE_SECONDS, end, start, weir_program
from site_under_test import Site


@pytest.fixture
def state():
    """An empty folder with a short path: a unix socket's path has 107 bytes at most."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_site(state):
    """Starts sites, each a weir and an nginx of its own: make_site(*arguments of `weir serve`)."""
    sites = []

    def make(*arguments, **options):
        site = Site(state / str(len(sites)), *arguments, **options)
        sites.append(site)
        return site.start()

    yield make
    for site in sites:
        site.stop()


@pytest.fixture
def site(make_site):
    """A site without demo sources, so that a stream has published events only."""
    return make_site()


@pytest.fixture
def demo(make_site):
    return make_site("--demo")


@pytest.fixture
def follow():
    """Starts `weir tail`: follow(*arguments); what it prints is text."""
    tails = []

    def start_tail(*arguments, **options):
        tail = start(
            weir_program(), "tail", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        tails.append(tail)
        return tail

    yield start_tail
    for tail in tails:
        tail.stdout.close()
        end(tail)
        tail.stderr.close()


@pytest.fixture
def make_browser(state):
    """Starts Chromiums without a window: make_browser(port) finds all hosts of example.org at a port of this machine,
    and trusts them."""
    # Suites that need no browser do without the package.
    from selenium import webdriver

    drivers = []

    def make(port=None):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=900,900",
            f"--user-data-dir={state}/profile-{len(drivers)}",
        ]:
            options.add_argument(argument)
        if port:
            options.add_argument(f"--host-resolver-rules=MAP *.example.org 127.0.0.1:{port}")
            options.add_argument("--ignore-certificate-errors")
        if os.getuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
        drivers.append(driver)
        driver.set_page_load_timeout(PATIENCE_SECONDS)
        return driver

    yield make
    for driver in drivers:
        driver.quit()


@pytest.fixture
def browser(make_browser):
    return make_browser()
