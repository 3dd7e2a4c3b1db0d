/** Silences: a line over the cases, and a list in the drawer with what each holds, who asked for it, and its end. */

import { ApiError, endSilence, fetchAllSilences } from "../api.js";
import { h, reconcile, replace } from "../dom.js";
import { deadline, exact, moment, span } from "../format.js";
import { icon } from "../icons.js";
import { known, on } from "../store.js";
import { toast } from "./notice.js";
import { askForSilence } from "./silenceform.js";
import { whoActs } from "./who.js";

/**
 * @typedef {import("../types.js").Silence} Silence
 * @typedef {import("../types.js").Condition} Condition
 */

/** The list that the drawer shows now. @type {HTMLElement | null} */
let list = null;

/** @param {HTMLElement} line the link over the cases */
export function startSilenceLine(line) {
  on(["silences", "time"], () => {
    drawLine(line);
    if (list?.isConnected) drawList(list);
  });
  drawLine(line);
}

/** @param {HTMLElement} line */
function drawLine(line) {
  const now = Date.now();
  const holding = (known.silences ?? []).filter((one) => one.state === "holds" && Date.parse(one.ends_at) > now);
  const held = holding.reduce((sum, one) => sum + one.cases_held, 0);
  const next = holding.map((one) => one.ends_at).sort((a, b) => Date.parse(a) - Date.parse(b))[0];
  line.dataset.some = String(holding.length > 0);
  const what = holding.length === 1 ? "1 silence" : `${holding.length} silences`;
  const words = holding.length ? `${what}: ${held || "no"} ${held === 1 ? "case" : "cases"} held, ${holding.length === 1 ? "" : "the first "}until ${deadline(next, now)}` : "No silences";
  if (line.dataset.words === words) return;
  line.dataset.words = words;
  replace(line, icon("mute"), h("span", { text: words }));
}

/**
 * Fill the drawer.
 * @param {HTMLElement} drawer
 * @param {HTMLElement} head
 */
export function showSilences(drawer, head) {
  head.append(h("p", { class: "muted", text: "Alerts that fit disturb nobody until the end. Cases are made and joined as ever; their messages wait, and what is promised counts from the end." }));
  const current = h("ol", { class: "silences", "aria-label": "Silences that hold or are to come" });
  const past = h("div");
  const add = h("button", { class: "button button-main", type: "button", text: "Silence alerts…" });
  add.addEventListener("click", () => void whoActs().then((who) => who && askForSilence()));
  const body = h("div", { class: "drawer-body", tabindex: "0", role: "region", "aria-label": "Silences" }, current, past);
  replace(drawer, head, body, h("footer", { class: "drawer-actions" }, add));
  list = current;
  drawList(current);
  const older = h("button", { class: "button more", type: "button", text: "Show past ones" });
  older.addEventListener("click", () => void showPast(past, h("ol", { class: "silences", "aria-label": "Past silences" }), null));
  past.append(older);
}

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} rows
 * @param {string | null} cursor
 */
async function showPast(place, rows, cursor) {
  try {
    const { silences, next } = await fetchAllSilences(cursor);
    rows.append(...silences.filter((one) => one.state === "over").map(past));
    const more = next ? h("button", { class: "button more", type: "button", text: "Show older ones" }) : null;
    more?.addEventListener("click", () => void showPast(place, rows, next));
    const none = !next && !rows.children.length ? h("p", { class: "muted", text: "There has been no silence that is over." }) : null;
    replace(place, h("h3", { class: "part", text: "Past ones" }), rows, none, more);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    replace(place, h("div", { class: "empty" }, h("strong", { text: error.message })));
  }
}

/** @param {HTMLElement} rows */
function drawList(rows) {
  const now = Date.now();
  const current = (known.silences ?? []).filter((one) => Date.parse(one.ends_at) > now);
  rows.toggleAttribute("data-empty", !current.length);
  reconcile(rows, current, (one) => String(one.id), create, (element, one) => update(element, one, now));
  if (!current.length) replace(rows, h("li", { class: "empty" }, h("strong", { text: "No silences" }), h("p", { text: "Everything that a rule flags is told. When a trouble is known already, a silence keeps it from disturbing everybody, and loses nothing." })));
}

