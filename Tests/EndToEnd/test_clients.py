"""Other people's clients, unchanged."""

import httpx
import httpx_sse


def test_httpx_sse_gets_the_events_that_are_published_and_no_other(site):
    with httpx.Client() as client:
        with httpx_sse.connect_sse(client, "GET", f"{site.address}/sse") as source:
            stream = source.iter_sse()
            ids = site.publish_all(["a", "b"])
            first, second = next(stream), next(stream)
        assert [(event.id, event.data) for event in (first, second)] == [(ids[0], "a"), (ids[1], "b")]
        headers = {"Last-Event-ID": ids[0]}
        with httpx_sse.connect_sse(client, "GET", f"{site.address}/sse", headers=headers) as source:
            assert next(source.iter_sse()).id == ids[1]
