/** What was done with a case, as sentences: who, what, with which words, from where. */

import { h } from "../dom.js";
import { exact, moment, sentence } from "../format.js";
import { known } from "../store.js";
import { actorName, isMetric } from "./caseparts.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {import("../types.js").CaseEvent} CaseEvent
 */

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
  unsilenced: "ended the silence",
  recovered: "the customer came back and answered well",
  linked: "became part of",
};

/** The same of a metric. @type {Record<string, string>} */
const DID_TO_METRIC = { joined: "another alarm joined", acknowledge: "looks into it", dismiss: "dismissed as a false alarm", lease_expired: "not resolved in time: returned to the queue" };

/** @type {Record<string, string>} */
const FROM = { slack: "Slack", console: "the console", api: "the API", system: "a terminal" };

/** @param {Record<string, any>} said @param {number} now */
const till = (said, now) => (said.silenced_until ? ` until ${moment(said.silenced_until, now)}` : "");

/** What was said with an action, as the rest of a sentence. @param {CaseEvent} event @param {number} now */
function manner(event, now) {
  const said = event.detail ?? {};
  if (event.action === "unsilenced") return ` S-${said.silence}${said.silenced_by ? `; S-${said.silenced_by} holds its messages${till(said, now)}` : ": its messages go out"}`;
  if (event.action === "recovered") return "";
  if (event.action === "linked") return ` incident I-${said.incident}`;
  const cause = said.root_cause && (known.config?.rootCauses[said.root_cause] ?? said.root_cause);
  return [
    said.rule && `: ${said.rule}`,
    said.owner && ` ${event.action === "reassign" ? "to" : "for"} ${actorName(said.owner)}`,
    said.channel && ` by ${said.channel}`,
    said.until && ` until ${moment(said.until, now)}`,
    cause && `: ${cause}`,
    said.incident && `; part of incident I-${said.incident}`,
    said.silenced_until ? `; silence S-${said.silence} holds its messages${till(said, now)}` : said.silence === null && "; it is no longer silenced",
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
  if (event.detail?.recovered && isMetric(item)) return "back to normal";
  return (isMetric(item) && DID_TO_METRIC[event.action]) || DID[event.action] || sentence(event.action);
}

/** One line of a case's history. @param {Case} item @param {CaseEvent} event @param {number} now */
export function entry(item, event, now) {
  const did = deed(item, event) + manner(event, now);
  // Who ends a silence at a terminal is a person, too.
  const system = event.via === "system" && event.actor === "system";
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
