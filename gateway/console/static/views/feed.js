/** The feed of cases, newest first, live: open ones, mine, or all. */

import { flash, h, reconcile, replace } from "../dom.js";
import { age, exact } from "../format.js";
import { icon } from "../icons.js";
import { chooseScope, known, listName, on } from "../store.js";
import { due, isClosed, isMetric, nextDue, ownerName, recovery, score, severity, silenced, state, subjectName } from "./caseparts.js";
import { segments } from "./segments.js";

/** @typedef {import("../types.js").Case} Case */

/**
 * @param {HTMLElement} root
 * @param {{older: () => Promise<void>}} actions
 */
export function startFeed(root, { older }) {
  const list = h("ol", { "aria-label": "Cases, newest first" });
  const rest = h("div");
  replace(root, list, rest);
  const redraw = () => draw(list, rest, older);
  on(["cases", "choice", "config", "time"], redraw);
  on(["totals", "config", "choice", "cases"], () => drawFilter(redraw));
  replace(rest, h("div", { class: "bones" }, ...Array.from({ length: 9 }, () => h("i"))));
}

/** @param {() => void} redraw */
function drawFilter(redraw) {
  const fieldset = /** @type {HTMLElement} */ (document.getElementById("feed-filter"));
  const counts = known.totals?.cases ?? {};
  const open = Object.entries(counts).reduce((sum, [name, n]) => (name === "resolved" || name === "dismissed" ? sum : sum + n), 0);
  const words = `Open ${known.totals ? open : ""}`.trim();
  const label = fieldset.querySelector('[data-value="open"]');
  if (label) {
    label.textContent = words;
    return;
  }
  segments(fieldset, "feed", [["open", words], ["mine", "Mine"], ["all", "All"]], known.scope, (value) => {
    chooseScope(/** @type {typeof known.scope} */ (value));
    redraw();
  });
}

/** The cases of the chosen list, newest first: down to where nothing of it is missing. @param {number} floor */
function chosen(floor) {
  const found = [...known.cases.values()].filter((item) => item.id >= floor).sort((a, b) => b.id - a.id);
  if (known.scope === "all") return found;
  return found.filter((item) => !isClosed(item) && (known.scope === "open" || item.owner === known.me));
}

/** @param {HTMLElement} list @param {HTMLElement} rest @param {() => Promise<void>} older */
function draw(list, rest, older) {
  const nobody = known.scope === "mine" && !known.me;
  const held = known.lists.get(listName());
  if (!held && !nobody) {
    // Its first page is on its way. What is shown stays until then, but for the button: it would ask for the other list.
    for (const button of rest.querySelectorAll(".more")) button.remove();
    return;
  }
  const found = held ? chosen(held.floor) : [];
  const first = list.dataset.list !== listName();
  list.dataset.list = listName();
  reconcile(list, found, (item) => String(item.id), () => h("li"), (element, item) => update(element, item, !first));
  if (held?.cursor) {
    const more = /** @type {HTMLButtonElement} */ (h("button", { class: "button more", type: "button", text: "Show older cases" }));
    more.addEventListener("click", () => {
      more.disabled = true;
      void older();
    });
    if (!rest.querySelector(".more:not([disabled])")) replace(rest, more);
  } else if (found.length) replace(rest);
  else replace(rest, empty());
}

/** @param {HTMLElement} element @param {Case} item @param {boolean} mayFlash */
function update(element, item, mayFlash) {
  const now = Date.now();
  const stamp = `${item.version} ${age(item.opened_at, now)} ${nextDue(item, now)?.words} ${ownerName(item)} ${item.silence?.ends_at} ${item.silence?.holds}`;
  if (element.dataset.stamp === stamp) return;
  const isNew = element.dataset.version !== String(item.version);
  element.dataset.stamp = stamp;
  element.dataset.version = String(item.version);
  const focused = element.contains(document.activeElement);
  const link = row(item, now);
  replace(element, link);
  if (focused) link.focus({ preventScroll: true });
  if (isNew && mayFlash) flash(link);
}

/** @param {Case} item @param {number} now */
function row(item, now) {
  const alert = item.latest_alert;
  const place = [item.touchpoint ?? alert.touchpoint, alert.channel].filter(Boolean).join(" · ");
  const owner = ownerName(item);
  return h(
    "a",
    { class: "case", href: `#/cases/${item.id}`, "data-severity": item.severity, "data-closed": isClosed(item) },
    h(
      "span",
      { class: "case-line" },
      severity(item),
      h("span", { class: "case-small", text: `C-${item.id}` }),
      item.answer_count > 1 ? h("span", { class: "case-small", text: `${item.answer_count} ${isMetric(item) ? "alarms" : "answers"}` }) : null,
      item.page === false ? h("span", { class: "case-small", title: "Nobody is reminded of it", text: "no hurry" }) : null,
      alert.contact_requested ? h("span", { class: "due", title: "The customer asks to be contacted" }, icon("phone"), "asks for contact") : null,
      h("time", { class: "case-small push", datetime: item.opened_at, title: exact(item.opened_at), text: age(item.opened_at, now) }),
    ),
    h(
      "span",
      { class: "case-line" },
      score(alert),
      h("span", { class: "case-who", text: subjectName(item) }),
      h("span", { class: "case-small owner", text: place }),
    ),
    words(alert),
    h(
      "span",
      { class: "case-line case-foot" },
      state(item),
      h("span", { class: "case-small owner", text: owner }),
      silenced(item, now, "line"),
      h("span", { class: "push" }, recovery(item, now) ?? due(item, now)),
    ),
  );
}

/** What the customer said; where there is no answer, what the rule saw. @param {import("../types.js").Alert} alert */
function words(alert) {
  if (alert.comment) return h("span", { class: "case-words", lang: alert.language ?? "", dir: "auto", text: alert.comment });
  return alert.score === null ? h("span", { class: "case-words", text: alert.reason }) : h("span", { class: "case-words none", text: "no comment" });
}

function empty() {
  if (known.scope === "mine" && !known.me)
    return h("div", { class: "empty" }, h("strong", { text: "Who are you?" }), h("p", { text: "Choose your name under “Working as” at the top, and your cases are listed here." }));
  if (known.scope === "mine")
    return h("div", { class: "empty" }, h("strong", { text: "Nothing waits for you" }), h("p", { text: "Cases that are routed or reassigned to you appear here at once." }));
  return h(
    "div",
    { class: "empty" },
    h("strong", { text: known.scope === "open" && Object.keys(known.totals?.cases ?? {}).length ? "No open cases" : "No cases yet" }),
    h("p", { text: "A case opens when a rule of loop.yaml flags an answer, such as an NPS of 6 or less. It appears here and in Slack within a second." }),
  );
}
