"""What becomes of a message or a card after Slack's answer: the rules of the outbox, over one database session."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from consumers.delivery import health, steps
from consumers.delivery.elsewhere import gives_up, is_elsewhere
from consumers.measures import Measures
from consumers.slack import outbox, roll_ups, surfaces
from consumers.slack.client import Posted
from consumers.slack.delivery import LookUpResult, LookUpResults, PostResult, Result, RollUpResult, UpdateResult
from consumers.slack.errors import Verdict
from consumers.slack.fall_back import SLACK_ONLY, Ways, lead_of, next_destination
from schemas.case_cards import Destination, add_card_once
from schemas.config import Loop
from schemas.tables import CaseRow, SlackSurfaceRow
from schemas.working_time import calendars

LONGEST_WAIT_S = 60.0
DOUBT_LASTS = timedelta(hours=1)
"""After this a message in doubt whose conversation cannot be read any more goes another way."""

NOT_IN_SLACK = frozenset({"users_not_found", "user_not_found", "user_disabled"})
"""Why a person has no direct messages at all."""
REDRAW = timedelta(seconds=3)
"""A roll-up changes with each of its cases: it is drawn at most this often."""


class Settlement:
    """Applies results. ``paused`` holds the code by which Slack refuses the app itself, while it does."""

    def __init__(
        self,
        loop: Loop,
        measures: Measures,
        grace: timedelta,
        look_up_again: timedelta,
        ways: Ways = SLACK_ONLY,
        redraw: timedelta = REDRAW,
    ) -> None:
        self._loop = loop
        self._ways = ways
        self._measures = measures
        self._grace = grace
        self._look_up_again = look_up_again
        self._redraw = redraw
        self._plain: set[int] = set()
        self.paused: str | None = None
        self.suspects: frozenset[str] = frozenset()
        """The destinations that were broken when they were last looked up."""
        self._log = structlog.get_logger().bind(part="sender")

    def is_plain(self, surface_id: int) -> bool:
        """Whether Slack refused this card's full drawing: it is updated as text alone."""
        return surface_id in self._plain

    def settle(self, session: Session, result: Result, now: datetime) -> list[Posted]:
        """Write what a result means; returns our messages that are one too many. Repeatable after a rollback."""
        if isinstance(result, PostResult):
            return self._post(session, result, now)
        if isinstance(result, LookUpResults):
            return [extra for each in result.results for extra in self._look_up(session, each, now)]
        if isinstance(result, UpdateResult):
            self._update(session, result, now)
        elif isinstance(result, RollUpResult):
            self._roll_up(session, result, now)
        elif result.works:
            self._resume(session, now)
        return []

    def divert_known(self, session: Session, message: outbox.Claimed, error: str, now: datetime) -> None:
        """The destination is known to be broken: the message goes on without asking it again."""
        self._divert(session, message, Verdict("divert", error), now, tried=False)

    def _post(self, session: Session, result: PostResult, now: datetime) -> list[Posted]:
        message, verdict = result.message, result.verdict
        if result.posted is not None:
            self._arrived(session, message, now)
            if message.due_since is not None:
                self._measures.slack_delay.observe(max(0.0, (now - message.due_since) / timedelta(seconds=1)))
            if is_elsewhere(message.destination):
                outbox.settle_elsewhere(session, message)
                return []
            mine = outbox.settle_sent(session, message, result.posted.channel, result.posted.ts, result.version, now)
            return [] if mine else [result.posted]
        assert verdict is not None
        if verdict.kind == "later" and gives_up(message.destination, steps.arrived_at(session, message.id), now):
            verdict = Verdict("divert", verdict.code)
        if verdict.kind == "in_doubt":
            self._log.warning("message in doubt", outbox=message.id, case=message.case_id, error=verdict.code)
            outbox.settle(session, message, "in_doubt", now + self._grace, _keep_plain(message, verdict), verdict.code)
        elif verdict.kind in ("wait", "later"):
            pause = timedelta(seconds=_wait(verdict, message.attempts))
            outbox.settle(session, message, "pending", now + pause, _keep_plain(message, verdict), verdict.code)
        elif verdict.kind == "stop":
            outbox.settle(session, message, "pending", now, _keep_plain(message, verdict), verdict.code)
            self._pause(session, verdict.code, now)
        elif verdict.kind == "plain" and not message.plain:
            self._log.error("Slack refused the card: text alone", case=message.case_id, error=verdict.code)
            outbox.settle(session, message, "pending", now, "plain", verdict.code)
        else:
            self._divert(session, message, verdict, now)
        return []

    def _divert(
        self, session: Session, message: outbox.Claimed, verdict: Verdict, now: datetime, *, tried: bool = True
    ) -> None:
        """Go on to the next way. The operator hears of a broken destination once, not of every message it refuses."""
        steps.record(session, message.id, message.case_id, message.destination, "refused", verdict.code, now)
        if tried and verdict.kind == "divert" and health.mark_broken(session, message.destination, verdict.code, now):
            self.suspects |= {message.destination}
            self._log.critical(
                "destination takes nothing: falling back until it does",
                destination=message.destination,
                error=verdict.code,
                remedy="closeloop slack doctor says what is wrong",
            )
        _, owner = outbox.whose(session, message.case_id)
        if message.kind == "card" and verdict.code in NOT_IN_SLACK and message.destination == f"person:{owner}":
            self._tell_lead(session, message, now)
        refused = [*steps.refused_by(session, message.id, message.case_id), message.destination]
        broken = set(health.broken(session))
        following = next_destination(self._loop, message.receiver, owner, refused, self._ways, broken)
        if following is not None:
            self._log.info("falling back", case=message.case_id, destination=message.destination, to=following)
            outbox.divert(session, message, following, now, verdict.code)
            return
        self._measures.undeliverable.inc()
        self._log.error(
            "nobody could be told: the console shows the case", case=message.case_id, destination=message.destination
        )
        outbox.bury(session, message, now, verdict.kind, verdict.code)
        for case_id in _cases(session, message):
            steps.nobody_told(session, message.id, case_id, now)

    def _tell_lead(self, session: Session, message: outbox.Claimed, now: datetime) -> None:
        """The owner will not see it: besides the channel, the lead hears that somebody has to."""
        lead, case = lead_of(self._loop, message.receiver), session.get(CaseRow, message.case_id)
        if lead is not None and case is not None and lead != case.owner:
            add_card_once(session, case, Destination("dm", f"person:{lead}"), now, calendars(self._loop))

    def _arrived(self, session: Session, message: outbox.Claimed, now: datetime) -> None:
        """A message got through: note it where that is news."""
        if message.diverted:
            steps.record(session, message.id, message.case_id, message.destination, "sent", None, now)
            for case_id in _cases(session, message):
                steps.somebody_told(session, case_id)
        if message.destination in self.suspects and health.mark_well(session, message.destination, now):
            self.suspects -= {message.destination}
            revived = steps.revive(session, message.destination, now)
            self._log.info("destination works again", destination=message.destination, revived=revived)

    def _look_up(self, session: Session, result: LookUpResult, now: datetime) -> list[Posted]:
        message, verdict = result.message, result.verdict
        if verdict is not None and verdict.kind == "divert" and now - message.started_at > DOUBT_LASTS:
            # The conversation is gone, and with it the answer. A card that may be there is one that nobody can see.
            self._divert(session, message, verdict, now)
            return []
        if verdict is not None:
            pause = max(self._look_up_again, timedelta(seconds=verdict.retry_after if verdict.kind == "wait" else 0))
            level = self._log.warning if verdict.kind in ("wait", "in_doubt", "later") else self._log.error
            level(
                "Slack's history cannot be read: the message stays in doubt", case=message.case_id, error=verdict.code
            )
            outbox.settle(session, message, "in_doubt", now + pause, _keep_plain(message, verdict), verdict.code)
            return []
        if not result.found:
            self._measures.adopted.labels("absent").inc()
            outbox.settle(session, message, "pending", now, "plain" if message.plain else "in_doubt", "absent")
            return []
        self._measures.adopted.labels("adopted").inc()
        # Which picture it shows is not known, so version 0: the card is drawn again.
        kept = result.found[0]
        outbox.settle_sent(session, message, kept.channel, kept.ts, 0, now)
        return list(result.found[1:])

    def _update(self, session: Session, result: UpdateResult, now: datetime) -> None:
        card, verdict = result.card, result.verdict
        if verdict is None:
            surfaces.settle(session, card, result.version)
            return
        if verdict.kind in ("wait", "later", "in_doubt", "stop"):
            # Drawing a card again is harmless, so doubt is no different from delay.
            surfaces.put_off(session, card, now + timedelta(seconds=verdict.retry_after))
            if verdict.kind == "stop":
                self._pause(session, verdict.code, now)
            return
        if verdict.kind in ("plain", "unknown") and not result.plain:
            self._log.error("Slack refused the card's update: text alone", case=card.case_id, error=verdict.code)
            self._plain.add(card.id)
            surfaces.put_off(session, card, now)
            return
        self._replace(session, card, verdict, now)

    def _roll_up(self, session: Session, result: RollUpResult, now: datetime) -> None:
        verdict = result.verdict
        if verdict is None:
            roll_ups.drawn(session, result.roll_up, result.version, now + self._redraw, over=result.over)
        elif verdict.kind in ("wait", "later", "in_doubt", "stop"):
            roll_ups.put_off(session, result.roll_up, now + timedelta(seconds=verdict.retry_after))
            if verdict.kind == "stop":
                self._pause(session, verdict.code, now)
        elif verdict.kind in ("plain", "unknown") and not result.roll_up.plain:
            self._log.error("Slack refused a roll-up's update: text alone", error=verdict.code)
            roll_ups.put_off(session, result.roll_up, now, plain=True)
        else:
            self._log.warning("roll-up lost", error=verdict.code)
            roll_ups.lost(session, result.roll_up, verdict.code, now, deleted=verdict.kind == "gone")

    def _replace(self, session: Session, card: surfaces.Behind, verdict: Verdict, now: datetime) -> None:
        """The card cannot be updated any more. An open case gets a new one, further down the chain where it must."""
        row = session.get(SlackSurfaceRow, card.id)
        if row is None or row.lease_until != card.lease_until:
            return
        target: str | None = card.destination
        if verdict.kind != "gone":
            receiver, owner = outbox.whose(session, card.case_id)
            target = next_destination(self._loop, receiver, owner, [card.destination])
        self._log.warning("card lost", case=card.case_id, destination=card.destination, error=verdict.code)
        if target is None:
            row.dead_reason, row.lease_until = verdict.code, None
            self._measures.undeliverable.inc()
        else:
            outbox.post_again(session, row, target, now, verdict.code)

    def _pause(self, session: Session, code: str, now: datetime) -> None:
        if health.mark_broken(session, health.WORKSPACE, code, now):
            self._log.critical(
                "Slack refuses the app: nothing is sent until it is put right",
                error=code,
                remedy="closeloop slack doctor says what is wrong; sending goes on by itself",
            )
        self.paused = code
        self._measures.paused.set(1)

    def _resume(self, session: Session, now: datetime) -> None:
        if health.mark_well(session, health.WORKSPACE, now):
            self._log.info("Slack takes the app again")
        self.paused = None
        self._measures.paused.set(0)


def _cases(session: Session, message: outbox.Claimed) -> list[int]:
    """The cases of which a message tells."""
    return [message.case_id] if message.roll_up is None else roll_ups.cases_of(session, message.roll_up)


def _wait(verdict: Verdict, attempts: int) -> float:
    """Seconds to the next attempt: what Slack said, or longer with each attempt up to a minute."""
    if verdict.kind == "wait":
        return verdict.retry_after
    return min(LONGEST_WAIT_S, verdict.retry_after * attempts)


def _keep_plain(message: outbox.Claimed, verdict: Verdict) -> str:
    """A card that Slack refused stays text alone, whatever happens to the next attempt."""
    return "plain" if message.plain else verdict.kind
