/** The drawer at the right: a case with its answers, history and actions, the dead letters, the silences. Driven by the address. */

import { ApiError, fetchCase, fetchCases } from "../api.js";
import { byId, h, replace } from "../dom.js";
import { age, exact, moment, sentence } from "../format.js";
import { icon } from "../icons.js";
import { known, on, putCases } from "../store.js";
import { actionButtons } from "./actions.js";
import { due, isClosed, isMetric, nextDue, ownerName, recovery, score, severity, silenced, state, subjectName } from "./caseparts.js";
import { showDeadLetters } from "./deadletters.js";
import { askForSilence, conditionsOf } from "./silenceform.js";
import { showSilences } from "./silences.js";
import { entry } from "./story.js";
import { whoActs } from "./who.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {import("../types.js").Alert} Alert
 */

/** @type {Case | null} the case in the drawer, with its history */
let shown = null;
/** Why the drawer shows another picture than the person acted on. */
let staleWords = "";

/** Follow the address: `#/cases/17`, `#/deadletters`, `#/silences`. */
export function startDrawer() {
  const drawer = /** @type {HTMLDialogElement} */ (byId("drawer"));
  drawer.addEventListener("close", () => {
    shown = null;
    if (location.hash.startsWith("#/")) history.pushState(null, "", location.pathname + location.search);
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
  on(["config"], follow);
  on(["cases"], () => {
    const newer = shown && known.cases.get(shown.id);
    if (shown && newer && newer.version > shown.version) void load(shown.id);
  });
  on(["silences"], () => {
    if (shown) void load(shown.id);
  });
  on(["time"], () => {
    const line = drawer.querySelector(".drawer-due");
    if (shown && line) replace(line, recovery(shown, Date.now()) ?? due(shown, Date.now()));
  });
}

function follow() {
  const drawer = /** @type {HTMLDialogElement} */ (byId("drawer"));
  if (!known.config) return;
  const id = /^#\/cases\/(\d+)$/.exec(location.hash)?.[1];
  if (id) {
    drawer.dataset.kind = "case";
    if (shown?.id === Number(id) && drawer.open) return;
    staleWords = "";
    replace(drawer, head(`C-${id}`), h("div", { class: "bones" }, ...Array.from({ length: 8 }, () => h("i"))));
    open(drawer);
    void load(Number(id));
  } else if (location.hash === "#/deadletters") {
    shown = null;
    drawer.dataset.kind = "deadletters";
    open(drawer);
    void showDeadLetters(drawer, head("Dead letters"));
  } else if (location.hash === "#/silences") {
    shown = null;
    drawer.dataset.kind = "silences";
    open(drawer);
    void showSilences(drawer, head("Silences"));
  } else if (drawer.open) drawer.close();
}

/** @param {HTMLDialogElement} drawer */
function open(drawer) {
  if (!drawer.open) drawer.showModal();
}

/** @param {string} words @param {...(Node | null)} below */
function head(words, ...below) {
  const close = h("button", { class: "close push", type: "button", "aria-label": "Close" }, icon("cross"));
  close.addEventListener("click", () => /** @type {HTMLDialogElement} */ (byId("drawer")).close());
  return h("header", { class: "drawer-head" }, h("div", { class: "case-line" }, h("h2", { id: "drawer-title", text: words }), close), ...below);
}

/** @param {number} id */
async function load(id) {
  const drawer = /** @type {HTMLDialogElement} */ (byId("drawer"));
  try {
    const item = await fetchCase(id);
    const later = isClosed(item) ? await laterCases(item) : [];
    if (location.hash !== `#/cases/${id}`) return;
    shown = item;
    draw(drawer, item, later);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const words = error.status === 404 ? `There is no case C-${id}.` : error.message;
    replace(drawer, head(`C-${id}`), h("div", { class: "empty" }, h("strong", { text: words })));
  }
}

/** What the alerts of the case are. @param {Case} item */
function flaggedWords(item) {
  if (isMetric(item)) return item.answer_count === 1 ? "The alarm" : `The ${item.answer_count} alarms`;
  if (item.answer_count === 0) return "What failed";
  return item.answer_count === 1 ? "The answer" : `The ${item.answer_count} answers`;
}

/** The customer's cases after this one, the next one first. @param {Case} item */
async function laterCases(item) {
  const { cases } = await fetchCases({ customer: item.customer_id, limit: 50 });
  return cases.filter((other) => other.id > item.id).reverse();
}

/** @param {HTMLDialogElement} drawer @param {Case} item @param {Case[]} later */
function draw(drawer, item, later) {
  const now = Date.now();
  const focusedAction = document.activeElement?.getAttribute("data-action");
  replace(
    drawer,
    head(
      `C-${item.id} · ${subjectName(item)}`,
      h("div", { class: "case-line" }, severity(item), state(item), h("span", { class: "case-small", text: ownerName(item) }), h("span", { class: "drawer-due" }, recovery(item, now) ?? due(item, now))),
      staleWords ? h("p", { class: "banner", role: "alert", text: `Changed meanwhile: ${staleWords}. This is how it stands now.` }) : null,
    ),
    h(
      "div",
      { class: "drawer-body", tabindex: "0", role: "region", "aria-label": "The case" },
      silenced(item, now, "banner"),
      facts(item, now),
      h("h3", { class: "part", text: flaggedWords(item) }),
      ...(item.alerts?.length ? item.alerts : [item.latest_alert]).map((alert) => answer(alert, now)),
      ...(later.length ? [h("h3", { class: "part", text: isMetric(item) ? "Later alarms" : "Complained again" }), h("ul", { class: "story" }, ...later.map((other) => again(other, now)))] : []),
      h("h3", { class: "part", text: "History" }),
      h("ol", { class: "story" }, ...[...(item.events ?? [])].reverse().map((event) => entry(item, event, now))),
    ),
    h("footer", { class: "drawer-actions" }, ...actionButtons(item, after), isClosed(item) ? null : silenceAlike(item)),
  );
  const button = focusedAction && drawer.querySelector(`[data-action="${CSS.escape(focusedAction)}"]`);
  if (button) /** @type {HTMLElement} */ (button).focus();
}

/** The way to a silence of alerts like this one. @param {Case} item */
function silenceAlike(item) {
  const button = h("button", { type: "button", class: "button button-quiet", "data-action": "silence", text: "Silence alike…" });
  button.addEventListener("click", () => void whoActs().then((who) => who && askForSilence(conditionsOf(item.latest_alert))));
  return button;
}

/** @param {{changed?: Case, stale?: string}} result */
function after({ changed: item, stale }) {
  const id = item?.id ?? shown?.id;
  staleWords = stale ?? "";
  if (item?.latest_alert) putCases([item]);
  if (id !== undefined) void load(id);
}

/** @param {Case} item @param {number} now */
function facts(item, now) {
  const rows = [
    ["Opened", `${moment(item.opened_at, now)}, ${age(item.opened_at, now)} ago`.replace("now ago", "just now")],
    ["Touchpoint", item.touchpoint],
    ["Routed to", item.receiver],
    ["Programme", item.programme],
    ["Acknowledged", item.acknowledged_at && moment(item.acknowledged_at, now)],
    ["Contacted", item.contacted_at && moment(item.contacted_at, now)],
    [item.state === "dismissed" ? "Dismissed" : "Resolved", item.closed_at && moment(item.closed_at, now)],
    ["Resolve by", !item.closed_at && nextDue(item, now) && item.resolve_by && moment(item.resolve_by, now)],
    ["Root cause", item.root_cause && (known.config?.rootCauses[item.root_cause] ?? item.root_cause)],
    ...Object.entries(item.attributes).map(([name, value]) => [sentence(name), String(value)]),
  ];
  const given = rows.filter(([, value]) => value);
  return h("dl", { class: "facts" }, ...given.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))));
}

