"""Random grants, and what each person then does at each door, against a model of a few lines."""

import itertools
import json
import os
import random
import time

from joserfc import jwk, jwt

from access_rules import bearer, grant, write

TOPICS = ["a", "b", "a.a", "a.b", "b.a", "b.b", "a.a.a", "a.b.a", "u.ann", "u.ann.a", "u.bob.a"]
PATTERNS = ["*", ">", "a.*", "a.>", "*.a", "*.*", "b.>", "*.b.>", "*.*.a", "u.*.a", "u.>", "u.ann.>"]
# All topics that the patterns tell apart: z is the part that none of them names.
ALL_TOPICS = [".".join(parts) for count in range(1, 5) for parts in itertools.product(["a", "b", "u", "ann", "z"], repeat=count)]


def takes(pattern, topic):
    parts, rest = pattern.split("."), topic.split(".")
    for place, part in enumerate(parts):
        if part == ">":
            return len(rest) > place
        if place >= len(rest) or part not in ("*", rest[place]):
            return False
    return len(parts) == len(rest)


def any_takes(patterns, topic):
    return any(takes(pattern, topic) for pattern in patterns)


def covers(patterns, asked):
    """Whether one of them takes all that the other one takes."""
    return any(all(takes(one, topic) for topic in ALL_TOPICS if takes(asked, topic)) for one in patterns)


class Person:
    """Somebody, what it shows, and what it may; `{user}` in a pattern is its name."""

    def __init__(self, name, headers, everybody, named=None):
        self.name = name
        self.headers = headers
        self.grant = [random.sample(TOPICS + PATTERNS + ["u.{user}.>"] * 4, 2) for _ in range(2)]
        self.publishes, self.subscribes = [
            [text.replace("{user}", named or name) for text in texts] for texts in self.grant]
        self.subscribes = self.subscribes + everybody

    def readable(self):
        return [topic for topic in TOPICS if any_takes(self.subscribes, topic)]


