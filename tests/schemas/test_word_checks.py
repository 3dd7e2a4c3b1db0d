"""Word lists of loop.yaml: each mistake is named with its line, its field and the remedy."""

from __future__ import annotations

import pytest

from schemas.config_rules import ContradictionRule, WordsRule
from schemas.loop_yaml import ConfigError, parse
from tests.schemas.test_loop_yaml import ROOT, SMALL


def _problems(words: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(f"{SMALL}rules:\n  - name: threat\n    kind: words\n    words:\n{words}")
    return refused.value.problems


LINE = SMALL.count("\n") + 5
"""Of the first language."""


@pytest.mark.parametrize(
    ("words", "line", "field", "said"),
    [
        ("      {}\n", -1, "", "give at least one language"),
        ("      xx: [lawyer]\n", 0, ".xx", "`xx` is not known"),
        ("      english: [lawyer]\n", 0, ".english", "no language tag; give one such as pt, pt-BR or zh-Hans"),
        ("      pt_BR: [advogado]\n      PT-br: [juiz]\n", 1, ".PT-br", "the same language as `pt_BR`"),
        ("      en: []\n", 0, ".en", "at least one word"),
        ("      en:\n        - lawyer\n        - ''\n", 2, ".en[1]", "no letter in it"),
        ("      en:\n        - lawyer\n        - '!!! -'\n", 2, ".en[1]", "no letter in it"),
        ("      zh: ['。']\n", 0, ".zh[0]", "no letter in it"),
        ("      zh: ['投诉*']\n", 0, ".zh[0]", "no * or = is needed"),
        ("      en: ['=']\n", 0, ".en[0]", "= stands for one word as it is written"),
        ("      en: [a=b]\n", 0, ".en[0]", "right before the word"),
        ("      en: [=law*]\n", 0, ".en[0]", "right before the word"),
        ("      en: [=law, '=LAW']\n", 0, ".en[1]", "is met by `=law` already"),
        ("      en: ['*']\n", 0, ".en[0]", "right behind the first letters"),
        ("      en: ['*yer']\n", 0, ".en[0]", "right behind the first letters"),
        ("      en: ['law*er']\n", 0, ".en[0]", "right behind the first letters"),
        ("      en: ['law *']\n", 0, ".en[0]", "right behind the first letters"),
        ("      en: ['la*']\n", 0, ".en[0]", "begins many words; give 3 letters"),
        ("      en: [one two three four five six seven eight nine]\n", 0, ".en[0]", "a phrase has at most 8"),
        ("      en: [lawyer, court, Lawyers]\n", 0, ".en[2]", "`Lawyers` is met by `lawyer` already"),
        ("      en: [never again, 'Never, again!']\n", 0, ".en[1]", "is met by `never again` already"),
        ("      de: [Anwalt, Anwälte]\n", 0, ".de[1]", "is met by `Anwalt` already"),
        ("      en: [lawyer, lawyer]\n", 0, ".en[1]", "is met by `lawyer` already"),
        ("      zh: [投诉, 投 诉]\n", 0, ".zh[1]", "is met by `投诉` already"),
        ("      en: [7]\n", 0, ".en[0]", "expected text"),
        (f"      en: [{', '.join(f'word{number}' for number in range(1001))}]\n", 0, ".en", "give at most 1000"),
    ],
)
def test_a_mistake_in_a_list_is_named(words: str, line: int, field: str, said: str) -> None:
    found = _problems(words)
    start = f"loop.yaml:{LINE + line}: rules[0].words{field}: "
    assert any(problem.startswith(start) and said in problem for problem in found), found


def test_a_word_is_praise_or_anger() -> None:
    lists = "praise: {en: [great]}\n    anger: {en: [awful, Great]}\n"
    with pytest.raises(ConfigError) as refused:
        parse(f"{SMALL}rules:\n  - name: misread\n    kind: contradiction\n    {lists}")
    assert refused.value.problems == [
        f"loop.yaml:{LINE}: rules[0].anger.en[1]: `Great` is in praise as well; a word is praise or anger"
    ]


def test_good_lists_are_good() -> None:
    words = "{pt-BR: [advogado, 'cancel*'], pt: [advogado], zh-Hant: [律師, '12315'], en: [👎, don't buy]}"
    assert parse(f"{SMALL}rules:\n  - name: threat\n    kind: words\n    words: {words}\n").rules


def test_the_examples_lists_are_good_those_commented_out_as_well() -> None:
    text = (ROOT / "loop.yaml").read_text()
    start = text.index("  # - name: misread_scale")
    end = text.index("\n\n", start)
    shown = "\n".join(line.replace("  # ", "  ", 1) for line in text[start:end].splitlines())
    rules = {rule.name: rule for rule in parse(text[:start] + shown + text[end:]).rules}
    assert isinstance(rules["misread_scale"], ContradictionRule)
    for name in ("legal_threat", "injury", "leaving"):
        rule = rules[name]
        assert isinstance(rule, WordsRule)
        assert set(rule.words) == {"en", "de", "pt", "es", "fr", "ru", "uk", "zh"}
