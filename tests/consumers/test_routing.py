"""Routing: the tree's order, inheritance and continue, and who becomes the owner."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.routing import Standing, assign, explain, receivers
from schemas.config import Loop
from schemas.config_owners import Route
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, an_alert


def a_loop(**changes: Any) -> Loop:
    return msgspec.convert(msgspec.to_builtins(LOOP) | changes, Loop)


def reached(route: dict[str, Any], **alert: Any) -> list[str]:
    return [found.receiver for found in receivers(msgspec.convert(route, Route), an_alert(**alert))]


def test_the_first_match_wins() -> None:
    route = {
        "receiver": "default",
        "routes": [
            {"match": {"severity": "critical"}, "receiver": "a"},
            {"match": {"metric": ["nps", "csat"]}, "receiver": "b"},
            {"match": {"metric": "csat"}, "receiver": "c"},
        ],
    }
    assert reached(route) == ["b"]
    assert reached(route, severity="critical") == ["a"]
    assert reached(route, metric="ces") == ["default"]


def test_children_refine_and_inherit() -> None:
    route = {
        "receiver": "default",
        "routes": [
            {
                "match": {"attributes.region": "SP"},
                "receiver": "sp",
                "routes": [
                    {"match": {"attributes.segment": "smb"}},
                    {"match": {"severity": "high"}, "receiver": "sp-high"},
                ],
            }
        ],
    }
    assert reached(route, attributes={"region": "SP", "segment": "smb"}) == ["sp"]
    assert reached(route, severity="high") == ["sp-high"]
    assert reached(route, attributes={}) == ["default"]


def test_continue_lets_later_siblings_match_too() -> None:
    route = {
        "receiver": "default",
        "routes": [
            {"match": {"severity": "normal"}, "receiver": "a", "continue": True},
            {"match": {"metric": "nps"}, "receiver": "b"},
            {"match": {"metric": "csat"}, "receiver": "c"},
            {"match": {}, "receiver": "d"},
        ],
    }
    assert reached(route) == ["a", "c"]


def test_true_is_not_one() -> None:
    route = {"receiver": "default", "routes": [{"match": {"attributes.vip": True}, "receiver": "vip"}]}
    assert reached(route, attributes={"vip": True}) == ["vip"]
    assert reached(route, attributes={"vip": 1}) == ["default"]
    assert reached(route, attributes={}) == ["default"]


def test_a_root_without_a_receiver_is_refused() -> None:
    with pytest.raises(ValueError, match=r"route\.receiver: missing"):
        receivers(Route(), an_alert())


def test_the_least_loaded_member_owns_and_ties_go_in_the_teams_order() -> None:
    assert assign(LOOP, an_alert(), Standing(), NOW).owner == "ana"
    assert assign(LOOP, an_alert(), Standing({"ana": 2, "bob": 1}), NOW).owner == "bob"
    assert assign(LOOP, an_alert(), Standing({"ana": 1, "bob": 1}), NOW).owner == "ana"


def test_nobody_away_gets_a_case_while_another_is_there() -> None:
    people = msgspec.to_builtins(LOOP.people)
    people["ana"]["away"] = True
    assert assign(a_loop(people=people), an_alert(), Standing({"bob": 9}), NOW).owner == "bob"
    people["bob"]["away"] = True
    lead = assign(a_loop(people=people), an_alert(), Standing(), NOW)
    assert lead.owner == "eve"
    assert "lead" in lead.owner_reason


def test_the_accounts_owner_comes_first_and_an_unknown_one_does_not() -> None:
    named = assign(LOOP, an_alert(attributes={"desk": "vip", "account_owner": "bob"}), Standing(), NOW)
    assert named.owner == "bob"
    assert [(place.surface, place.destination) for place in named.destinations] == [("dm", "person:bob")]
    assert (
        assign(LOOP, an_alert(attributes={"desk": "vip", "account_owner": "stranger"}), Standing(), NOW).owner == "eve"
    )


def test_without_anybody_the_channel_has_it() -> None:
    receivers_ = msgspec.to_builtins(LOOP.receivers) | {"vip": {"channel": "#vip", "notify": "dm"}}
    alone = assign(a_loop(receivers=receivers_), an_alert(attributes={"desk": "vip"}), Standing(), NOW)
    assert alone.owner is None
    assert [(place.surface, place.destination) for place in alone.destinations] == [("channel", "#vip")]


def test_a_further_receiver_gets_a_card_only_in_another_channel() -> None:
    route = {
        "receiver": "default",
        "routes": [
            {"match": {"metric": "csat"}, "receiver": "logistics", "continue": True},
            {"match": {"severity": "normal"}, "receiver": "zeds", "continue": True},
            {"match": {}, "receiver": "vip"},
        ],
    }
    places = assign(a_loop(route=route), an_alert(), Standing(), NOW).destinations
    assert [(place.surface, place.destination) for place in places] == [("channel", "#logistics"), ("channel", "#vip")]


def test_explain_names_the_path_and_the_owner() -> None:
    lines = explain(LOOP, an_alert(touchpoint="order.shipped"), Standing({"ana": 1}), NOW)
    assert lines[0] == "default -> touchpoint=order.delivered|order.shipped: receiver logistics owns the case"
    assert lines[1] == "because touchpoint is order.shipped"
    assert lines[2] == "owner: bob (fewest open cases of team care (0))"
    assert lines[3] == "card: channel #logistics"


_routes = st.recursive(
    st.fixed_dictionaries(
        {"match": st.dictionaries(st.sampled_from(["severity", "metric"]), st.sampled_from(["high", "csat", "x"]))},
        optional={"receiver": st.sampled_from(["logistics", "vip", "old"]), "continue": st.booleans()},
    ),
    lambda children: st.fixed_dictionaries(
        {"match": st.just({}), "routes": st.lists(children, max_size=3)},
        optional={"receiver": st.sampled_from(["logistics", "vip"]), "continue": st.booleans()},
    ),
    max_leaves=8,
)


@given(st.lists(_routes, max_size=4), st.sampled_from(["normal", "high"]))
def test_every_alert_reaches_a_receiver_and_a_card(routes: list[Any], severity: str) -> None:
    loop = a_loop(route={"receiver": "default", "routes": routes})
    assignment = assign(loop, an_alert(severity=severity), Standing(), NOW)
    assert assignment.destinations
    assert assignment.receiver in loop.receivers
    assert len(set(assignment.destinations)) == len(assignment.destinations)


def test_metrics_and_programmes_have_routes_of_their_own() -> None:
    tree: dict[str, Any] = {
        "receiver": "default",
        "routes": [
            {
                "match": {"subject": "metric"},
                "receiver": "cx",
                "routes": [{"match": {"attributes.region": "SP"}, "receiver": "sp"}],
            },
            {"match": {"programme": "verify"}, "receiver": "care"},
            {"match": {"rule": ["nps_fall", "words"]}, "receiver": "never"},
        ],
    }
    route = msgspec.convert(tree, Route)
    assert [found.receiver for found in receivers(route, a_metric_alert())] == ["sp"]
    assert [found.receiver for found in receivers(route, a_metric_alert(attributes={}))] == ["cx"]
    assert reached(tree, programme="verify") == ["care"]
    assert reached(tree, rule="words") == ["never"]
    assert reached(tree) == ["default"]


@pytest.mark.parametrize("desk", ["vip", "both"])
def test_an_alert_that_pages_nobody_has_its_card_in_the_channel_alone(desk: str) -> None:
    loud, quiet = (
        assign(LOOP, an_alert(attributes={"desk": desk}, page=page), Standing(), NOW) for page in (True, False)
    )
    assert "dm" in {place.surface for place in loud.destinations}
    assert [place.surface for place in quiet.destinations] == ["channel"]
    assert quiet.owner == loud.owner
