"""The cuts an event is in, the texts of its keys, and the bounds on keys, words and scales."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.deadletters import InvalidEvent
from schemas.events import Response, Touchpoint
from schemas.metrics import Series
from schemas.scales import Scale
from streams.counting.series import MAX_OUTCOMES, MAX_SCALES, OTHER, Extractor, SeriesIndex, Vocabulary, scale_of_label

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure

CUTS = {
    "all": (),
    "touchpoint": ("touchpoint",),
    "touchpoint_channel": ("touchpoint", "channel"),
    "region": ("attributes.region",),
    "language": ("language",),
    "outcome": ("outcome", "attributes.region"),
}


def cuts_of(data: Response | Touchpoint, outcome: str = "") -> dict[str, tuple[str, ...]]:
    extractor = Extractor(type(data), CUTS)
    index = SeriesIndex(extractor.cuts, 100)
    tallies, overflowed = index.resolve("csat", "", extractor.read(data, outcome))
    assert overflowed == 0
    return {tally.series.cut: tally.series.values for tally in tallies}


def test_an_event_is_in_the_cuts_whose_dimensions_it_has() -> None:
    answer = Response("c", "csat", 4, touchpoint="order", language="pt", attributes={"region": "SP"})
    assert cuts_of(answer) == {"all": (), "touchpoint": ("order",), "region": ("SP",), "language": ("pt",)}
    assert cuts_of(Response("c", "csat", 4)) == {"all": ()}
    assert cuts_of(Response("c", "csat", 4, touchpoint="order", channel="web"))["touchpoint_channel"] == (
        "order",
        "web",
    )


def test_a_touchpoint_has_an_outcome_and_no_language() -> None:
    point = Touchpoint("c", "order", channel="web", attributes={"region": "SP"})
    assert cuts_of(point, "failed") == {
        "all": (),
        "touchpoint": ("order",),
        "touchpoint_channel": ("order", "web"),
        "region": ("SP",),
        "outcome": ("failed", "SP"),
    }


def test_attributes_are_texts_and_kinds_are_not_mixed_up() -> None:
    extractor = Extractor(Response, {"x": ("attributes.x",)})
    index = SeriesIndex(extractor.cuts, 100)
    keys = [
        index.resolve("csat", "", extractor.read(Response("c", "csat", 1, attributes={"x": value})))[0][0].series.values
        for value in ("SP", True, 1, 1.5, False, 0, -3, "")
    ]
    assert keys == [("SP",), ("true",), ("1",), ("1.5",), ("false",), ("0",), ("-3",), ("",)]


def test_an_unknown_dimension_is_named() -> None:
    with pytest.raises(ValueError, match="cuts: colour is no dimension"):
        Extractor(Response, {"x": ("colour",)})


@calm
@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["nps", "csat"])), max_size=40), st.integers(1, 5)
)
def test_a_full_cut_keeps_its_first_keys(sent: list[tuple[str, str]], most: int) -> None:
    index = SeriesIndex((("region", (0,)), ("all", ())), most)
    kept = list(dict.fromkeys(region for region, _ in sent))[:most]
    for region, metric in sent:
        (by_region, everything), overflowed = index.resolve(metric, "", (region,))
        assert by_region.series == Series(metric, "region", (region,) if region in kept else (OTHER,))
        assert overflowed == (region not in kept)
        assert everything.series == Series(metric, "all", ())


def test_the_bucket_for_the_rest_takes_no_place_and_a_released_key_frees_one() -> None:
    index = SeriesIndex((("region", (0,)),), 1)
    (first,), _ = index.resolve("nps", "", ("a",))
    (also_first,), _ = index.resolve("csat", "", ("a",))
    assert index.resolve("nps", "", ("b",))[0][0].series.values == (OTHER,)
    assert index.resolve("nps", "", (OTHER,)) == (index.resolve("nps", "", ("b",))[0], 0)
    index.release(first)
    assert index.resolve("nps", "", ("b",))[0][0].series.values == (OTHER,)  # csat still holds the key
    index.release(also_first)
    assert index.resolve("nps", "", ("b",))[0][0].series.values == ("b",)


def test_each_series_has_one_tally_and_its_key_is_canonical() -> None:
    index = SeriesIndex((("region", (0,)),), 10)
    (tally,), _ = index.resolve("nps", "", ("Köln",))
    assert index.adopt(Series("nps", "region", ("Köln",))) is tally
    assert msgspec.json.decode(tally.key, type=Series) == tally.series
    assert len(index) == 1


def test_outcome_words_are_bounded_and_failed_always_counts() -> None:
    words = Vocabulary()
    assert words.outcome(None) == "ok"
    counted = [words.outcome(f"word {number}") for number in range(100)]
    assert counted.count(OTHER) == 100 - (MAX_OUTCOMES - 2)
    assert words.outcome("failed") == "failed"
    assert words.outcome("word 3") == "word 3"


def test_a_scale_too_many_is_refused() -> None:
    words = Vocabulary()
    for number in range(MAX_SCALES):
        words.scale("csat", Scale(1, 10 + number))
    assert words.scale("csat", Scale(1, 10)) == "1..10"
    assert words.scale("ces", Scale(1, 99)) == "1..99"
    with pytest.raises(InvalidEvent, match=r"data\.scale_max: 16 other scales"):
        words.scale("csat", Scale(1, 99))


@calm
@given(st.integers(-200, 200), st.integers(1, 100), st.booleans())
def test_a_scale_label_reads_back(minimum: int, length: int, high_is_good: bool) -> None:
    scale = Scale(minimum, minimum + length, high_is_good)
    assert scale_of_label(scale.label()) == scale


def test_what_is_no_scale_label() -> None:
    with pytest.raises(ValueError, match="no scale label"):
        scale_of_label("1-5")
