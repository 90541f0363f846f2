"""The OpenAPI description, held against the real server by schemathesis: no 5xx, every answer as described."""

import json
import os
import pathlib
import random
import subprocess
import sys

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS
from test_problems import codes_of_nginx, codes_of_weir

DESCRIPTION = json.loads((CHECKOUT / "nginx/html/openapi.json").read_text())
# Which fields go together, and that limits are of bytes, no schema can say: what is taken and what is not
# does not follow from it alone. A topic that is deleted is there again at once. The other checks stay.
FOR_SCHEMAS = "positive_data_acceptance,negative_data_rejection,use_after_free"
CONFIGURATION = """
[[operations]]
include-path-regex = "^/sse"
# Else a stream goes on.
parameters = { "query.poll" = "1" }
"""


def test_the_description_is_served(site):
    answer = site.request("GET", "/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == DESCRIPTION


def test_the_description_knows_all_codes(site):
    problem = DESCRIPTION["components"]["schemas"]["Problem"]
    assert set(problem["properties"]["code"]["enum"]) == codes_of_weir() | codes_of_nginx()


def test_every_answer_is_as_described(site, state):
    seed = os.environ.get("WEIR_SEED") or str(random.randrange(1 << 32))
    print(f"WEIR_SEED={seed}")
    (state / "schemathesis.toml").write_text(CONFIGURATION)
    result = subprocess.run(
        [pathlib.Path(sys.executable).parent / "schemathesis", "run", f"{site.address}/openapi.json",
         "--url", site.address, "--seed", seed, "--max-examples", "10", "--request-timeout", str(PATIENCE_SECONDS),
         "--no-color", "--warnings", "off", "--continue-on-failure", "--exclude-checks", FOR_SCHEMAS],
        cwd=state, capture_output=True, text=True, timeout=10 * PATIENCE_SECONDS,
        env=ENVIRONMENT | {
            "PYTHONPATH": str(CHECKOUT / "Tests/EndToEnd"), "SCHEMATHESIS_HOOKS": "openapi_hooks"},
    )
    lines = [line[:300] for line in result.stdout.splitlines() if line.strip()]
    assert result.returncode == 0, "\n".join([f"WEIR_SEED={seed}", *lines, result.stderr])