/** @param {Alert} alert @param {number} now */
function answer(alert, now) {
  const place = [alert.touchpoint, alert.channel, alert.language].filter(Boolean).join(" · ");
  return h(
    "article",
    { class: "answer" },
    h(
      "div",
      { class: "case-line" },
      score(alert),
      h("span", { class: "case-small owner", text: place }),
      h("time", { class: "case-small push", datetime: alert.event_time, title: exact(alert.event_time), text: moment(alert.event_time, now) }),
    ),
    alert.comment ? h("q", { lang: alert.language ?? "", dir: "auto", text: alert.comment }) : null,
    ...reason(alert),
    alert.contact_requested ? h("p", { class: "due" }, icon("phone"), "asks to be contacted") : null,
  );
}

/** Why it was flagged: beside an answer a note, else the matter itself. @param {Alert} alert */
function reason(alert) {
  const by = `${alert.recovered ? "Over, says" : "Flagged by"} “${alert.rule}”`;
  if (alert.score !== null) return [h("p", { class: "answer-note", text: `${by}: ${alert.reason}` })];
  return [h("p", { text: alert.reason }), h("p", { class: "answer-note", text: by })];
}

/** A later case of the customer: how they were after this one. @param {Case} item @param {number} now */
function again(item, now) {
  const link = h("a", { href: `#/cases/${item.id}`, text: `C-${item.id}` });
  const at = h("time", { class: "case-small push", datetime: item.opened_at, title: exact(item.opened_at), text: moment(item.opened_at, now) });
  return h("li", {}, h("div", { class: "case-line" }, score(item.latest_alert), link, state(item), at));
}
