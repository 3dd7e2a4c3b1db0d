"""What the API says of messages that did not reach anybody."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update

from schemas.tables import CaseRow, DeliveryHealthRow, DeliveryStepRow, SlackOutboxRow
from tests.gateway.conftest import Served
from tests.gateway.examples import opened

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def broken(destination: str, error: str, status: str = "broken") -> DeliveryHealthRow:
    return DeliveryHealthRow(
        destination=destination, status=status, since=NOW, error=error, failures=1, probe_at=NOW.replace(minute=1)
    )


def test_all_is_well(gateway: Served) -> None:
    opened(gateway.parts.writers)
    with gateway.parts.writers.begin() as session:
        session.add(broken("#old", "is_archived", "well"))
    assert gateway.client.get("/v1/health").json() == {
        "ok": True,
        "slack": "well",
        "slack_error": None,
        "socket_mode": None,
        "broken": [],
        "undelivered_cases": 0,
        "messages": {"pending": 1},
    }


def test_slack_refuses_the_app_and_a_channel_is_broken(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    with on_both.parts.writers.begin() as session:
        session.add_all([broken("slack", "token_revoked"), broken("#old", "is_archived")])
        session.execute(update(CaseRow).values(undelivered_at=NOW))
        outbox = session.query(SlackOutboxRow).one()
        for destination, outcome, error in (("#old", "refused", "is_archived"), ("console", "shown", None)):
            step = DeliveryStepRow(
                outbox_id=outbox.id, case_id=case, at=NOW, destination=destination, outcome=outcome, error=error
            )
            session.add(step)
            session.flush()
    said = on_both.client.get("/v1/health").json()
    assert (said["ok"], said["slack"], said["slack_error"]) == (False, "refused", "token_revoked")
    assert said["undelivered_cases"] == 1
    (old,) = said["broken"]
    assert (old["destination"], old["error"], old["probe_at"]) == ("#old", "is_archived", "2026-11-22T09:01:00Z")
    steps = on_both.client.get(f"/v1/cases/{case}/deliveries").json()
    assert [(step["destination"], step["outcome"], step["error"]) for step in steps] == [
        ("#old", "refused", "is_archived"),
        ("console", "shown", None),
    ]
    (listed,) = on_both.client.get("/v1/cases").json()["cases"]
    assert listed["undelivered_at"] == "2026-11-22T09:00:00Z", "nobody could be told"


def test_socket_mode_that_is_down_is_not_well(serve: object, sqlite_database: str) -> None:
    served = serve(sqlite_database, slack_app_token="xapp-1")  # type: ignore[operator] # the fixture's own function
    assert served.client.get("/v1/health").json()["socket_mode"] is False
    served.parts.instruments.slack_socket_up.set(1)
    said = served.client.get("/v1/health").json()
    assert (said["ok"], said["socket_mode"]) == (True, True)
