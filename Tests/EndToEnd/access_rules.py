"""Access rules for tests: grants as a file has them, and who shows what."""

import hashlib
import json
import os


def hash_of(token):
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def grant(name, publish=(), subscribe=(), **means):
    """A grant as a table of the file; `token` is the token itself."""
    lines = ["[[grant]]", f"name = {json.dumps(name)}"]
    for key, value in means.items():
        if key == "token":
            value = hash_of(value)
        if key in ("expires", "jwt"):
            lines.append(f"{key} = {value}")
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    lines.append(f"publish = {json.dumps(list(publish))}")
    lines.append(f"subscribe = {json.dumps(list(subscribe))}")
    return "\n".join(lines) + "\n"


def write(path, *grants):
    """Puts rules in the place of others, whole, as editors do."""
    path.with_suffix(".new").write_text("\n".join(grants))
    os.replace(path.with_suffix(".new"), path)
    return path


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}
