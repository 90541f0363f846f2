"""The recipes of the documentation as they stand: only folders, ports and the addresses of hosts are put in."""

import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time

import pytest
from joserfc import jwk, jwt

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, free_port, start, weir, weir_program
from site_under_test import Site

FOLDER = CHECKOUT / "nginx/recipes"
# Who comes with this header is somebody of elsewhere.
OUTSIDE = {"X-Client": "203.0.113.7"}
# Two who are logged in by the session cookie.
ANNA, BERT = {"Cookie": "theme=dark; session=s-anna"}, {"Cookie": "session=s-bert"}


class Recipe:
    """What a folder says."""

    def __init__(self, name):
        self.folder = FOLDER / name
        self.text = (self.folder / "README.md").read_text()

    def blocks(self, language):
        return re.findall(rf"^```{language}\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)

    def lines(self):
        """The lines of its shell blocks."""
        return [line for block in self.blocks("sh") for line in block.splitlines()]

    def serve_options(self):
        """What it starts weir with, but for the queue and the socket."""
        (line,) = [line for line in self.lines() if line.startswith("weir serve ")]
        words = shlex.split(line)
        assert words[:2] == ["weir", "serve"] and words[2] == "--queue" and words[4] == "--socket"
        return words[6:]


class RecipeSite(Site):
    """A site that somebody has made by a recipe, at https://push.example.org and, for tests, in plain HTTP."""

    def __init__(self, recipe, folder, programs, server=""):
        """`programs`: the port where the site's own programs answer; `server`: lines of the site itself."""
        self.recipe = recipe
        self.etc = folder.parent / "etc"
        self.home = folder.parent / "home"
        self.programs = programs
        self.server = server
        self.tls_port = self.inner_port = None
        self.typed = {line for line in recipe.lines() if line.startswith("weir serve ")}
        self.prepare()
        options = [self.placed(word) for word in recipe.serve_options()]
        # With the 300 streams of weir.conf, as it stands.
        own = (CHECKOUT / "nginx/nginx.conf").read_text()
        super().__init__(folder, *options, nginx_conf=own,
                         is_up=lambda site: site.request("GET", "/weir/healthz").status in (200, 401))

    def prepare(self):
        self.etc.mkdir()
        (self.home / "bin").mkdir(parents=True)
        (self.home / "fails").mkdir()
        (self.home / "bin/weir").symlink_to(weir_program())
        shutil.copy(self.recipe.folder / "access.toml", self.etc)
        run_shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=example.org "
            "-addext subjectAltName=DNS:*.example.org,DNS:localhost -keyout site.key -out site.crt", self.home)

    def placed(self, text):
        """A text of the recipe with this machine's folders and ports."""
        text = text.replace("/etc/weir/", f"{self.etc}/").replace("/etc/nginx/", f"{self.etc}/")
        if self.inner_port:
            text = text.replace("127.0.0.1:8081", f"127.0.0.1:{self.inner_port}")
        return text.replace("127.0.0.1:3000", f"127.0.0.1:{self.programs}")

    def write_configuration(self):
        self.tls_port, self.inner_port = free_port(), free_port()
        super().write_configuration()
        (self.folder / "snippets").mkdir(exist_ok=True)
        for name in ("weir.conf", "weir-status.conf"):
            shutil.copy(self.folder / name, self.folder / "snippets")
        own = {}
        for context in ("http", "server"):
            path = self.recipe.folder / f"{context}.conf"
            if path.exists():
                (self.folder / f"recipe-{context}.conf").write_text(self.placed(path.read_text()))
                own[context] = f'include "{self.folder}/recipe-{context}.conf";'
        tls = f"ssl; ssl_certificate {self.home}/site.crt; ssl_certificate_key {self.home}/site.key;"
        path = self.folder / "nginx.conf"
        text = path.read_text()
        for old, new in [
            # Other hosts of example.org are the site's programs.
            ("    server {\n", f"""    {own.get("http", "")}
    server {{
        listen 127.0.0.1:{self.tls_port} {tls}
        server_name login.example.org app.example.org evil.example.org;
        location / {{ proxy_pass http://127.0.0.1:{self.programs}; proxy_set_header Host $host; }}
    }}
    server {{
        listen 127.0.0.1:{self.tls_port} {tls}
        set_real_ip_from 127.0.0.1; real_ip_header X-Client;
        {self.server.replace("@PROGRAMS@", str(self.programs))}
"""),
            ("server_name _;", "server_name push.example.org localhost;"),
            (f'        include "{self.folder}/weir.conf";', f"        {own.get('server', '')}\n        include snippets/weir.conf;"),
        ]:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.write_text(text)
        # curl finds the hosts here, trusts the certificate, and comes from elsewhere.
        text = (
            "".join(f'connect-to = "{host}.example.org:443:127.0.0.1:{self.tls_port}"\n' for host in ("push", "login"))
            + f'cacert = "{self.home}/site.crt"\nheader = "X-Client: {OUTSIDE["X-Client"]}"\n'
            f"silent\nshow-error\nmax-time = {PATIENCE_SECONDS}\n")
        (self.home / "fails/.curlrc").write_text(text)
        (self.home / ".curlrc").write_text(text + "fail-with-body\n")

    def run(self, words, **environment):
        """Types the line of the recipe that has these words, and gives what it prints; it has to do what it says."""
        (line,) = [line for line in self.recipe.lines() if words in line]
        self.typed.add(line)
        # libcurl has no list of hosts of its own.
        placed = self.placed(line).replace("--url https://push.example.org", f"--url https://localhost:{self.tls_port}")
        if "curl -f" in line:
            # With this option curl does not take the other one.
            environment["CURL_HOME"] = f"{self.home}/fails"
        return run_shell(placed, self.home, **self.environment(environment))

    def fails(self, line, **environment):
        """Types a line that is refused, and gives what is wrong."""
        result = shell(self.placed(line), self.home, **self.environment(environment))
        assert result.returncode == 22, (line, result)
        return json.loads(result.stdout)["code"]

    def findings(self, *arguments, token=""):
        """What weir doctor finds wrong with the site, from this machine, in plain HTTP."""
        result = weir("doctor", "--json", "--long", "1s", *arguments, self.address, env={"WEIR_TOKEN": token} if token else {})
        told = json.loads(result.stdout)
        assert result.returncode == (78 if told["findings"] else 0), result
        return [line for line in told["checks"] if line["verdict"] == "finding"]

    def environment(self, more):
        return {"CURL_HOME": str(self.home), "PATH": f"{self.home}/bin:{os.environ['PATH']}",
                "CURL_CA_BUNDLE": f"{self.home}/site.crt"} | more


