"""Would a change of the topics break a program of version 1? Compares two AsyncAPI documents. Pure.

A topic that others may write or read stays, with its messages, its key and what is kept of it. Messages that have no
schema are closeloop's own, and so are topics with no others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_Document = Mapping[str, Any]


def breaking_topic_changes(old: _Document, new: _Document) -> list[str]:
    """What breaks between two versions of the topics: a line for each, naming the topic. Empty: nothing does."""
    told = {name for name, message in old["components"]["messages"].items() if "payload" in message}
    return [
        f"{name}: {change}"
        for name, channel in old["channels"].items()
        if told & set(channel["messages"])
        for change in _changes(channel, new["channels"].get(name), told)
    ]


def _changes(before: _Document, now: _Document | None, told: set[str]) -> Iterator[str]:
    if now is None or now["address"] != before["address"]:
        yield "removed"
        return
    for message in before["messages"]:
        if message in told and message not in now["messages"]:
            yield f"{message} is no longer on it"
    if _key(now) != _key(before):
        yield f"the key is no longer {_key(before)}"
    if _kept(now) != _kept(before):
        yield f"it no longer keeps by {_kept(before)}"


def _key(channel: _Document) -> str:
    """What its records are keyed by: the first sentence of its description says it."""
    return str(channel["description"]).partition(". ")[0].removeprefix("Key: ")


def _kept(channel: _Document) -> str:
    return " and ".join(channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"])
