"""A shop's stream of events with all that goes wrong on the way to Kafka. A pure function of its seed and beginning.

Its time runs faster than the clock, so that windows move on and empty while a test of minutes runs.
"""

import json
import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kafka.partitioner.default import murmur2

from schemas.topics import RESPONSES, TOUCHPOINTS

RESPONSE_TYPE, TOUCHPOINT_TYPE = "closeloop.response.v1", "closeloop.touchpoint.v1"
STEP_S = 0.03
"""Event time between two events: 2,000 a second make a minute a second."""
DUPLICATES, LATE, UNREADABLE, MISPLACED, REVISIONS = 0.05, 0.05, 0.002, 0.005, 0.01
"""Shares of all records, but for misplaced (of readable ones) and revisions (of responses)."""

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_REGIONS = ("SP", "RJ", "MG", "RS", "PR", "SC", "BA", "PE")
_SEGMENTS = ("consumer", "smb", "enterprise")
_PLACES = ("order.placed", "order.shipped", "order.delivered", "support.closed")
_CHANNELS = ("web", "app", "parcel")
_OUTCOMES = ("ok", "ok", "ok", "ok", "ok", "ok", "failed", "slow")
_CUSTOMERS = 5_000
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Send:
    """A record as an app sends it; ``partition`` None where its key belongs."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None


class Traffic:
    """The records one after the other. ``began`` is the time of the first event, seconds UTC."""

    def __init__(self, seed: int, began: float, partitions: int) -> None:
        self._chance = random.Random(seed)
        self._began = began
        self._partitions = partitions
        self._number = 0
        self._recent: deque[Send] = deque(maxlen=20_000)
        self._answers: deque[tuple[str, dict[str, object]]] = deque(maxlen=5_000)

    def next(self) -> Send:
        """The next record."""
        chance = self._chance
        self._number += 1
        draw = chance.random()
        if draw < UNREADABLE:
            return self._unreadable()
        if draw < UNREADABLE + DUPLICATES and self._recent:
            send = self._again()
        else:
            send = self._response() if chance.random() < 0.6 else self._touchpoint()
            self._recent.append(send)
        if chance.random() < MISPLACED:
            home = (murmur2(send.key) & 0x7FFFFFFF) % self._partitions
            other = (home + chance.randrange(1, max(self._partitions, 2))) % self._partitions
            return Send(send.topic, send.key, send.value, other)
        return send

    def _again(self) -> Send:
        """An event that was sent before: just now, or up to ten seconds ago."""
        back = self._chance.randrange(1, 50) if self._chance.random() < 0.5 else self._chance.randrange(1, 20_000)
        return self._recent[-min(back, len(self._recent))]

    def _when(self) -> float:
        chance = self._chance
        now = self._began + self._number * STEP_S - chance.uniform(0, 20)
        if chance.random() >= LATE:
            return now
        kind = chance.random()
        if kind < 0.4:
            return now - chance.uniform(3_600, _DAY_S)
        if kind < 0.8:
            return now - chance.uniform(1, 40) * _DAY_S
        return now - chance.uniform(40, 120) * _DAY_S  # the history of these tests is 90 days

    def _response(self) -> Send:
        chance = self._chance
        if self._answers and chance.random() < REVISIONS:
            return self._revision()
        metric = chance.choice(tuple(_SCALES))
        data = self._data(chance.randrange(_CUSTOMERS)) | {"metric": metric, "score": self._score(metric)}
        if chance.random() < 0.01:
            data["contact_requested"] = True
        name = f"r{self._number}"
        self._answers.append((name, data))
        return self._event(RESPONSES, RESPONSE_TYPE, name, self._when(), data)

    def _revision(self) -> Send:
        """The customer thinks again about an answer of the last seconds, or about one of just now."""
        chance = self._chance
        back = chance.randrange(1, 5_000) if chance.random() < 0.8 else 1
        earlier, data = self._answers[-min(back, len(self._answers))]
        changed = data | {"score": self._score(str(data["metric"])), "revises": earlier}
        name = f"r{self._number}"
        self._answers.append((name, changed))
        return self._event(RESPONSES, RESPONSE_TYPE, name, self._when(), changed)

    def _touchpoint(self) -> Send:
        data = self._data(self._chance.randrange(_CUSTOMERS)) | {"outcome": self._chance.choice(_OUTCOMES)}
        return self._event(TOUCHPOINTS, TOUCHPOINT_TYPE, f"t{self._number}", self._when(), data)

    def _score(self, metric: str) -> int:
        low, high = _SCALES[metric]
        return max(low, high - int(self._chance.expovariate(1 / 2.0)))

    def _data(self, customer: int) -> dict[str, object]:
        chance = self._chance
        attributes: dict[str, object] = {"region": _REGIONS[customer % len(_REGIONS)]}
        if customer % 4:  # some have no segment, and are in no cut of it
            attributes["segment"] = _SEGMENTS[customer % len(_SEGMENTS)]
        place, channel = chance.choice(_PLACES), chance.choice(_CHANNELS)
        return {"customer_id": f"c{customer}", "touchpoint": place, "channel": channel, "attributes": attributes}

    def _unreadable(self) -> Send:
        chance = self._chance
        customer = chance.randrange(_CUSTOMERS)
        key = f"c{customer}".encode()
        partition = chance.randrange(self._partitions)
        data = self._data(customer) | {"metric": "nps", "score": 5}
        name = f"x{self._number}"
        match chance.randrange(6):
            case 0:
                return Send(chance.choice((TOUCHPOINTS, RESPONSES)), key, b"{not json", partition)
            case 1:
                return Send(chance.choice((TOUCHPOINTS, RESPONSES)), key, None, partition)
            case 2:
                return self._event(TOUCHPOINTS, RESPONSE_TYPE, name, self._when(), data)
            case 3:
                return self._event(RESPONSES, RESPONSE_TYPE, name, self._when(), data | {"score": 11})
            case 4:
                return self._event(RESPONSES, RESPONSE_TYPE, name, self._when(), data | {"metric": "mood"})
            case _:
                return self._event(RESPONSES, RESPONSE_TYPE, name, self._began + 36_500 * _DAY_S, data)

    @staticmethod
    def _event(topic: str, kind: str, name: str, when: float, data: dict[str, object]) -> Send:
        time = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(when * 1000))).isoformat()
        envelope = {"specversion": "1.0", "id": name, "source": "/shop", "type": kind, "time": time, "data": data}
        return Send(topic, str(data["customer_id"]).encode(), json.dumps(envelope, separators=(",", ":")).encode())
