"""Looking at groups, and taking part in them."""

import json
import time

from processes import wait_until

GROUP = "/sse?group=g"


def group(site, name="g"):
    """How a group is; None where there is none."""
    answer = site.request("GET", f"/groups/{name}")
    if answer.status == 404:
        assert answer.problem()["code"] == "group_not_found"
        return None
    assert answer.status == 200, answer.body
    return answer.json()


def wait_for(site, name="g", **wanted):
    """Waits until a group is so; returns how it is."""

    def found():
        state = group(site, name)
        return state if state and all(state[key] == value for key, value in wanted.items()) else None

    return wait_until(found, f"a group with {wanted}")


def open_members(site, stack, count, path=GROUP):
    """Streams in the order in which their turns come."""
    members = []
    for number in range(count):
        members.append(stack.enter_context(site.stream(path)))
        wait_for(site, members=number + 1)
    return members


def stays(condition):
    """Whether something is so for half a second."""
    for _ in range(10):
        if not condition():
            return False
        time.sleep(0.05)
    return True


def acknowledge(site, ids, name="g"):
    return site.request(
        "POST", f"/groups/{name}/ack", json.dumps({"ids": ids}), {"Content-Type": "application/json"})
