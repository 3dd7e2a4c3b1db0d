"""The simulated shop as a pure state machine: time goes in, events come out. Seeded, so a run can be repeated."""

import heapq
import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from closeloop.demo.world import (
    DELIVERY_COMMENTS,
    REGIONS,
    SEGMENTS,
    SUPPORT_COMMENTS,
    TROUBLED,
    Mood,
    Region,
)
from closeloop_client import Event, Response, Touchpoint

JOURNEYS_A_SECOND = 1.6
TROUBLE_STARTS = 30.0
"""Seconds after the start at which deliveries of one region go wrong."""
CASES_TO_RECOVER = 3
"""Resolved cases of the troubled region after which its deliveries are right again."""
ATTEMPTS = 3
"""How often a parcel is delivered at most; who says nothing about a failure finds it tried again."""
HISTORY_DAYS = 30
HISTORY_ENDS = timedelta(hours=73)
"""The made-up past ends before the age from which an answer alerts (72 h): history pages nobody."""


class Customer(Struct, frozen=True):
    """One of the shop's customers."""

    id: str
    region: Region
    segment: str
    account: str


class Shop:
    """Customers, their journeys in progress, and the state of the troubled region."""

    def __init__(self, customers: int, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._run = f"{self._random.getrandbits(32):08x}"
        self._customers = [self._customer(number) for number in range(1, customers + 1)]
        self._by_id = {customer.id: customer for customer in self._customers}
        self._due: list[tuple[float, int, dict[str, Any]]] = []
        self._order = itertools.count()
        self._orders = itertools.count(1)
        self._next_journey = 0.0
        self._resolved: set[int] = set()
        self._resolved_in_trouble = 0

    def troubled(self, elapsed: float) -> bool:
        """Whether deliveries of the troubled region go wrong at this second."""
        return elapsed >= TROUBLE_STARTS and not self.recovered

    @property
    def recovered(self) -> bool:
        """Whether enough cases were resolved for the deliveries to be right again."""
        return self._resolved_in_trouble >= CASES_TO_RECOVER

    def history(self, now: datetime, answers: int) -> Iterator[Event]:
        """Answers of the past month, in order of time, old enough to alert nobody."""
        span = timedelta(days=HISTORY_DAYS) - HISTORY_ENDS
        moments = sorted(now - HISTORY_ENDS - self._random.random() * span for _ in range(answers))
        for moment in moments:
            customer = self._random.choice(self._customers)
            order = f"h{next(self._orders)}"
            mood = self._mood(bad=0.09, fair=0.22)
            kind = self._random.random()
            if kind < 0.2:
                nobody_answers = self._random.choice(self._customers)
                yield self._invitation(nobody_answers, "nps", moment, f"h{next(self._orders)}")
            if kind < 0.5:
                yield self._touchpoint(customer, "order.delivered", moment, order, failed=mood == "bad")
                yield self._invitation(customer, "nps", moment, order)
                yield self._answer(customer, "nps", "order.delivered", mood, moment, order, DELIVERY_COMMENTS)
            elif kind < 0.8:
                yield self._invitation(customer, "csat", moment, order)
                yield self._answer(customer, "csat", "support.resolved", mood, moment, order, SUPPORT_COMMENTS)
            else:
                yield self._invitation(customer, "ces", moment, order)
                yield self._answer(customer, "ces", "checkout.completed", mood, moment, order, {})

    def advance(self, elapsed: float, now: datetime) -> list[Event]:
        """The events that fall due up to this second of the run."""
        while self._next_journey <= elapsed:
            self._plan_journey(self._next_journey)
            self._next_journey += self._random.expovariate(JOURNEYS_A_SECOND)
        events: list[Event] = []
        while self._due and self._due[0][0] <= elapsed:
            _, _, step = heapq.heappop(self._due)
            events += self._events_of(step, elapsed, now)
        return events

    def case_resolved(self, case_id: int, customer_id: str, elapsed: float) -> None:
        """A case was resolved: its customer answers again, kinder, and the region may recover.

        Saying so again changes nothing: whoever looks at the list of resolved cases finds each of them every time.
        """
        customer = self._by_id.get(customer_id)
        if customer is None or case_id in self._resolved:
            return
        self._resolved.add(case_id)
        if customer.region.name == TROUBLED:
            self._resolved_in_trouble += 1
        self._plan(elapsed + 2.0, {"step": "recovered", "customer": customer})

    def _customer(self, number: int) -> Customer:
        region = self._random.choices(REGIONS, [region.share for region in REGIONS])[0]
        segment = self._random.choices(list(SEGMENTS), list(SEGMENTS.values()))[0]
        return Customer(f"c{number:04d}", region, segment, f"a{number % 300:03d}")

    def _plan(self, at: float, step: dict[str, Any]) -> None:
        heapq.heappush(self._due, (at, next(self._order), step))

    def _plan_journey(self, at: float) -> None:
        customer = self._random.choice(self._customers)
        order = f"o{next(self._orders)}"
        journey = {"customer": customer, "order": order}
        if self._random.random() < 0.08:
            self._plan(at, {"step": "signup", **journey})
        self._plan(at + 0.5, {"step": "browse", **journey})
        if self._random.random() < 0.3:
            return
        self._plan(at + 2, {"step": "order", **journey})
        self._plan(at + 5 + 3 * self._random.random(), {"step": "deliver", **journey})

    def _events_of(self, step: dict[str, Any], elapsed: float, now: datetime) -> Iterator[Event]:
        customer: Customer = step["customer"]
        order: str = step.get("order", "")
        match step["step"]:
            case "signup":
                yield self._touchpoint(customer, "customer.joined", now, order)
            case "browse":
                yield self._touchpoint(customer, "shop.visited", now, order)
            case "order":
                yield self._touchpoint(customer, "checkout.completed", now, order)
                yield self._invitation(customer, "ces", now, order)
                if self._random.random() < 0.35:
                    mood = self._mood(bad=0.02, fair=0.2)
                    yield self._answer(customer, "ces", "checkout.completed", mood, now, order, {})
            case "deliver":
                yield from self._deliver(customer, order, step.get("attempt", 1), elapsed, now)
            case "support":
                yield self._touchpoint(customer, "support.resolved", now, order)
                yield self._invitation(customer, "csat", now, order)
                mood = self._mood(bad=0.06, fair=0.3)
                yield self._answer(customer, "csat", "support.resolved", mood, now, order, SUPPORT_COMMENTS)
            case _:
                mood = self._mood(bad=0.0, fair=0.2)
                ticket = f"r{next(self._orders)}"
                yield self._answer(customer, "nps", "order.delivered", mood, now, ticket, DELIVERY_COMMENTS)

    def _deliver(self, customer: Customer, order: str, attempt: int, elapsed: float, now: datetime) -> Iterator[Event]:
        wrong = customer.region.name == TROUBLED and self.troubled(elapsed)
        failed = self._random.random() < ((0.7 if attempt == 1 else 0.9) if wrong else 0.03)
        parcel = order if attempt == 1 else f"{order}.{attempt}"
        yield self._touchpoint(customer, "order.delivered", now, parcel, failed=failed)
        if attempt == 1:
            yield self._invitation(customer, "nps", now, order)
        if self._random.random() < (0.8 if attempt == 1 else 0.2):
            mood = self._mood(bad=0.85, fair=0.1) if failed else self._mood(bad=0.02, fair=0.22)
            yield self._answer(customer, "nps", "order.delivered", mood, now, order, DELIVERY_COMMENTS)
        elif failed and attempt < ATTEMPTS:
            again = {"step": "deliver", "customer": customer, "order": order, "attempt": attempt + 1}
            self._plan(elapsed + 6, again)
            return
        if self._random.random() < (0.5 if failed else 0.08):
            self._plan(elapsed + 4, {"step": "support", "customer": customer, "order": order})

    def _mood(self, bad: float, fair: float) -> Mood:
        drawn = self._random.random()
        return "bad" if drawn < bad else "fair" if drawn < bad + fair else "good"

    def _touchpoint(
        self, customer: Customer, touchpoint: str, at: datetime, order: str, *, failed: bool = False
    ) -> Touchpoint:
        paid = touchpoint == "checkout.completed"
        return Touchpoint(
            customer_id=customer.id,
            touchpoint=touchpoint,
            channel="parcel" if touchpoint == "order.delivered" else "web",
            outcome="failed" if failed else "ok",
            value=(f"{self._random.uniform(9, 240):.2f}", customer.region.currency) if paid else None,
            attributes=self._attributes(customer, order),
            id=f"{self._run}:{order}:{touchpoint}",
            time=at,
            source="/shop/orders",
        )

    def _invitation(self, customer: Customer, metric: str, at: datetime, order: str) -> Touchpoint:
        return Touchpoint(
            customer_id=customer.id,
            touchpoint="survey.sent",
            channel="email",
            outcome="ok",
            attributes=self._attributes(customer, order),
            id=self._survey(order, metric),
            time=at,
            source="/shop/surveys",
        )

    def _survey(self, order: str, metric: str) -> str:
        return f"{self._run}:{order}:asked:{metric}"

    def _answer(
        self,
        customer: Customer,
        metric: str,
        touchpoint: str,
        mood: Mood,
        at: datetime,
        order: str,
        comments: dict[str, dict[Mood, tuple[str, ...]]],
    ) -> Response:
        said = comments.get(customer.region.language, {}).get(mood, ())
        speaks = said and self._random.random() < (0.9 if mood == "bad" else 0.35)
        return Response(
            customer_id=customer.id,
            metric=metric,
            score=self._random.choice(_SCORES[metric][mood]),
            touchpoint=touchpoint,
            touchpoint_event_id=self._survey(order, metric),
            channel="email",
            language=customer.region.language,
            comment=self._random.choice(said) if speaks else None,
            contact_requested=mood == "bad" and self._random.random() < 0.25,
            attributes=self._attributes(customer, order),
            id=f"{self._run}:{order}:{touchpoint}:{metric}",
            time=at,
            source="/shop/surveys",
        )

    def _attributes(self, customer: Customer, order: str) -> dict[str, str]:
        attributes = {"region": customer.region.name, "segment": customer.segment, "account_id": customer.account}
        return attributes | ({"order_id": order} if order else {})


_SCORES: dict[str, dict[Mood, tuple[int, ...]]] = {
    "nps": {"good": (9, 9, 10, 10, 10), "fair": (7, 8, 8), "bad": (0, 1, 2, 3, 4, 5, 6)},
    "csat": {"good": (4, 5, 5), "fair": (3, 4), "bad": (1, 1, 2)},
    "ces": {"good": (6, 7, 7), "fair": (4, 5), "bad": (1, 2, 3)},
}
