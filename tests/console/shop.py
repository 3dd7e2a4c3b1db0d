"""A shop's day as the API would tell it: five touchpoints, five regions, three metrics, some cases, from one seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import NormalDist
from typing import Any

Json = Any
TOUCHPOINTS = ("order.delivered", "checkout.paid", "support.ticket", "signup.completed", "return.refunded")
REGIONS = ("SP", "RJ", "MG", "RS", "BA")
METRICS = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
WINDOWS = {"1h": 90, "24h": 900, "7d": 5200, "30d": 19000}
PEOPLE = {"ana": "Ana Ribeiro", "li": "Li Wei", "olena": "Olena Bondar", "ivan": "Ivan Petrov", "sam": "Sam Carter"}
ROOT_CAUSES = {"late_delivery": "Late delivery", "damaged": "Damaged or wrong goods", "billing": "Billing or refund"}
COMMENTS = (
    ("en", "Third time the parcel is late and nobody told me. I stayed at home for nothing."),
    ("pt", "Atrasou de novo. O entregador nem tocou a campainha e o pacote voltou para o depósito."),
    ("ru", "Посылка пришла повреждённой, поддержка не отвечает уже два дня."),
    ("uk", "Оплату списали двічі, а замовлення так і не з’явилося в кабінеті."),
    ("zh", "包裹又延误了，客服电话一直打不通，非常失望。"),
    ("en", "The refund form asks for a number that is nowhere on the invoice."),
)


def metric_row(
    metric: str, window: str, cut: str, key: dict[str, str], counts: dict[str, int], as_of: datetime
) -> Json:
    """One row, with value and interval by textbook formulas."""
    n = sum(counts.values())
    value, half = None, 0.0
    if n and metric == "nps":
        good, bad = counts.get("9", 0) + counts.get("10", 0), sum(counts.get(str(score), 0) for score in range(7))
        value = 100 * (good - bad) / n
        half = 196 * sqrt(max(0.0, ((good + bad) / n - (value / 100) ** 2)) / n)
    elif n and metric == "ces":
        value = sum(int(score) * many for score, many in counts.items()) / n
        half = 1.96 * sqrt(sum(many * (int(score) - value) ** 2 for score, many in counts.items()) / n / n)
    elif n:
        good = counts.get("failed", 0) if metric == "outcome" else counts.get("4", 0) + counts.get("5", 0)
        value = 100 * good / n
        half = 196 * sqrt(good / n * (1 - good / n) / n)
    return {
        "metric": metric,
        "window": window,
        "cut": cut,
        "key": key,
        "value": value,
        "low": None if value is None else value - half,
        "high": None if value is None else value + half,
        "n": n,
        "counts": counts,
        "too_few": n < 10,
        "as_of": as_of.isoformat(),
        "version": n,
        "scale": "",
    }


def _figure(metric: str, window: str, n: int, value: float, half: float, now: datetime, **more: Json) -> Json:
    return metric_row(metric, window, "all", {}, {"x": n}, now) | {
        "value": value,
        "low": value - half,
        "high": value + half,
        **more,
    }


def _figures(now: datetime) -> list[Json]:
    """What the loop reckons about itself, of everything."""
    rows = []
    for window, scored in WINDOWS.items():
        n = scored // 30
        for step, minutes, in_time in (("acknowledge", 22, 94.0), ("contact", 130, 88.5), ("resolve", 1720, 91.2)):
            mean = 60.0 * minutes
            wall = {"quantiles": {"p50": mean * 0.7, "p90": mean * 2.4}}
            business = {"quantiles": {"p50": mean * 0.4, "p90": mean * 1.2}}
            rows.append(_figure(f"time_to_{step}", window, n, mean, mean / 6, now, **wall))
            rows.append(_figure(f"time_to_{step}_business", window, n, mean / 2, mean / 9, now, **business))
            rows.append(_figure(f"in_sla_{step}", window, n, in_time, 3.1, now))
        rows.append(_figure("response_rate", window, scored * 3, 31.4, 1.2, now))
        rows.append(_figure("recovered", window, n // 2, 71.0, 9.4, now))
        rows.append(_figure("retention", window, scored, 97.2, 0.6, now))
        rows.append(_figure("churn", window, scored, 2.8, 0.6, now))
        rows.append(_figure("clv", window, scored, 412.37, 31.0, now))
    return rows


def _entry(unit: str, title: str, topic: str, *, rises: bool = True, currency: str | None = None) -> Json:
    return {"unit": unit, "title": title, "topic": topic, "higher_is_better": rises, "currency": currency}


CATALOGUE: dict[str, Json] = {
    "nps": _entry("points", "", "scores"),
    "csat": _entry("percent", "", "scores"),
    "ces": _entry("scale", "", "scores"),
    "outcome": _entry("percent", "Failed touchpoints", "touchpoints", rises=False),
    "response_rate": _entry("percent", "Response rate", "loop"),
    **{
        f"time_to_{step}{hours}": _entry("seconds", f"Time to {step}", "loop", rises=False)
        for step in ("acknowledge", "contact", "resolve")
        for hours in ("", "_business")
    },
    **{
        f"in_sla_{step}": _entry("percent", f"In time: {step}", "loop")
        for step in ("acknowledge", "contact", "resolve")
    },
    "recovered": _entry("percent", "Recovered customers", "loop"),
    "retention": _entry("percent", "Retention", "customers"),
    "churn": _entry("percent", "Churn", "customers", rises=False),
    "clv": _entry("money", "Lifetime value", "customers", currency="EUR"),
}


def _counts(rng: random.Random, metric: str, n: int, mood: float) -> dict[str, int]:
    if metric == "outcome":
        failed = round(n * max(0.004, min(0.5, 0.09 - mood / 12)))
        return {"ok": n - failed, "failed": failed}
    low, high = METRICS[metric]
    spread = (high - low) / 4.2
    # Where the mean of so many answers happens to lie; to draw each answer takes a third of a second a shop.
    centre = low + (high - low) * (0.80 + mood / 6) + rng.gauss(0, spread / sqrt(max(n, 1)))
    answers = NormalDist(centre, spread)
    upto = [round(n * answers.cdf(score + 0.5)) for score in range(low, high)] + [n]
    found = {str(low + at): count - before for at, (before, count) in enumerate(pairwise([0, *upto]))}
    return {score: count for score, count in found.items() if count}


_MOODS = dict(zip(TOUCHPOINTS, (-0.75, 0.35, -0.15, 0.55, -0.45), strict=True)) | dict(
    zip(REGIONS, (-0.6, 0.2, 0.3, 0.4, -0.1), strict=True)
)


def _metrics(rng: random.Random, now: datetime) -> list[Json]:
    rows = []
    for metric in (*METRICS, "outcome"):
        for window, n in WINDOWS.items():
            scale = 4 if metric == "outcome" else 1
            rows.append(metric_row(metric, window, "all", {}, _counts(rng, metric, n * scale, 0.0), now))
            for index, touchpoint in enumerate(TOUCHPOINTS):
                if metric == "ces" and touchpoint in ("order.delivered", "signup.completed"):
                    continue
                many = (
                    n * scale // (5 + index * 3) // (40 if (touchpoint, metric) == ("return.refunded", "csat") else 1)
                )
                counts = _counts(rng, metric, many, _MOODS[touchpoint])
                rows.append(metric_row(metric, window, "touchpoint", {"touchpoint": touchpoint}, counts, now))
            for region in REGIONS:
                counts = _counts(rng, metric, n * scale // 5, _MOODS[region])
                rows.append(metric_row(metric, window, "region", {"attributes.region": region}, counts, now))
    return rows


def _history(rng: random.Random, now: datetime) -> list[Json]:
    rows = []
    for back in range(75):
        day = (now - timedelta(days=back)).date().isoformat()
        slump = -0.5 if 18 < back < 27 else 0.0
        for metric in (*METRICS, "outcome"):
            n = rng.randint(130, 240)
            series = [("all", {}, 0.0), *(("region", {"attributes.region": name}, _MOODS[name]) for name in REGIONS)]
            for cut, key, mood in series:
                counts = _counts(rng, metric, n if cut == "all" else n // 4, mood + slump + rng.gauss(0, 0.08))
                rows.append(metric_row(metric, "day", cut, key, counts, now) | {"day": day})
    return rows


def case_of(number: int, now: datetime, **changes: Json) -> Json:
    """One case with its answer and history."""
    rng = random.Random(number)
    language, comment = COMMENTS[number % len(COMMENTS)]
    opened = now - timedelta(minutes=4 + 17 * (30 - number), seconds=rng.randint(0, 50))
    region, touchpoint = REGIONS[number % 5], TOUCHPOINTS[number * 2 % 3]
    metric, score, high = [("nps", 2, 10), ("csat", 1, 5), ("ces", 2, 7), ("nps", 6, 10)][number % 4]
    severity = ("critical", "normal", "high", "normal")[number % 4]
    alert = {
        "id": f"a{number}",
        "rule": "contact_me" if number % 5 == 0 else "detractor",
        "reason": f"{metric.upper()} {score} is at or below its threshold",
        "severity": severity,
        "event_source": "/shop/surveys",
        "event_id": f"r-{number}",
        "event_time": (opened - timedelta(seconds=2)).isoformat(),
        "detected_at": opened.isoformat(),
        "metric": metric,
        "score": score,
        "scale_min": 0 if metric == "nps" else 1,
        "scale_max": high,
        "higher_is_better": True,
        "touchpoint": touchpoint,
        "channel": ("email", "app", "parcel")[number % 3],
        "language": language,
        "comment": comment,
        "contact_requested": number % 5 == 0,
        "attributes": {"region": region, "segment": "smb"},
    }
    owner = [*PEOPLE, None][number % 6]
    opening = {
        "version": 1,
        "action": "opened",
        "from_state": None,
        "to_state": "open",
        "at": opened.isoformat(),
        "actor": "system",
        "actor_name": "system",
        "via": "system",
        "detail": {"alert": alert["id"], "rule": alert["rule"]},
    }
    case = {
        "id": number,
        "version": 1,
        "customer_id": f"c{1000 + 37 * number}",
        "programme": "feedback",
        "state": "open",
        "severity": severity,
        "receiver": "delivery-care",
        "owner": owner,
        "owner_name": PEOPLE.get(owner) if owner else None,
        "opened_at": opened.isoformat(),
        "updated_at": opened.isoformat(),
        "acknowledged_at": None,
        "contacted_at": None,
        "closed_at": None,
        "snoozed_until": None,
        "lease_until": None,
        "acknowledge_by": (opened + timedelta(hours=2)).isoformat(),
        "contact_by": (opened + timedelta(hours=8)).isoformat(),
        "resolve_by": (opened + timedelta(days=3)).isoformat(),
        "root_cause": None,
        "resolution_note": None,
        "answer_count": 1,
        "latest_alert": alert,
        "touchpoint": touchpoint,
        "attributes": alert["attributes"],
        "events": [opening],
        "alerts": [alert],
    }
    return case | changes


def metric_case(number: int, now: datetime, **changes: Any) -> Json:
    """A case about a metric that fell; a test may say that it recovered."""
    case = case_of(number, now)
    alert = case["latest_alert"] | {
        "subject": "metric",
        "rule": "nps_fall",
        "reason": "NPS fell by 31 points: 12 in the last 7 days against 43 before, 4.2 standard errors.",
        "metric": "nps",
        "severity": "high",
        "attributes": {"region": "SP"},
        **dict.fromkeys(("score", "scale_min", "scale_max", "comment", "language", "touchpoint", "channel")),
    }
    about = {"customer_id": "nps 7d region=SP", "subject": "metric", "programme": "metrics", "contact_by": None}
    shown = {"latest_alert": alert, "alerts": [alert], "touchpoint": None, "attributes": {"region": "SP"}}
    able = {"actions": ["acknowledge", "resolve", "snooze", "reassign", "dismiss"], "severity": "high"}
    return case | about | shown | able | changes


def silent_case(number: int, now: datetime, **changes: Any) -> Json:
    """A case about a customer whose touchpoints failed and who has said nothing."""
    case = case_of(number, now)
    alert = case["latest_alert"] | {
        "rule": "silent",
        "reason": "3 touchpoints failed within 72 hours, and the customer has said nothing.",
        **dict.fromkeys(("metric", "score", "scale_min", "scale_max", "comment", "language")),
    }
    return case | {"latest_alert": alert, "alerts": [alert], "answer_count": 0, "page": False} | changes


def silence(number: int, now: datetime, **changes: Any) -> Json:
    """A silence of late parcels in one region, until four hours from now."""
    return {
        "id": number,
        "state": "holds",
        "matchers": {"touchpoint": "order.delivered", "attributes.region": ["SP", "RJ"], "score": {"at_most": 3}},
        "words": "",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=4, minutes=1)).isoformat(),
        "reason": "Carrier strike: nobody can deliver there today.",
        "cases_held": 0,
        "created_at": (now - timedelta(hours=1)).isoformat(),
        "created_by": "olena",
        "created_by_name": "Olena Bondar",
        "created_via": "slack",
        "created_key": None,
        "ended_by": None,
        "ended_by_name": None,
        "ended_via": None,
        "ended_key": None,
    } | changes


def held_by(silence: Json, *, holds: bool = True) -> Json:
    """What a case says of the silence that its alert fits."""
    return {name: silence[name] for name in ("id", "ends_at", "reason", "created_by", "created_by_name")} | {
        "holds": holds
    }


def _cases(now: datetime) -> list[Json]:
    cases = [case_of(number, now) for number in range(3, 31)]
    for case in cases:
        state = ("open", "open", "acknowledged", "contacted", "resolved", "open", "snoozed")[case["id"] % 7]
        if state != "open":
            case["state"], case["version"] = state, 2
            case["acknowledged_at"] = case["opened_at"]
            action = {"acknowledged": "acknowledge", "contacted": "contact", "snoozed": "snooze"}.get(state, "resolve")
            case["events"].append(
                case["events"][0]
                | {"action": action, "version": 2, "via": "slack", "actor": "ana", "actor_name": "Ana Ribeiro"}
                | {
                    "from_state": "open",
                    "to_state": state,
                    "detail": {"note": "Called, apologised, sent a new parcel."},
                }
            )
        if state == "snoozed":
            case["snoozed_until"] = (now + timedelta(hours=14)).isoformat()
        if state == "resolved":
            case |= {"closed_at": now.isoformat(), "root_cause": "late_delivery"}
    return cases


def _dead_letters(now: datetime) -> list[Json]:
    found = (
        ("invalid", "data.score", "is not a whole number"),
        ("future", "time", "lies more than five minutes ahead"),
        ("not_json", "", "not JSON"),
    )
    return [
        {
            "id": f"d{index}",
            "topic": "cx.responses" if index % 3 else "cx.touchpoints",
            "partition": index % 3,
            "offset": 4211 - 37 * index,
            "reason": found[index % 3][0],
            "field": found[index % 3][1],
            "problem": found[index % 3][2],
            "at": (now - timedelta(minutes=9 * index)).isoformat(),
            "bytes": 312,
            "replayed_at": None,
        }
        for index in range(7)
    ]


def shop(seed: int = 7, now: datetime | None = None) -> dict[str, Json]:
    """Everything the API tells."""
    rng = random.Random(seed)
    now = now or datetime.now(UTC)
    cases = _cases(now)
    states: dict[str, int] = {}
    for case in cases:
        states[case["state"]] = states.get(case["state"], 0) + 1
    return {
        "config": {
            "open": True,
            "clock": "wall",
            "zone": "UTC",
            "minimum_n": 10,
            "windows": list(WINDOWS),
            "cuts": {
                "all": [],
                "touchpoint": ["touchpoint"],
                "touchpoint_channel": ["touchpoint", "channel"],
                "region": ["attributes.region"],
            },
            "metrics": {
                "nps": {"kind": "nps", "minimum": 0, "maximum": 10, "higher_is_better": True},
                "csat": {"kind": "top_box", "minimum": 1, "maximum": 5, "higher_is_better": True},
                "ces": {"kind": "mean", "minimum": 1, "maximum": 7, "higher_is_better": True},
            },
            "catalogue": CATALOGUE,
            "people": PEOPLE,
            "acting_as": None,
            "teams": {},
            "root_causes": ROOT_CAUSES,
            "slack": "off",
        },
        "metrics": [*_metrics(rng, now), *_figures(now)],
        "history": _history(rng, now),
        "cases": cases,
        "silences": [],
        "past_silences": [],
        "fits": {"open_cases": 3, "of_open_cases": 21, "alerts": 40, "of_alerts": 200, "days": 7, "complete": True},
        "deadletters": _dead_letters(now),
        "totals": {
            "touchpoints": {
                "received": 78214,
                "counted": 78170,
                "duplicates": 41,
                "late": 0,
                "dead_letters": {"future": 3},
            },
            "responses": {
                "received": 19403,
                "counted": 19371,
                "duplicates": 26,
                "late": 2,
                "dead_letters": {"invalid": 3, "not_json": 1},
            },
            "alerts": {"detractor": 214, "contact_me": 31},
            "cases": states,
        },
    }
