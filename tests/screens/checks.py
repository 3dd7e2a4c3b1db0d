"""What a machine can see of a screen: what is cut or overlaps, what scrolls sideways, which words are foreign."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from schemas.words.catalogue import words_in
from tests.screens.stage import KEYS, PUBLIC_URL, Stage
from tests.words.messages import messages

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_LAYOUT = """(root) => {
  const wrong = [], page = document.documentElement;
  const told = (node) => (node.innerText || node.value || node.className || node.tagName).slice(0, 40);
  if (page.scrollWidth > window.innerWidth) wrong.push(`the page scrolls sideways: ${page.scrollWidth}`);
  for (const place of document.querySelectorAll("#list, dialog .body")) {
    if (place.scrollWidth > place.clientWidth + 1) wrong.push(`sideways: ${told(place)}`);
  }
  const holders = ".button, .select, .b-text, .b-context, .b-header, .b-fields > div, label";
  for (const node of root.querySelectorAll(holders)) {
    const inline = getComputedStyle(node).display === "inline";
    if (!inline && node.scrollWidth > node.clientWidth + 1) wrong.push(`cut: ${told(node)}`);
  }
  const apart = (nodes) => {
    const seen = nodes.filter((node) => node.offsetParent).map((node) => [node, node.getBoundingClientRect()]);
    for (const [at, [node, a]] of seen.entries()) for (const [other, b] of seen.slice(at + 1)) {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) wrong.push(`overlap: ${told(node)} / ${told(other)}`);
    }
  };
  for (const row of root.querySelectorAll(".b-actions, .b-fields, dialog footer")) apart([...row.children]);
  for (const place of new Set([...root.querySelectorAll("[data-block]")].map((block) => block.parentElement))) {
    apart([...place.children].filter((child) => child.dataset.block));
  }
  return wrong;
}"""

_OWN_WORDS = """(root) => {
  const copy = root.cloneNode(true);
  for (const slacks of copy.querySelectorAll(".who, .only-you, .day, .greeting, small, .menu[hidden]")) slacks.remove();
  const holder = document.createElement("div");
  holder.append(copy);
  document.body.append(holder);
  const options = [...copy.querySelectorAll("option")].map((node) => node.textContent);
  const text = [holder.innerText, ...options].join(" | ");
  holder.remove();
  return text;
}"""
"""The text of a part, without what Slack itself says there in the language of its own menus."""

_LATIN = re.compile(r"[A-Za-z][A-Za-z_'’-]+")
_SLACKS_OWN = {"Please", "complete", "this", "required", "field"}
_NAMES = {"NPS", "I-", "Slack-id", "closeloop", "staging", "loop", "yaml", "Europe", "Berlin", "Sam", "Stranger"}
_KEYS = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(map(re.escape, messages('en')), key=len, reverse=True))})(?![\w-])")
_NOT_SAID = re.compile(r"\{ ?\$|undefined|\bNone\b|\bnull\b|\[object|<!date|&(?:amp|lt|gt);")


def problems(stage: Stage, name: str, page: Page, part: Locator | None) -> list[str]:
    """All of it. Whom loop.yaml does not know is spoken to in English, so their words are left alone."""
    return layout(page, part) + ([] if "stranger" in name else wording(stage, page, part))


def layout(page: Page, part: Locator | None) -> list[str]:
    """What is cut, overlaps or scrolls sideways."""
    found: list[str] = (part or page.locator("main")).evaluate(_LAYOUT)
    return found


def wording(stage: Stage, page: Page, part: Locator | None) -> list[str]:
    """What should not be read there: keys of the catalogue, leftovers of code, words of another language."""
    text: str = (part or page.locator("#list")).evaluate(_OWN_WORDS)
    wrong = [f"key: {found}" for found in _KEYS.findall(text) if "-" in found and found not in _ENGLISH]
    wrong += [f"leftover: {found}" for found in _NOT_SAID.findall(text)]
    if stage.words.language == "ru":
        foreign = set(_LATIN.findall(text)) - _SLACKS_OWN - _NAMES - _their_own(stage)
        wrong += [f"not Russian: {word}" for word in sorted(foreign)]
    return wrong


_ENGLISH = {word for name in ("state-dismissed",) for word in words_in("en").say(name).split()}
"""Words of the catalogue that look like keys."""


@cache
def _their_own(stage: Stage) -> set[str]:
    """Words that are the customers', or names: of people, receivers, rules, attributes and their values."""
    with stage.parts.readers() as session:
        alerts = [case.latest_alert for case in stage.cases(session)]
    own = [stage.words.channel, PUBLIC_URL, *stage.words.names, *stage.loop.receivers, *KEYS]
    for alert in alerts:
        own += [alert["customer_id"], alert["rule"], str(alert.get("comment")), str(alert.get("metric"))]
        own += [str(alert.get("touchpoint")), *map(str, alert["attributes"].values()), *alert["attributes"]]
    words = {word for said in own for word in _LATIN.findall(said)}
    return words | {word.capitalize() for word in words}
