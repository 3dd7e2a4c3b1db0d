/** What stands where nothing is yet: why, and the command that changes it. */

import { h } from "../dom.js";
import { toast } from "./notice.js";

/** @typedef {import("../types.js").Totals} Totals */

/** The command that sends one event to this gateway. */
function command() {
  const event = JSON.stringify({
    specversion: "1.0",
    id: "first-1",
    source: "/try",
    type: "closeloop.response.v1",
    time: new Date().toISOString(),
    data: { customer_id: "c1", metric: "nps", score: 3, touchpoint: "order.delivered", comment: "late again", attributes: { region: "SP" } },
  });
  return `curl ${location.origin}/v1/events \\\n  -H 'content-type: application/cloudevents+json' \\\n  -d '${event}'`;
}

/** @param {Totals} totals */
export function nothingYet(totals) {
  const received = totals.touchpoints.received + totals.responses.received;
  if (received) {
    return h(
      "div",
      { class: "empty" },
      h("strong", { text: "Nothing in this window" }),
      h("p", { text: "Events have been counted, but none of this cut lies in the chosen window. A longer window, another cut, or the history by day shows them." }),
    );
  }
  const text = command();
  const copy = h("button", { class: "button", type: "button", text: "Copy the command" });
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(text).then(
      () => toast("Copied"),
      () => toast("The browser does not allow copying: select the text instead"),
    );
  });
  return h(
    "div",
    { class: "empty" },
    h("strong", { text: "No events yet" }),
    h("p", { text: "Send one from a terminal and watch it arrive here within a second: the metric, and, because a 3 is a detractor, a case." }),
    h("pre", { tabindex: "0" }, h("code", { text })),
    copy,
  );
}
