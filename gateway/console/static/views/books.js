/** The books: received = counted + duplicates + late + dead letters, for each topic, with a tick where it balances. */

import { byId, h, replace } from "../dom.js";
import { sentence, whole } from "../format.js";
import { icon } from "../icons.js";
import { known, on } from "../store.js";

/**
 * @typedef {import("../types.js").Account} Account
 * @typedef {import("../types.js").Totals} Totals
 */

/** @param {HTMLElement} root */
export function startBooks(root) {
  replace(root, h("div", { class: "bones" }, ...Array.from({ length: 4 }, () => h("i"))));
  on(["totals", "config"], () => {
    if (known.totals) draw(root, known.totals);
  });
}

/** @param {Record<string, number>} counts */
const sum = (counts) => Object.values(counts).reduce((total, n) => total + n, 0);

/** What is received and not yet in any account. @param {Account} account */
export function missing(account) {
  return account.received - account.counted - account.duplicates - account.late - sum(account.dead_letters);
}

/** @param {HTMLElement} root @param {Totals} totals */
function draw(root, totals) {
  const focusInside = root.contains(document.activeElement);
  const accounts = { Touchpoints: totals.touchpoints, Responses: totals.responses };
  const off = Object.values(accounts).reduce((most, account) => most + Math.abs(missing(account)), 0);
  const verdict = byId("books-verdict");
  verdict.hidden = false;
  verdict.dataset.state = off ? "off" : "even";
  replace(verdict, icon(off ? "clock" : "tick"), off ? `${whole(off)} not yet settled` : "balanced");
  const heads = ["", "received", "", "counted", "", "duplicates", "", "late", "", "dead", ""];
  replace(
    root,
    h(
      "table",
      { class: "equation" },
      h("thead", {}, h("tr", {}, ...heads.map((text, index) => h(index % 2 || text ? "th" : "td", text ? { scope: "col", text } : {})))),
      h("tbody", {}, ...Object.entries(accounts).map(([name, account]) => line(name, account))),
    ),
    ledger(totals),
  );
  if (focusInside) root.querySelector("a")?.focus();
}

/** @param {string} name @param {Account} account */
function line(name, account) {
  const off = missing(account);
  const parts = { counted: account.counted, duplicates: account.duplicates, late: account.late, dead: sum(account.dead_letters) };
  return h(
    "tr",
    {},
    h("th", { scope: "row", text: name }),
    h("td", { class: "sum", "data-words": "received", text: whole(account.received) }),
    ...Object.entries(parts).flatMap(([words, n], index) => [
      h("td", { class: "sign", text: index ? "+" : "=" }),
      h("td", { class: n ? "" : "zero", "data-words": words, text: whole(n) }),
    ]),
    h(
      "td",
      {},
      off
        ? h("span", { class: "off", title: "Received and not yet in an account: under way, if it goes away", text: whole(off) })
        : h("span", { class: "balance" }, icon("tick"), h("span", { class: "sr", text: "balances" })),
    ),
  );
}

/** @param {Totals} totals */
function ledger(totals) {
  /** @type {Record<string, number>} */
  const reasons = {};
  for (const account of [totals.touchpoints, totals.responses])
    for (const [reason, n] of Object.entries(account.dead_letters)) reasons[reason] = (reasons[reason] ?? 0) + n;
  const states = ["open", "acknowledged", "contacted", "snoozed", "resolved", "dismissed"];
  const cases = Object.fromEntries(states.filter((state) => totals.cases[state]).map((state) => [state, totals.cases[state]]));
  const letters = tallies(reasons, "none");
  if (sum(reasons)) letters.append(h("a", { href: "#/deadletters", text: "Read and replay" }));
  return h(
    "dl",
    { class: "ledger" },
    h("dt", { text: "Dead letters" }),
    letters,
    h("dt", { text: "Alerts" }),
    tallies(totals.alerts, "none yet"),
    h("dt", { text: "Cases" }),
    tallies(cases, "none yet"),
  );
}

/** @param {Record<string, number>} counts @param {string} nothing */
function tallies(counts, nothing) {
  const found = Object.entries(counts).filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
  if (!found.length) return h("dd", { class: "muted", text: nothing });
  return h("dd", {}, ...found.map(([name, n]) =>
      h("span", { style: { "--share": String((100 * n) / found[0][1]) } }, h("b", { text: whole(n) }), " ", h("i", { text: sentence(name).toLowerCase() })),
    ));
}
