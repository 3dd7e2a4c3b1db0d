"""The example's routing tree sends the shop's cases where its comments say, each to one owner and one card."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from closeloop.demo.world import REGIONS, TROUBLED
from consumers.routing import Standing, assign
from schemas.loop_yaml import load
from tests.schemas.examples import alert

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""A Tuesday on which nobody of the example is absent."""

LOOP = load(Path(__file__).parents[2] / "loop.yaml")


@pytest.mark.parametrize(
    ("said", "receiver", "channel", "owners"),
    [
        (
            {"touchpoint": "order.delivered", "attributes": {"region": "SP"}},
            "delivery_brazil",
            "#delivery",
            "ana bruno",
        ),
        (
            {"touchpoint": "order.delivered", "attributes": {"region": TROUBLED}},
            "delivery_brazil",
            "#delivery",
            "ana bruno",
        ),
        (
            {"touchpoint": "order.delivered", "attributes": {"region": "RS"}},
            "delivery",
            "#delivery",
            "samuel bruno lihua",
        ),
        ({"touchpoint": "order.delivered", "attributes": {}}, "delivery", "#delivery", "samuel bruno lihua"),
        ({"touchpoint": "checkout.completed"}, "billing", "#billing", "priya samuel"),
        ({"touchpoint": "support.closed", "language": "uk"}, "support_ukrainian", "#support-desk", "oksana"),
        ({"touchpoint": "support.closed", "language": "ru"}, "support_russian", "#support-desk", "timur"),
        ({"touchpoint": "support.closed", "language": "zh"}, "support_chinese", "#support-desk", "lihua"),
        (
            {"touchpoint": "support.closed", "language": "en"},
            "support_desk",
            "#support-desk",
            "grace oksana timur lihua",
        ),
        ({"touchpoint": "support.closed", "severity": "critical"}, "support_lead", "#support-desk", "grace"),
        ({"touchpoint": "something.else"}, "customer_care", "#customer-care", "grace oksana timur lihua ana samuel"),
        ({}, "customer_care", "#customer-care", "grace oksana timur lihua ana samuel"),
        (
            {"attributes": {"segment": "enterprise", "account_owner": "priya"}},
            "account_owner",
            "#key-accounts",
            "priya",
        ),
        (
            {"attributes": {"segment": "enterprise", "account_owner": "nobody"}},
            "account_owner",
            "#key-accounts",
            "grace",  # the first week began on 2 November with her, so 23 November is hers again
        ),
    ],
)
def test_a_case_goes_where_the_comments_say(said: dict[str, Any], receiver: str, channel: str, owners: str) -> None:
    decided = assign(LOOP, alert(**said), Standing(), NOW)
    assert decided.receiver == receiver
    assert decided.owner in owners.split()
    assert channel in [place.destination for place in decided.destinations]


@pytest.mark.parametrize("region", [*(region.name for region in REGIONS), "SP", "AM"])
@pytest.mark.parametrize("severity", ["critical", "high", "normal"])
def test_an_ordinary_delivery_has_one_card(region: str, severity: str) -> None:
    one = alert(touchpoint="order.delivered", severity=severity, attributes={"region": region})
    assert len(assign(LOOP, one, Standing(), NOW).destinations) == 1