def test_each_sees_and_does_exactly_what_a_model_says_at_each_door(make_site, state):
    seed = int(os.environ.get("WEIR_SEED") or random.randrange(1 << 32))
    print(f"WEIR_SEED={seed}")
    random.seed(seed)
    everybody = random.sample(TOPICS + PATTERNS[2:], 1)
    key = jwk.generate_key("EC", "P-256", {"alg": "ES256", "kid": "k"})
    (state / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    claim = random.sample(TOPICS, 1)
    token = jwt.encode({"alg": "ES256", "kid": "k"}, {"sub": "ann", "exp": time.time() + 300, "weir": {
        "publish": claim, "subscribe": claim}}, key)
    people = [
        Person("one", bearer("t-one"), everybody), Person("ann", bearer("t-ann"), everybody),
        Person("login", bearer(token), everybody, "ann"), Person("site", {"Cookie": "session=s-bob"}, everybody, "bob"),
        Person("nobody", {}, everybody),
    ]
    one, ann, login, site_user, nobody = people
    login.publishes, login.subscribes = login.publishes + claim, login.subscribes + claim
    nobody.publishes, nobody.subscribes = [], everybody
    rules = write(
        state / "access.toml", grant("all", subscribe=everybody, anonymous=True),
        grant("boss", publish=[">"], subscribe=[">"], token="t-boss"),
        *[grant(who.name, *who.grant, token=f"t-{who.name}") for who in (one, ann)],
        grant("login", *login.grant, jwt='{ keys = "keys.json", algorithms = ["ES256"] }'),
        grant("site", *site_user.grant, nginx=True))
    site = make_site("--access", rules, configure=lambda text: text.replace(
        'map "" $weir_user {', 'map $cookie_session $weir_user {\n    "~^s-(?<name>.*)$" $name;'))
    lines = {"Content-Type": "application/x-ndjson"}

    def publish(headers, **fields):
        return site.request("PUT", "/publish", json.dumps({"message": "x", **fields}), {"Content-Type": "application/json"} | headers)

    def get(path, headers):
        return site.request("GET", path.replace(">", "%3E"), headers={"Accept": "application/json"} | headers)

    boss = bearer("t-boss")
    before = publish(boss, topic="z").json()["id"]
    delayed = {}
    for topic in TOPICS:
        assert publish(boss, topic=topic).status == 200
        delayed[publish(boss, topic=topic, delay="1h").json()["delayed"]] = [topic]
        assert get(f"/sse/{topic}?group=of.{topic}&poll=1", boss).status == 200
    delayed[publish(boss, topics=["a", "u.ann"], delay="1h").json()["delayed"]] = ["a", "u.ann"]

    for who in people:
        told = (seed, who.name)
        readable = who.readable()
        # What lists.
        topics = get("/topics?limit=1000", who.headers)
        assert [entry["topic"] for entry in topics.json()["topics"]] == [
            topic for topic in sorted([*TOPICS, "z"]) if any_takes(who.subscribes, topic)], told
        groups = sorted(f"of.{topic}" for topic in readable)
        assert sorted(entry["group"] for entry in get("/groups", who.headers).json()["groups"]) == groups, told
        assert sorted(entry["group"] for entry in get("/weir/status", who.headers).json()["groups"]) == groups, told
        metrics = get("/weir/metrics", who.headers).body.decode()
        waiting = {entry["delayed"] for entry in get("/publish/delayed", who.headers).json()["delayed"]}
        assert waiting == {
            text for text, under in delayed.items() if all(any_takes(who.publishes, topic) for topic in under)}, told
        for text in delayed:
            assert (get(f"/publish/delayed/{text}", who.headers).status == 200) == (text in waiting), told
        # What reads one topic.
        for topic in TOPICS:
            may = topic in readable
            assert (f'"of.{topic}"' in metrics) == may, (told, topic)
            for path, more in (
                (f"/sse/{topic}?poll=1&since=all", {}), (f"/sse/{topic}?poll=1&last=1", {}),
                (f"/sse/{topic}?poll=1", {"Last-Event-ID": before}), (f"/sse?topic={topic}&poll=1&last_event_id={before}", {}),
                (f"/sse/{topic}?poll=1&group=of.{topic}&ack=1h", {}), (f"/topics?topic={topic}", {}), (f"/groups/of.{topic}", {}),
            ):
                answer = get(path, who.headers | more)
                assert (answer.status not in (401, 403, 404)) == may, (told, path, answer.body)
                if may and path.startswith("/sse") and "group" not in path:
                    assert [event["topics"] for event in answer.json()["events"]] == [[topic]], (told, path)
        # What reads many.
        for text in PATTERNS:
            for path in (f"/sse?topic={text}&poll=1&since=all", f"/sse/{text}?poll=1&last=100"):
                answer = get(path, who.headers)
                assert (answer.status == 200) == covers(who.subscribes, text), (told, path, answer.body)
                if answer.status == 200:
                    got = [topic for event in answer.json()["events"] for topic in event["topics"]]
                    assert sorted(got) == [topic for topic in sorted([*TOPICS, "z"]) if takes(text, topic)], (told, path)

    # What comes while somebody listens.
    streams = [site.stream("/sse?topics=" + ",".join(who.readable()), who.headers) for who in people if who.readable()]
    # What each may publish, alone, with another one, and in a batch.
    for who in people:
        told = (seed, who.name)
        may = {topic: any_takes(who.publishes, topic) for topic in TOPICS}
        report = site.request("PUT", "/publish", "".join(
            json.dumps({"message": "batch", "topic": topic}) + "\n" for topic in TOPICS), lines | who.headers).json()
        assert report["accepted"] == sum(may.values()), told
        for topic in TOPICS:
            assert (publish(who.headers, topic=topic).status == 200) == may[topic], (told, topic)
            assert (publish(who.headers, topic=topic, delay="1h").status == 202) == may[topic], (told, topic)
            other = random.choice(TOPICS)
            answer = publish(who.headers, topics=[topic, other])
            assert (answer.status == 200) == (may[topic] and may[other]), (told, topic, other)
    for topic in TOPICS:
        assert publish(boss, topic=topic, message=f"last {topic}").status == 200
    for stream, who in zip(streams, [who for who in people if who.readable()]):
        with stream:
            left = {f"last {topic}" for topic in who.readable()}
            while left:
                data = stream.event().data
                assert data in left or not data.startswith("last"), (seed, who.name, data)
                left.discard(data)