def shell(line, folder, **environment):
    process = start("bash", "-c", line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    stdin=subprocess.DEVNULL, text=True)
    out, error = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(line, process.returncode, out, error)


def run_shell(line, folder, **environment):
    result = shell(line, folder, **environment)
    assert result.returncode == 0, (line, result.stdout, result.stderr)
    return result.stdout


class Programs:
    """A site's own programs: `answers` has for each path what a request's headers give: (status, headers, body)."""

    def __init__(self):
        self.answers = {}
        programs = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = programs.answers.get(self.path, lambda _: (404, {}, ""))(self.headers)
                self.send_response(status)
                for name, value in ({"Content-Type": "text/html"} | headers).items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Login:
    """What a login service does: it signs tokens, and publishes its key."""

    def __init__(self, issuer):
        self.issuer = issuer
        self.key = jwk.generate_key("EC", "P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)

    def keys(self):
        return json.dumps({"keys": [self.key.as_dict(private=False)]})

    def token(self, user, seconds=300, **claims):
        now = time.time()
        claims = {"iss": self.issuer, "aud": "weir", "sub": user, "iat": int(now), "exp": now + seconds} | claims
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)


# --- Fixtures of the suites that import them ---


@pytest.fixture
def programs():
    """The site's own programs."""
    programs = Programs()
    yield programs
    programs.stop()


@pytest.fixture
def make(state, programs):
    """Starts a site by a recipe."""
    sites = []

    def make(name, server="", prepare=lambda site: None):
        site = RecipeSite(Recipe(name), state / "site", programs.port, server)
        sites.append(site)
        prepare(site)
        return site.start()

    yield make
    for site in sites:
        site.stop()


@pytest.fixture
def session_site(make, programs):
    def session(headers):
        found = re.search(r"session=s-([^;]+)", headers.get("Cookie", ""))
        return (204, {"X-User": found[1]}, "") if found else (401, {}, "")

    programs.answers["/session"] = session
    return make("session-cookie")


def inner(site, topic, message):
    """What the site's own program publishes."""
    line = f"curl -d '{message}' http://127.0.0.1:8081/publish/{topic}"
    return run_shell(site.placed(line), site.home)


def certificate(site, name, subject, authority="publishers-ca", days=2):
    """Makes a key and a certificate beside those of the recipe."""
    folder = site.etc if authority == "publishers-ca" else site.home
    run_shell(
        f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '{subject}' -keyout {name}.key -out {name}.csr\n"
        f"openssl x509 -req -in {name}.csr -CA {folder}/{authority}.crt -CAkey {authority}.key -CAcreateserial -days {days}"
        f" -out {name}.crt", site.home)


def with_certificate(name):
    return f"curl --cert {name}.crt --key {name}.key -d x https://push.example.org/publish/machines"


@pytest.fixture
def tls_site(make):
    def prepare(site):
        # nginx does not begin without the authority's certificate.
        for words in ("openssl req -x509", "openssl req -newkey", "openssl x509"):
            site.run(words)

    return make("mutual-tls", prepare=prepare)
