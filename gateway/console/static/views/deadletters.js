/** The dead letters: what could not be read and why, where it lies, and the way to send it again. No content is shown. */

import { ApiError, fetchDeadLetters, replayDeadLetter } from "../api.js";
import { h, replace } from "../dom.js";
import { exact, moment } from "../format.js";
import { icon } from "../icons.js";
import { toast } from "./notice.js";

/** @typedef {import("../types.js").DeadLetter} DeadLetter */

/**
 * Fill the drawer.
 * @param {HTMLElement} drawer
 * @param {HTMLElement} head
 */
export async function showDeadLetters(drawer, head) {
  const body = h("div", { class: "drawer-body", tabindex: "0", role: "region", "aria-label": "Dead letters" }, h("div", { class: "bones" }, ...Array.from({ length: 6 }, () => h("i"))));
  head.append(h("p", { class: "muted", text: "Kept with their untouched bytes. Replay sends a letter to its topic again: once what was wrong is mended." }));
  replace(drawer, head, body);
  const rows = h("tbody");
  const rest = h("div");

  /** @param {string | null} cursor */
  async function page(cursor) {
    try {
      const { deadletters, next } = await fetchDeadLetters(cursor);
      if (cursor === null) replace(body, deadletters.length ? table(rows) : nothing(), rest);
      rows.append(...deadletters.map(row));
      const more = next ? h("button", { class: "button more", type: "button", text: "Show older ones" }) : null;
      more?.addEventListener("click", () => void page(next));
      replace(rest, more);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(cursor === null ? body : rest, h("div", { class: "empty" }, h("strong", { text: error.message })));
    }
  }

  await page(null);
}

function nothing() {
  return h("div", { class: "empty" }, h("strong", { text: "No dead letters" }), h("p", { text: "Every event so far could be read." }));
}

/** @param {HTMLElement} rows */
function table(rows) {
  const heads = ["When", "Reason", "Field and problem", "Position", ""];
  return h("table", { class: "letters" }, h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col", text: text || null }, text ? null : h("span", { class: "sr", text: "Replay" }))))), rows);
}

/** @param {DeadLetter} letter */
function row(letter) {
  const place = h("td");
  const done = () => replace(place, h("span", { class: "case-small" }, icon("tick"), " replayed"));
  const button = /** @type {HTMLButtonElement} */ (h("button", { class: "button", type: "button" }, icon("replay"), "Replay"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await replayDeadLetter(letter.id);
      done();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      button.disabled = false;
      toast(error.message);
    }
  });
  if (letter.replayed_at) done();
  else place.append(button);
  return h(
    "tr",
    {},
    h("td", {}, h("time", { datetime: letter.at, title: exact(letter.at), text: moment(letter.at, Date.now()) })),
    h("td", {}, h("b", { text: letter.reason })),
    h("td", {}, letter.field ? h("code", { text: letter.field }) : null, letter.field ? " " : null, letter.problem),
    h("td", {}, h("code", { text: `${letter.topic}/${letter.partition} @ ${letter.offset}` })),
    place,
  );
}
