/** Send all dead letters of a reason again: batch after batch, until the gateway says that all have had their turn. */

import { toast } from "./forms.js";
import { reasonOf, words } from "./words.js";

/** @param {HTMLFormElement} form */
async function replay(form) {
  const path = form.dataset.replay ?? "";
  /** @type {Record<string, unknown>} */
  let body = Object.fromEntries(new FormData(form));
  let sent = 0;
  let refused = 0;
  let why = "";
  for (;;) {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) return toast(reasonOf(told.error), "bad");
    sent += told.sent;
    refused += told.refused;
    why ||= told.refusal ?? "";
    if (told.next === null) break;
    body = { ...body, before: told.before, cursor: told.next };
  }
  if (sent || !refused) toast((form.dataset.sent ?? "").replace("{n}", String(sent)));
  if (refused) toast(`${(form.dataset.refused ?? "").replace("{n}", String(refused))} ${why}`, "bad");
  return undefined;
}

/** Begin. */
export function startReplay() {
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.replay === undefined) return;
    event.preventDefault();
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach((button) => (button.disabled = true));
    try {
      await replay(form);
    } catch {
      toast(words.notDone, "bad");
    }
    buttons.forEach((button) => (button.disabled = false));
  });
}