/** @param {Silence} one */
function create(one) {
  const end = /** @type {HTMLButtonElement} */ (h("button", { class: "button", type: "button", "aria-label": `End S-${one.id} now`, text: "End now" }));
  end.addEventListener("click", () => void whoActs().then((who) => who && endNow(end, one)));
  return h("li", { class: "silence" }, ...about(one), h("p", { class: "case-small silence-when" }), h("div", {}, end));
}

/** @param {HTMLElement} element @param {Silence} one @param {number} now */
function update(element, one, now) {
  const when = element.querySelector(".silence-when");
  if (!when) return;
  const left = (Date.parse(one.ends_at) - now) / 1000;
  const time = one.state === "to_come" ? `from ${moment(one.starts_at, now)} until ${moment(one.ends_at, now)}` : `until ${deadline(one.ends_at, now)}, ${span(left)} left`;
  const held = one.cases_held === 1 ? "1 case held" : `${one.cases_held || "no"} cases held`;
  replace(when, h("span", { title: exact(one.ends_at), text: time }), " · ", h("b", { text: held }), ` · ${author(one, now)}`);
}

/** @param {HTMLButtonElement} button @param {Silence} one */
async function endNow(button, one) {
  button.disabled = true;
  try {
    const ended = await endSilence(one.id, known.me ? { actor: known.me } : {});
    toast(`S-${one.id} is over: ${ended.cases_speaking || "no"} ${ended.cases_speaking === 1 ? "case speaks" : "cases speak"} now`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message);
  } finally {
    button.disabled = false;
  }
}

/** @param {Silence} one */
function past(one) {
  const now = Date.now();
  const over = one.ended_by_name ? `ended ${moment(one.ends_at, now)} by ${one.ended_by_name}` : `over since ${moment(one.ends_at, now)}`;
  return h("li", { class: "silence", "data-over": true }, ...about(one), h("p", { class: "case-small", title: exact(one.ends_at), text: `${over} · ${author(one, now)}` }));
}

/** Which alerts, and why. @param {Silence} one */
function about(one) {
  const conditions = Object.entries(one.matchers).map(([name, wanted]) => h("li", { class: "condition-said" }, ...inWords(name, wanted)));
  return [
    h("div", { class: "silence-what" }, h("span", { class: "case-small", text: `S-${one.id}` }), h("ul", { "aria-label": "Alerts of which all of this is true" }, ...conditions)),
    h("p", { class: "silence-why", dir: "auto", text: one.reason }),
  ];
}

/** @param {Silence} one @param {number} now */
function author(one, now) {
  const from = { slack: " in Slack", api: " over the API", system: " at a terminal" }[one.created_via] ?? "";
  return `by ${one.created_by_name}${from}${one.created_key ? ` with the key “${one.created_key}”` : ""}, ${moment(one.created_at, now)}`;
}

/** A condition in words. @param {string} name @param {Condition} wanted @returns {(Node | string)[]} */
function inWords(name, wanted) {
  const field = h("span", { text: name.replace(/^attributes\./, "").replaceAll("_", " ") });
  const values = (/** @type {unknown} */ value) => [value].flat().map(String).join(" or ");
  if (typeof wanted !== "object" || Array.isArray(wanted)) return [field, " is ", h("b", { text: values(wanted) })];
  const words = { at_least: "at least", at_most: "at most", not: "is not", matches: "fits" };
  const parts = Object.entries(words).filter(([key]) => /** @type {any} */ (wanted)[key] !== undefined && /** @type {any} */ (wanted)[key] !== null);
  return [field, ...parts.flatMap(([key, text], index) => [`${index ? ", " : " "}${text} `, h("b", { text: values(/** @type {any} */ (wanted)[key]) })])];
}
