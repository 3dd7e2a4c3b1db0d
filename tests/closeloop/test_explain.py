"""``closeloop routes explain``: answers, touchpoints without one, and alerts about metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from closeloop.cli import app
from closeloop.current_silences import UNKNOWN
from closeloop.errors import UserError
from closeloop.explain import explain_event
from schemas import migrate, silences
from schemas.database import open_database, sessions
from schemas.silences import Doer
from tests.consumers.alerts import NOW, a_metric_alert, an_alert

LOOP = """
rules:
  - {name: detractor, kind: threshold, at_or_below: {nps: 6}}
  - {name: again, kind: repeated, at_or_below: {nps: 6}, count: 3, within: 30d, severity: high}
  - {name: silent, kind: silent, touchpoints: [order.delivered], count: 2, within: 72h, programme: silence}
people:
  ana: {name: Ana, email: ana@example.com}
  bob: {name: Bob, email: bob@example.com}
receivers:
  care: {person: ana, channel: "#care", notify: dm}
  cx: {person: bob, channel: "#cx"}
route:
  receiver: care
  routes:
    - match: {subject: metric}
      receiver: cx
    - match: {programme: silence}
      receiver: cx
"""


@pytest.fixture
def explained(tmp_path: Path) -> Any:
    (tmp_path / "loop.yaml").write_text(LOOP)

    def explain(content: dict[str, Any] | bytes) -> list[str]:
        path = tmp_path / "event.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return explain_event(path, tmp_path / "loop.yaml", None, NOW)

    return explain


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "1", "source": "/s", "type": f"closeloop.{kind}.v1",
        "time": "2026-01-01T00:00:00Z", "data": {"customer_id": "c", **data},
    }  # fmt: skip


def test_an_answer_with_the_rules_that_need_what_came_before(explained: Any) -> None:
    assert explained(event("response", metric="nps", score=3)) == [
        "rule detractor (normal): nps 3 on 0..10 is at or below 6.",
        "  default: receiver care owns the case",
        "  owner: ana (the receiver's person)",
        "  card: dm person:ana",
        "rule again (high) would flag it: if the customer has 3 bad answers within 30d with it.",
        "  default: receiver care owns the case",
        "  owner: ana (the receiver's person)",
        "  card: dm person:ana",
    ]
    assert explained(event("response", metric="nps", score=9)) == ["no rule flags this answer: nobody is told"]


def test_a_touchpoint_has_no_score_and_still_a_route(explained: Any) -> None:
    failed = explained(event("touchpoint", touchpoint="order.delivered", outcome="failed"))
    assert failed[0] == (
        "rule silent (normal) would flag it: if it is the 2. failure within 72h and the customer has said nothing."
    )
    assert failed[1:] == [
        "  default -> programme=silence: receiver cx owns the case",
        "  owner: bob (the receiver's person)",
        "  card: channel #cx",
    ]
    for other in ({"touchpoint": "order.delivered"}, {"touchpoint": "shop.visited", "outcome": "failed"}):
        assert explained(event("touchpoint", **other)) == ["no rule flags this touchpoint: nobody is told"]


def test_alerts_as_they_are_on_their_topic(explained: Any) -> None:
    fell = explained(msgspec.json.encode(a_metric_alert()))
    assert fell[0].startswith("rule nps_fall (high): NPS fell by 31 points")
    assert fell[1] == "  default -> subject=metric: receiver cx owns the case"
    over = explained(msgspec.json.encode(a_metric_alert(1, recovered=True)))
    assert over[1:] == ["  joins the open case that told of the alarm; without one nobody is told"]
    quiet = explained(msgspec.json.encode(an_alert(page=False)))
    assert quiet[-2:] == ["  card: channel #care", "  pages nobody: a card in the channel, no reminder"]
    with pytest.raises(UserError, match="not an alert of this version"):
        explained(b'{"type": "alert", "id": 4}')


def test_a_silence_that_holds_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/closeloop.db"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.yaml").write_text(LOOP)
    (tmp_path / "event.json").write_text(json.dumps(event("response", metric="nps", score=3)))
    said = ["routes", "explain", "event.json", "--at", "2026-11-24T09:00:00"]
    assert "held by" not in CliRunner().invoke(app, said).stdout
    assert not (tmp_path / "closeloop.db").exists(), "asking makes no database"
    migrate.upgrade(url)
    engine = open_database(url)
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    with sessions(engine).begin() as session:
        for hours, matchers in ((2, {"score": 3}), (3, {"metric": "csat"})):
            silences.add(session, matchers, now, now + timedelta(hours=hours), "strike", Doer("ana", "system"), now)
    engine.dispose()
    told = CliRunner().invoke(app, said)
    assert told.exit_code == 0, told.stderr
    assert told.stdout.count("  held by silence S-1 until 2026-11-24 11:00 UTC: strike\n") == 2, "of two rules"
    assert "S-2" not in told.stdout
    assert "held by" not in CliRunner().invoke(app, [*said[:-1], "2026-11-24T11:00:00"]).stdout
    (tmp_path / "closeloop.db").write_text("no database at all " * 100)
    broken = CliRunner().invoke(app, said)
    assert (broken.exit_code, broken.stdout.splitlines()[-1]) == (0, UNKNOWN)
