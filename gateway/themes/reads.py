"""Themes read from SQL: which answers are counted, and how customers write the terms that are shown."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import case, func, or_, select, true
from sqlalchemy.orm import Session

from gateway.periods import day_of
from gateway.themes.counting import Counted, Place, Sort, Term, TermCounts
from gateway.themes.shapes import Lifted, Theme, ThemeExample, Themes, TouchpointAnswers
from schemas.comment_terms import terms_of
from schemas.tables import AlertRow, AnswerTermsRow, CaseRow

EXAMPLES = 3
_WRITTEN_IN = 20
"""Answers of a term that are looked through for how it is written."""
_AT_ONCE = 500


class ThemeQuery(Struct, frozen=True, kw_only=True):
    """What is asked for: answers from ``start`` (included) to ``end`` (not included), those before from ``before``."""

    before: datetime
    start: datetime
    end: datetime
    touchpoint: str | None = None
    metric: str | None = None
    language: str | None = None
    sort: Sort = "answers"
    limit: int = 50


def newest_day(session: Session, at: datetime, zone: str) -> date:
    """The day of the newest answer that has words; that of ``at`` where there is none."""
    return day_of(session.scalar(select(func.max(AnswerTermsRow.at))) or at, zone)


def read_themes(session: Session, asked: ThemeQuery) -> Themes:
    """Count the terms, and write those that come first as customers write them."""
    inside = AnswerTermsRow.at >= asked.start
    mine = AnswerTermsRow.touchpoint == asked.touchpoint if asked.touchpoint is not None else true()
    rows = (
        select(
            case((inside, 1), else_=0),
            AnswerTermsRow.touchpoint,
            AnswerTermsRow.language,
            AnswerTermsRow.terms,
            AnswerTermsRow.alert_id,
            CaseRow.customer_id,
        )
        .join(CaseRow, CaseRow.id == AnswerTermsRow.case_id)
        .where(AnswerTermsRow.at >= asked.before, AnswerTermsRow.at < asked.end, or_(inside, mine))
        .order_by(AnswerTermsRow.at.desc())
    )
    if asked.metric is not None:
        rows = rows.where(AnswerTermsRow.metric == asked.metric)
    if asked.language is not None:
        rows = rows.where(AnswerTermsRow.language == asked.language)
    counts, touchpoints = TermCounts(), Counter[str | None]()
    found = session.execute(rows.execution_options(yield_per=_AT_ONCE))
    for now, touchpoint, language, terms, alert, customer in found:
        place: Place = "before"
        if now:
            touchpoints[touchpoint] += 1
            place = "here" if asked.touchpoint in (None, touchpoint) else "elsewhere"
        if language:
            counts.take(place, language, terms, alert, customer)
    top = counts.top(asked.limit, asked.sort, _WRITTEN_IN)
    written, cases = _written(session, top)
    return Themes(
        touchpoints=[
            TouchpointAnswers(touchpoint=name, answers=n)
            for name, n in sorted(touchpoints.items(), key=lambda item: (-item[1], item[0] or ""))
        ],
        languages=counts.languages(),
        answers=counts.answers,
        themes=[_theme(one, written.get(one.term), cases) for one in top],
    )


def _written(session: Session, top: Sequence[Counted]) -> tuple[dict[Term, str], dict[str, int]]:
    """How each term is written most often in its newest answers, and the case of each answer."""
    wanted: dict[str, list[Term]] = {}
    for one in top:
        for alert in one.alerts:
            wanted.setdefault(alert, []).append(one.term)
    forms: dict[Term, Counter[str]] = {one.term: Counter() for one in top}
    cases: dict[str, int] = {}
    ids = list(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        query = select(AlertRow.id, AlertRow.case_id, AlertRow.payload["comment"].as_string()).where(
            AlertRow.id.in_(ids[start : start + _AT_ONCE])
        )
        for alert, case_id, comment in session.execute(query):
            cases[alert] = case_id
            terms = terms_of(comment or "", wanted[alert][0].language)
            for term in wanted[alert]:
                if term.key in terms:
                    forms[term][terms[term.key]] += 1
    return {term: min(found.items(), key=_commonest)[0] for term, found in forms.items() if found}, cases


def _commonest(form: tuple[str, int]) -> tuple[int, int, str]:
    """The commonest form first, then the shortest."""
    return -form[1], len(form[0]), form[0]


def _theme(counted: Counted, written: str | None, cases: dict[str, int]) -> Theme:
    def lifted(place: str) -> Lifted | None:
        against = counted.before if place == "before" else counted.elsewhere
        if against is None:
            return None
        found = against.lift
        return Lifted(
            answers=against.answers,
            of=against.of,
            share=100 * against.answers / against.of,
            lift=found.value,
            low=found.low,
            high=found.high,
            p=found.p,
            differs=("more" if found.value > 1 else "less") if against.differs else "not_told",
        )

    return Theme(
        term=written or counted.term.key,
        key=counted.term.key,
        language=counted.term.language,
        phrase=" " in counted.term.key,
        answers=counted.answers,
        customers=counted.customers,
        share=100 * counted.answers / counted.of,
        before=lifted("before"),
        elsewhere=lifted("elsewhere"),
        examples=[ThemeExample(alert=one, case=cases[one]) for one in counted.alerts[:EXAMPLES] if one in cases],
    )
