"""A sender that can be killed: `python -m tests.loop.sending DATABASE_URL SLACK_API_URL [rolled]`."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta

from prometheus_client import CollectorRegistry

from closeloop.logs import configure_logs
from consumers.measures import Measures
from consumers.slack.addresses import Addresses
from consumers.slack.client import SlackCalls
from consumers.slack.delivery import Delivery
from consumers.slack.sender import Sender, SenderOptions
from consumers.slack.settlement import Settlement
from schemas.config import Loop
from schemas.config_grouping import RollUp
from schemas.database import open_database, readers, sessions
from tests.consumers.alerts import LOOP
from tests.consumers.grouped import grouped

CLIENT_TIMEOUT_S = 2
OPTIONS = SenderOptions(
    pace=10_000.0, lease=9.0, grace=4.0, look_up_again=1.0, sweep=0.5, auth_every=0.5, workers=6, ahead=12
)
"""Times in the proportions of the real ones: the lease is several times the client's timeout, the grace twice it."""


ROLLED = grouped(roll_up=RollUp(above=10, within="5m"))


def send(database: str, api_url: str, loop: Loop = LOOP) -> None:
    """Send until killed."""
    engine = open_database(database)
    writes, reads = sessions(engine), readers(engine)
    measures = Measures(CollectorRegistry())
    calls = SlackCalls("xoxb-sandbox", api_url, measures, timeout_s=CLIENT_TIMEOUT_S)
    addresses = Addresses(loop, calls, writes, reads)
    needs = timedelta(seconds=2 * CLIENT_TIMEOUT_S)
    delivery = Delivery(loop, calls, addresses, "http://127.0.0.1:8080", post_needs=needs, page=200)
    settlement = Settlement(loop, measures, timedelta(seconds=OPTIONS.grace), timedelta(seconds=OPTIONS.look_up_again))
    stop = threading.Event()
    Sender(OPTIONS, loop, writes, reads, delivery, settlement, measures, threading.Event(), stop).run()


if __name__ == "__main__":
    configure_logs("error")
    send(sys.argv[1], sys.argv[2], ROLLED if sys.argv[3:] == ["rolled"] else LOOP)
