"""What a search of messages finds, and for whom."""

from __future__ import annotations

import pytest

from closeloop.sandbox.model import Channel, Message, User
from closeloop.sandbox.search import MOST_FOUND, find
from closeloop.sandbox.workspace import Workspace
from tests.sandbox.blocks import mrkdwn, plain, section


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace(User(id="U0APP", name="closeloop", real_name="closeloop"), channels_on_demand=False)
    made.put_user(User(id="U0ANA", name="ana", real_name="Ana Souza"))
    made.put_user(User(id="U0BOB", name="bob", real_name="Bob Meyer"))
    made.put_channel(Channel(id="C0CARDS", name="cards"))
    made.put_channel(Channel(id="C0OTHER", name="other"))
    direct = made.direct("U0BOB", 0)
    said = [
        Message(
            channel="C0CARDS", ts="1.000000", user="U0APP", text="card", blocks=[section("The *parcel* &amp; box")]
        ),
        Message(channel="C0CARDS", ts="2.000000", user="U0ANA", text="Parcel found", thread_ts="1.000000"),
        Message(channel="C0OTHER", ts="3.000000", user="U0APP", text="<@U0ANA> look", blocks=[]),
        Message(channel=direct.id, ts="4.000000", user="U0APP", text="a parcel for Bob"),
        Message(channel="C0CARDS", ts="5.000000", user="U0APP", text="parcel gone", deleted=True),
        Message(
            channel="C0OTHER",
            ts="6.000000",
            user="U0APP",
            blocks=[{"type": "header", "text": plain("STRASSE")}, section("x", fields=[mrkdwn("*Region*\nSP")])],
        ),
    ]
    for message in said:
        made.post(made.channels[message.channel], message)
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("parcel", "2 1"),
        ("PARCEL found", "2"),
        ("parcel nowhere", ""),
        ("parcel & box", "1"),
        ("ana", "3 2"),
        ("from:ana", "2"),
        ("from:@Ana.Souza parcel", "2"),
        ("to:ana", "3"),
        ("in:#other", "6 3"),
        ("in:other from:closeloop region", "6"),
        ("straße", "6"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_queries(workspace: Workspace, query: str, found: str) -> None:
    assert [message.ts[0] for message in find(workspace, query, "U0ANA")] == found.split()


def test_direct_messages_are_their_readers_alone(workspace: Workspace) -> None:
    assert [message.ts for message in find(workspace, "parcel", "U0BOB")] == ["4.000000", "2.000000", "1.000000"]


def test_the_newest_count(workspace: Workspace) -> None:
    for number in range(MOST_FOUND + 5):
        ts = f"{100 + number}.000000"
        workspace.post(workspace.channels["C0CARDS"], Message(channel="C0CARDS", ts=ts, user="U0APP", text="many many"))
    found = find(workspace, "many", "U0ANA")
    assert len(found) == MOST_FOUND
    assert found[0].ts == f"{100 + MOST_FOUND + 4}.000000"
