/** The drawer at the right: one case with its answers, history and actions, or the dead letters. Driven by the address. */

import { ApiError, fetchCase, fetchCases } from "../api.js";
import { byId, h, replace } from "../dom.js";
import { age, exact, moment, sentence } from "../format.js";
import { icon } from "../icons.js";
import { known, on, putCases } from "../store.js";
import { actionButtons } from "./actions.js";
import { actorName, due, isClosed, isMetric, nextDue, ownerName, recovery, score, severity, state, subjectName } from "./caseparts.js";
import { showDeadLetters } from "./deadletters.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {import("../types.js").CaseEvent} CaseEvent
 * @typedef {import("../types.js").Alert} Alert
 */

/** @type {Case | null} the case in the drawer, with its history */
let shown = null;
/** Why the drawer shows another picture than the person acted on. */
let staleWords = "";

/** Follow the address: `#/cases/17`, `#/deadletters`. */
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
      facts(item, now),
      h("h3", { class: "part", text: flaggedWords(item) }),
      ...(item.alerts?.length ? item.alerts : [item.latest_alert]).map((alert) => answer(alert, now)),
      ...(later.length ? [h("h3", { class: "part", text: isMetric(item) ? "Later alarms" : "Complained again" }), h("ul", { class: "story" }, ...later.map((other) => again(other, now)))] : []),
      h("h3", { class: "part", text: "History" }),
      h("ol", { class: "story" }, ...[...(item.events ?? [])].reverse().map((event) => entry(item, event, now))),
    ),
    h("footer", { class: "drawer-actions" }, ...actionButtons(item, after)),
  );
  const button = focusedAction && drawer.querySelector(`[data-action="${CSS.escape(focusedAction)}"]`);
  if (button) /** @type {HTMLElement} */ (button).focus();
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
    ["Opened", `${moment(item.opened_at, now)}, ${age(item.opened_at, now)} ago`],
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

/** @type {Record<string, string>} */
const DID = {
  opened: "opened by a rule",
  joined: "flagged again",
  acknowledge: "acknowledged",
  contact: "contacted the customer",
  resolve: "resolved",
  reassign: "reassigned",
  snooze: "snoozed",
  wake: "woke it",
  reopen: "reopened",
  dismiss: "dismissed",
  lease_expired: "no contact in time: returned to the queue",
};

/** The same of a metric. @type {Record<string, string>} */
const DID_TO_METRIC = { joined: "another alarm joined", acknowledge: "looks into it", dismiss: "dismissed as a false alarm", lease_expired: "not resolved in time: returned to the queue" };

/** @type {Record<string, string>} */
const FROM = { slack: "Slack", console: "the console", api: "the API" };

/** What was said with an action, as the rest of a sentence. @param {CaseEvent} event @param {number} now */
function manner(event, now) {
  const said = event.detail ?? {};
  const cause = said.root_cause && (known.config?.rootCauses[said.root_cause] ?? said.root_cause);
  return [
    said.rule && `: ${said.rule}`,
    said.owner && ` ${event.action === "reassign" ? "to" : "for"} ${actorName(said.owner)}`,
    said.channel && ` by ${said.channel}`,
    said.until && ` until ${moment(said.until, now)}`,
    cause && `: ${cause}`,
  ]
    .filter(Boolean)
    .join("");
}

/** What somebody was told of. @type {Record<string, Record<string, string>>} */
const NOTICES = {
  reminded: { acknowledge: "the case is to be taken soon", contact: "the customer is to be contacted soon" },
  escalated: { acknowledge: "nobody took the case in time", contact: "the customer was not contacted in time", lease: "it was taken, and the customer not contacted in time" },
};

/** The same of a metric. @type {Record<string, string>} */
const NOTICES_OF_METRIC = { acknowledge: "nobody looked into it in time", lease: "it was taken, and not resolved in time" };

/** Who was told, and of what. It changed nothing. @param {Case} item @param {CaseEvent} event */
function notice(item, event) {
  const { of = "", told = "" } = event.detail ?? {};
  const who = told.startsWith("person:") ? actorName(told.slice("person:".length)) : told;
  const why = (isMetric(item) && event.action === "escalated" && NOTICES_OF_METRIC[of]) || NOTICES[event.action]?.[of] || of;
  return `${event.action === "reminded" ? "reminded" : "told"} ${who}: ${why}`;
}

/** @param {Case} item @param {CaseEvent} event */
function deed(item, event) {
  if (event.action in NOTICES) return notice(item, event);
  if (event.detail?.recovered) return "back to normal";
  return (isMetric(item) && DID_TO_METRIC[event.action]) || DID[event.action] || sentence(event.action);
}

/** @param {Case} item @param {CaseEvent} event @param {number} now */
function entry(item, event, now) {
  const did = deed(item, event) + manner(event, now);
  const system = event.via === "system";
  // A caller that gave no name, where the gateway asks for no key.
  const who = event.actor === event.via ? "Someone" : actorName(event.actor, event.actor_name);
  return h(
    "li",
    {},
    h(
      "div",
      { class: "case-line" },
      system ? h("span", { text: did.charAt(0).toUpperCase() + did.slice(1) }) : h("span", {}, h("b", { text: who }), ` ${did}`),
      h("time", { class: "case-small push", datetime: event.at, title: exact(event.at), text: moment(event.at, now) }),
    ),
    system ? null : h("span", { class: "case-small", text: `from ${FROM[event.via] ?? event.via}${event.detail?.key ? ` with the key “${event.detail.key}”` : ""}` }),
    event.detail?.note ? h("blockquote", { dir: "auto", text: event.detail.note }) : null,
  );
}
