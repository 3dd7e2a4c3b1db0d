/** The feed of cases, newest first, live: open ones, mine, or all. */

import { flash, h, reconcile, replace } from "../dom.js";
import { age, exact } from "../format.js";
import { icon } from "../icons.js";
import { known, on } from "../store.js";
import { due, isClosed, nextDue, ownerName, score, severity, state } from "./caseparts.js";
import { segments } from "./segments.js";

/** @typedef {import("../types.js").Case} Case */

let filter = "open";

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
  segments(fieldset, "feed", [["open", words], ["mine", "Mine"], ["all", "All"]], filter, (value) => {
    filter = value;
    redraw();
  });
}

function chosen() {
  const all = [...known.cases.values()].sort((a, b) => b.id - a.id);
  if (filter === "all") return all;
  if (filter === "mine") return all.filter((item) => !isClosed(item) && known.me && item.owner === known.me);
  return all.filter((item) => !isClosed(item));
}

/** @param {HTMLElement} list @param {HTMLElement} rest @param {() => Promise<void>} older */
function draw(list, rest, older) {
  if (!known.casesLoaded) return;
  const found = chosen();
  const first = !list.children.length;
  reconcile(list, found, (item) => String(item.id), () => h("li"), (element, item) => update(element, item, !first));
  if (!found.length) replace(rest, empty());
  else if (known.casesCursor) {
    const more = /** @type {HTMLButtonElement} */ (h("button", { class: "button more", type: "button", text: "Show older cases" }));
    more.addEventListener("click", () => {
      more.disabled = true;
      void older();
    });
    if (!rest.querySelector(".more:not([disabled])")) replace(rest, more);
  } else replace(rest);
}

/** @param {HTMLElement} element @param {Case} item @param {boolean} mayFlash */
function update(element, item, mayFlash) {
  const now = Date.now();
  const stamp = `${item.version} ${age(item.opened_at, now)} ${nextDue(item, now)?.words} ${ownerName(item)}`;
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
      item.alert_count > 1 ? h("span", { class: "case-small", text: `${item.alert_count} answers` }) : null,
      alert.contact_requested ? h("span", { class: "due", title: "The customer asks to be contacted" }, icon("phone"), "asks for contact") : null,
      h("time", { class: "case-small push", datetime: item.opened_at, title: exact(item.opened_at), text: age(item.opened_at, now) }),
    ),
    h(
      "span",
      { class: "case-line" },
      score(alert),
      h("span", { class: "case-who", text: item.customer_id }),
      h("span", { class: "case-small owner", text: place }),
    ),
    alert.comment
      ? h("span", { class: "case-words", lang: alert.language ?? "", dir: "auto", text: alert.comment })
      : h("span", { class: "case-words none", text: "no comment" }),
    h(
      "span",
      { class: "case-line case-foot" },
      state(item),
      h("span", { class: "case-small owner", text: owner }),
      h("span", { class: "push" }, due(item, now)),
    ),
  );
}

function empty() {
  const loadedAll = !known.casesCursor;
  if (filter === "mine" && !known.me)
    return h("div", { class: "empty" }, h("strong", { text: "Who are you?" }), h("p", { text: "Choose your name under “Working as” at the top, and your cases are listed here." }));
  if (filter === "mine")
    return h("div", { class: "empty" }, h("strong", { text: "Nothing waits for you" }), h("p", { text: "Cases that are routed or reassigned to you appear here at once." }));
  return h(
    "div",
    { class: "empty" },
    h("strong", { text: filter === "open" && known.cases.size ? "No open cases" : "No cases yet" }),
    h("p", { text: "A case opens when a rule of loop.yaml flags an answer, such as an NPS of 6 or less. It appears here and in Slack within a second." }),
    loadedAll ? null : h("p", { text: "Older cases are not loaded." }),
  );
}
