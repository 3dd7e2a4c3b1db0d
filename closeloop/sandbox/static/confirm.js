// The small dialog that asks before an action with a `confirm` object.

import { fill, h } from "./dom.js";
import { textObject } from "./mrkdwn.js";

/** Ask; resolves to whether the person agreed. */
export function ask(confirm) {
  const dialog = document.getElementById("confirm");
  return new Promise((resolve) => {
    const answer = (value) => () => dialog.close(value);
    fill(
      dialog,
      h("h2", { id: "confirm-title" }, textObject(confirm.title)),
      h("div", { class: "body" }, textObject(confirm.text)),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "button", onclick: answer("no") }, textObject(confirm.deny)),
        h("button", { type: "button", class: `button ${confirm.style ?? "primary"}`, onclick: answer("yes") }, textObject(confirm.confirm)),
      ),
    );
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
