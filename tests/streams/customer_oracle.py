"""What is to be said of customers over time, from the whole logs at once: written from the definitions, without memory.

Logs are lists of decoded records of ``cx.responses`` in their order (answers and signals), each with its customer, id
and time. Nothing here knows of flushes, slices or what is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.streams.survey_events import Rec

DAY_S = 86_400
BEST = {"csat": 5, "nps": 10}
WORST = {"csat": 1, "nps": 0}
LIMIT = {"csat": 2, "nps": 6}


@dataclass(frozen=True)
class Told:
    """One record of the log of answers."""

    id: str
    kind: str
    customer: str
    when: float
    region: str | None
    touchpoint: str | None
    metric: str = ""
    bad: bool = False
    names: str | None = None


def read(log: Iterable[Rec]) -> list[Told]:
    """The distinct records in the order of their first arrival."""
    seen: dict[tuple[str, str], Told] = {}
    for record in log:
        event = json.loads(record.value or b"")
        data = event["data"]
        kind = data["kind"] if event["type"] == "closeloop.signal.v1" else "answer"
        told = Told(
            event["id"],
            kind,
            data["customer_id"],
            datetime.fromisoformat(event["time"]).timestamp(),
            data.get("attributes", {}).get("region"),
            data.get("touchpoint"),
            data.get("metric", ""),
            kind == "answer" and _is_bad(data),
            data.get("touchpoint_event_id"),
        )
        seen.setdefault((kind, event["id"]), told)
    return list(seen.values())


def repeated(log: Sequence[Told], count: int, within: float, fresh_from: float) -> set[str]:
    """The answers that a rule of the kind repeated flags."""
    flagged: set[str] = set()
    untold: dict[str, list[Told]] = {}
    for told in log:
        if told.kind == "answer" and told.bad:
            held = untold.setdefault(told.customer, [])
            held.append(told)
            streak = _streak(held, told, count, within, ()) if told.when >= fresh_from else []
            if streak:
                flagged.add(told.id)
                untold[told.customer] = [answer for answer in held if answer not in streak]
    return flagged


def silent(log: Sequence[Told], names: Sequence[str], count: int, within: float, fresh_from: float) -> set[str]:
    """The signals that a rule of the kind silent flags."""
    flagged: set[str] = set()
    untold: dict[str, list[Told]] = {}
    answers: dict[str, list[float]] = {}
    for told in log:
        if told.kind == "answer":
            answers.setdefault(told.customer, []).append(told.when)
        elif told.kind == "failed" and told.touchpoint in names:
            held = untold.setdefault(told.customer, [])
            held.append(told)
            spoken = answers.get(told.customer, ())
            streak = _streak(held, told, count, within, spoken) if told.when >= fresh_from else []
            if streak:
                flagged.add(told.id)
                untold[told.customer] = [failure for failure in held if failure not in streak]
    return flagged


def response_rate(log: Sequence[Told], within: float, kept_from: float = float("-inf")) -> Counter[tuple[str, Told]]:
    """How often each invitation counts as invited and as answered. Those before ``kept_from`` came too late."""
    counts: Counter[tuple[str, Told]] = Counter()
    for customer in {told.customer for told in log}:
        mine = sorted((t for t in log if t.customer == customer and t.when >= kept_from), key=lambda told: told.when)
        invitations = {told.id.removeprefix("invited:"): told for told in mine if told.kind == "invited"}
        answers = [told for told in mine if told.kind == "answer"]
        counts.update(("invited", invitation) for invitation in invitations.values())
        taken = set()
        for name, invitation in invitations.items():
            if any(a.names == name and 0 <= a.when - invitation.when <= within for a in answers):
                taken.add(name)
        for answer in answers:
            if answer.names in invitations:
                continue
            still_open = [
                name for name, i in invitations.items() if name not in taken and 0 <= answer.when - i.when <= within
            ]
            taken.update(still_open[:1])
        counts.update(("answered", invitations[name]) for name in taken)
    return counts


def recovered(log: Sequence[Told], within: float, known_from: float = float("-inf")) -> Counter[tuple[str, Told]]:
    """The answers that follow closed cases, by what they say. Cases before ``known_from`` were told of too late."""
    follow = set()
    for case in log:
        if case.kind == "closed" and case.when >= known_from:
            later = [
                told
                for told in log
                if told.kind == "answer"
                and told.customer == case.customer
                and told.metric in LIMIT
                and case.when < told.when <= case.when + within
            ]
            if later:
                follow.add(min(later, key=lambda told: told.when))
    return Counter(("not_recovered" if answer.bad else "recovered", answer) for answer in follow)


def by_day(metric: str, counts: Mapping[tuple[str, Told], int]) -> Iterator[tuple[tuple[str, str, str, int], int]]:
    """Metric, region (or all), word and the number of the day since the epoch (UTC), with the count."""
    for (word, told), count in counts.items():
        for region in ("(all)", told.region):
            if region is not None:
                yield (metric, region, word, int(told.when // DAY_S)), count


def _streak(untold: Sequence[Told], new: Told, count: int, within: float, answers: Sequence[float]) -> list[Told]:
    for end in sorted(told.when for told in untold if told.when >= new.when):
        span = [told for told in untold if end - within <= told.when <= end]
        spoken = any(end - within <= answer <= end for answer in answers)
        if new in span and len(span) >= count and not spoken:
            return span
    return []


def _is_bad(data: Mapping[str, object]) -> bool:
    metric, score = data["metric"], data["score"]
    if metric not in LIMIT:
        return False
    assert isinstance(metric, str)
    assert isinstance(score, int)
    worst, best = WORST[metric], int(str(data.get("scale_max", BEST[metric])))
    return (score - worst) / (best - worst) <= (LIMIT[metric] - WORST[metric]) / (BEST[metric] - WORST[metric])
