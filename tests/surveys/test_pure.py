"""Survey pages without a server: links, what an answer is, words, pace, and the section of loop.yaml."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given as holds
from hypothesis import strategies as st

from gateway.surveys.answering import Answer, Given, Step, event_of, read_form, read_score, step
from gateway.surveys.links import Invitation, LinkRefused, LinkUnfit, Seals, invitation_id
from gateway.surveys.pace import Pace
from gateway.surveys.words import Labels, labels, words_for
from schemas.config_surveys import DARK, Colours, Survey
from schemas.contrast import contrast, ink_on
from schemas.loop_yaml import ConfigError, parse
from schemas.scales import Scale
from schemas.settings import SettingsError, from_environment

NOW = datetime(2026, 1, 10, 10, tzinfo=UTC)
OLD, NEW = "old-key-" + "o" * 32, "new-key-" + "n" * 32
NPS = Scale(0, 10)
DAY = timedelta(days=1)


def invitation(**fields: object) -> Invitation:
    given = {"survey": "nps", "id": "11111111-2222-3333-4444-555555555555", "customer_id": "ana@example.com"}
    return Invitation(**{**given, "expires_at": int(NOW.timestamp()) + 60, "channel": "email", **fields})


def test_a_link_opens_until_its_time_and_not_a_second_longer() -> None:
    seals = Seals((NEW,))
    token = seals.seal(invitation(attributes={"region": "SP", "orders": 3, "vip": True}))
    assert seals.open(token, NOW).attributes == {"region": "SP", "orders": 3, "vip": True}
    assert seals.open(token, NOW + timedelta(seconds=59)).customer_id == "ana@example.com"
    with pytest.raises(LinkRefused) as refused:
        seals.open(token, NOW + timedelta(seconds=60))
    assert refused.value.invitation == seals.open(token, NOW)


def test_nobody_reads_the_customer_in_a_link() -> None:
    token = Seals((NEW,)).seal(invitation())
    held = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"ana" not in held
    assert b"nps" not in held


TOKEN = Seals((NEW,)).seal(invitation())  # made once: no two sealings are alike


@holds(st.data())
def test_a_link_that_was_changed_anywhere_is_none(data: st.DataObject) -> None:
    seals, token = Seals((NEW,)), TOKEN
    at = data.draw(st.integers(0, len(token) - 2))  # of the last character some bits are not part of the bytes
    other = data.draw(st.sampled_from([c for c in "AZaz09-_" if c != token[at]]))
    with pytest.raises(LinkRefused) as refused:
        seals.open(token[:at] + other + token[at + 1 :], NOW)
    assert refused.value.invitation is None


@holds(st.text(max_size=300))
def test_any_other_text_is_no_link(text: str) -> None:
    with pytest.raises(LinkRefused):
        Seals((NEW,)).open(text, NOW)


def test_a_new_key_takes_over_and_the_old_one_still_opens() -> None:
    before, during, after = Seals((OLD,)), Seals((NEW, OLD)), Seals((NEW,))
    old = before.seal(invitation())
    assert during.open(old, NOW) == invitation()
    assert after.open(during.seal(invitation()), NOW) == invitation()
    with pytest.raises(LinkRefused):
        after.open(old, NOW)


def test_a_link_that_no_mail_program_would_take_is_not_made() -> None:
    with pytest.raises(LinkUnfit):
        Seals((NEW,)).seal(invitation(attributes={f"a{n}": "x" * 100 for n in range(20)}))


def test_links_about_the_same_are_one_invitation() -> None:
    assert invitation_id("nps", "c1", "order-17") == invitation_id("nps", "c1", "order-17")
    others = [
        ("nps", "c1", "order-18"),
        ("nps", "c2", "order-17"),
        ("csat", "c1", "order-17"),
        ("np", "sc1", "order-17"),
    ]
    assert len({invitation_id("nps", "c1", "order-17"), *(invitation_id(*one) for one in others)}) == 5
    assert invitation_id("nps", "c1", None) != invitation_id("nps", "c1", None)


def remembered(**fields: object) -> Given:
    base = {"number": 1, "score": 3, "commented": False, "digest": "a", "sent": True, "answered_at": NOW}
    return Given(**{**base, **fields})


def test_what_an_answer_is() -> None:
    assert step(None, "a", NOW, DAY) == Step("send", 1)
    assert step(remembered(), "a", NOW, DAY) == Step("repeat", 1)
    # Not known to have arrived: the same one once more, however late.
    assert step(remembered(sent=False), "a", NOW + 9 * DAY, DAY) == Step("send", 1)
    assert step(remembered(number=2), "b", NOW + DAY, DAY) == Step("send", 3)
    assert step(remembered(number=2), "b", NOW + DAY + timedelta(seconds=1), DAY) == Step("closed", 2)


def test_the_event_of_a_change_revises_the_one_before() -> None:
    def said(number: int) -> tuple[str, str | None]:
        answer = Answer(3, "late", contact_requested=True)
        body = event_of(invitation(), answer, number, metric="nps", language="pt", now=NOW)
        event = msgspec.json.decode(body)
        return event["id"], event["data"].get("revises")

    first = "11111111-2222-3333-4444-555555555555"
    assert [said(1), said(2), said(3)] == [(first, None), (f"{first}:2", first), (f"{first}:3", f"{first}:2")]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"score=7", Answer(7, "", contact_requested=False)),
        (b"score=0&comment=+ol%C3%A1%0D%0A%F0%9F%98%80+&contact=yes", Answer(0, "olá\n😀", contact_requested=True)),
        (b"score=10&comment=a%00b", Answer(10, "ab", contact_requested=False)),
        (b"score=7&comment=" + b"x" * 6000, Answer(7, "x" * 5000, contact_requested=False)),
        (b"score=5&comment=%ED%A0%80%FF", Answer(5, "\ufffd" * 4, contact_requested=False)),
        (b"score=5&comment=&contact=yes", Answer(5, "", contact_requested=True)),
        (b"score=11", None),
        (b"score=-1", None),
        (b"score=", None),
        (b"score=7.5", None),
        ("score=٣".encode(), None),
        (b"comment=hello", None),
        (b"", None),
        (b"&".join(b"score=7" for _ in range(30)), None),
        (b"\xff\xfe", None),
    ],
)
def test_forms(body: bytes, answer: Answer | None) -> None:
    assert read_form(body, NPS).answer == answer


def test_scores_below_zero() -> None:
    assert [read_score(text, Scale(-2, 2)) for text in ("-2", "2", "-3", "--1", "- 1", None)] == [
        -2,
        2,
        None,
        None,
        None,
        None,
    ]


def test_a_few_at_once_and_then_one_at_a_time() -> None:
    pace = Pace(burst=3, every_s=10)
    assert [pace.allows("a", 0) for _ in range(5)] == [True, True, True, False, False]
    assert pace.allows("b", 0)
    assert [pace.allows("a", 9), pace.allows("a", 10), pace.allows("a", 11)] == [False, True, False]
    assert [pace.allows("a", 100) for _ in range(4)] == [True, True, True, False]


def test_every_language_says_everything() -> None:
    assert len(labels()) == 20
    for language, words in labels().items():
        said = msgspec.structs.asdict(words)
        assert all(said.values()), language
        if language != "en":
            same = [name for name in said if said[name] == getattr(labels()["en"], name)]
            assert set(same) <= {"send"}, language  # Danish says Send, too
    assert set(Labels.__struct_fields__) == set(said)


def test_no_line_breaks_before_its_last_mark() -> None:
    """French puts a space before ? and !, at which no line may end."""
    for language, words in labels().items():
        for name, said in msgspec.structs.asdict(words).items():
            assert not re.search(r"\s\s|^\s|\s$|[\"'{}<>%]", said), (language, name)
            assert not re.search(r" [?!;:»]|« ", said), (language, name)
            assert (said[-1] in "?？؟!！") == (getattr(labels()["en"], name)[-1] in "?!") or language in {"ja", "fr"}
    assert labels()["fr"].thanks == "Merci pour votre réponse\u202f!"


@pytest.mark.parametrize(
    ("language", "accepts", "spoken", "asked_in", "question"),
    [
        ("pt-BR", "de", "pt", "pt", "Gostou?"),
        (None, "xx, de;q=0.5, fr;q=0.9", "fr", "en", "Did you like it?"),
        ("zh_Hant", "", "zh", "en", "Did you like it?"),
        ("sw", "de", "en", "sw", "Uliipenda?"),
        (None, "", "en", "en", "Did you like it?"),
        (None, "de;q=x,,;q=1, *", "en", "en", "Did you like it?"),
        (None, "de;q=0, *;q=0.1", "en", "en", "Did you like it?"),
        (None, "de;q=nan, fr ; q=0.5", "fr", "en", "Did you like it?"),
    ],
)
def test_whose_words_a_page_says(language: str | None, accepts: str, spoken: str, asked_in: str, question: str) -> None:
    survey = Survey(metric="csat", question={"en": "Did you like it?", "pt": "Gostou?", "sw": "Uliipenda?"})
    words = words_for(survey, language, accepts)
    assert (words.language, words.asked_in, words.question) == (spoken, asked_in, question)


def test_arabic_and_hebrew_are_read_from_the_right() -> None:
    survey = Survey(metric="nps")
    directions = {one: words_for(survey, one, "").direction for one in labels()}
    assert {one for one, direction in directions.items() if direction == "rtl"} == {"ar", "he"}


def test_contrasts_are_those_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert (ink_on("#ffffff"), ink_on("#1f5fbf"), ink_on("#8ab4f8")) == ("#000000", "#ffffff", "#000000")
    for colours in (Colours(), DARK):
        assert contrast(colours.text, colours.background) >= 7
        assert contrast(colours.accent, colours.background) >= 4.5


REST = "people: {ana: {name: Ana, email: ana@example.com}}\nreceivers: {desk: {person: ana, channel: '#cx'}}\n" + (
    "route: {receiver: desk}\nmetrics: {effort: {kind: mean, scale: [1, 5], higher_is_better: false}, "
    "wide: {kind: mean, scale: [0, 100]}, ces: {kind: mean, scale: [1, 7], higher_is_better: false}}\n"
)


@pytest.mark.parametrize(
    ("survey", "said"),
    [
        ("q: {metric: npx}", "surveys.q.metric: `npx`"),
        ("Q: {metric: nps}", "surveys.Q: give a name"),
        ("q: {metric: wide, question: {en: W}, low: {en: l}, high: {en: h}}", "more than 11 scores"),
        ("q: {metric: effort, low: {en: l}, high: {en: h}}", "surveys.q.question: missing"),
        ("q: {metric: effort, question: {en: E}}", "surveys.q.low: low and high are missing"),
        ("q: {metric: ces}", "surveys.q.low: low and high are missing"),
        ("q: {metric: nps, change_within: 25h}", "surveys.q.change_within: 25h is longer than deduplication"),
        ("q: {metric: nps, expires: 400d}", "surveys.q.expires: 400d is longer than 365d"),
        ("q: {metric: nps, colours: {text: '#777777'}}", "surveys.q.colours.text: a contrast of 4.4:1"),
        ("q: {metric: nps, colours: {accent: '#ffff00'}}", "surveys.q.colours.accent: a contrast of 1.0:1"),
        ("q: {metric: nps, dark_colours: {text: '#ffffff', background: '#000000'}}", "stands without `colours`"),
        ("q: {metric: nps, colours: {text: 'red; }'}}", "surveys.q.colours.text"),
        ('q: {metric: nps, frame_ancestors: ["https://a.example; script-src *"]}', "surveys.q.frame_ancestors"),
        ("q: {metric: nps, question: {EN: hello}}", "surveys.q.question"),
    ],
)
def test_what_cannot_be_asked_is_named(survey: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"surveys") as refused:
        parse(f"{REST}surveys:\n  {survey}\n")
    (problem,) = refused.value.problems
    assert said in problem
    assert problem.startswith("loop.yaml:") or "line" in problem or ":5" in problem or ":6" in problem


def test_keys_of_links() -> None:
    assert from_environment({}).survey_keys == ()
    assert from_environment({"CLOSELOOP_SURVEY_KEY": f"{NEW},{OLD}"}).survey_keys == (NEW, OLD)
    for wrong, said in (("secret", "shorter than 32"), (f"{NEW} {OLD} {OLD}", "3 keys")):
        with pytest.raises(SettingsError, match=f"CLOSELOOP_SURVEY_KEY: {said}") as refused:
            from_environment({"CLOSELOOP_SURVEY_KEY": wrong})
        assert wrong not in str(refused.value)
