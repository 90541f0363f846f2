"""What schemathesis has to be told to make requests of weir's types (SCHEMATHESIS_HOOKS)."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")
