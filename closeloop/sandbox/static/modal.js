// Modals: the top of the acting person's stack, as a dialog.

import { renderBlocks } from "./blocks.js";
import { avatar, fill, h } from "./dom.js";
import { valueOfState } from "./elements.js";
import { textObject } from "./mrkdwn.js";
import { act, store } from "./store.js";

const dialog = () => document.getElementById("modal");
let shown = { id: "", hash: "" };
let typedByView = new Map();
let leaving = "";

function typedOf(view) {
  if (!typedByView.has(view.id)) typedByView.set(view.id, {});
  const typed = typedByView.get(view.id);
  for (const [block, actions] of Object.entries(view.state.values)) {
    for (const [action, state] of Object.entries(actions)) {
      const value = valueOfState(state);
      if (value !== undefined) (typed[block] ??= {})[action] ??= value;
    }
  }
  return typed;
}

/** Show the top of the stack, or nothing if it is empty; leaves alone what did not change. */
export function showModals() {
  const view = store.modals.at(-1);
  if (!view) {
    shown = { id: "", hash: "" };
    typedByView = new Map();
    if (dialog().open) dialog().close();
    return;
  }
  if (view.id === shown.id && view.hash === shown.hash) return;
  shown = { id: view.id, hash: view.hash };
  render(view);
  if (!dialog().open) dialog().showModal();
  // Where a dialog asks for something, one begins to type; showModal would choose the cross in the corner.
  dialog().querySelector(".body :is(input, select, textarea)")?.focus({ preventScroll: true });
}

/** A dialog is left once: the browser may tell of one Escape twice. */
async function dismiss(view, everything) {
  if (leaving === view.id) return;
  leaving = view.id;
  const result = await act("dismiss", { view_id: view.id, everything });
  if (result.problem) leaving = "";
}

async function submit(view, host) {
  const form = dialog().querySelector("form");
  form.classList.add("busy");
  const result = await act("submit", { view_id: view.id, typed: host.typed });
  form.classList.remove("busy");
  if (store.modals.at(-1)?.id !== view.id || store.modals.at(-1)?.hash !== view.hash) return;
  const failed = result.problem || (!result.acked && !Object.keys(result.errors ?? {}).length);
  render(view, result.errors ?? {}, failed ? result.problem || "the app did not answer" : "");
  dialog().querySelector(".invalid :is(input, select, textarea)")?.focus();
}

function render(view, errors = {}, problem = "") {
  const host = {
    typed: typedOf(view),
    errors,
    form: true,
    async click(part, block, value) {
      const result = await act("click", { view_id: view.id, action_id: part.action_id, block_id: block.block_id, value, typed: host.typed });
      return result.acked ? "" : result.problem;
    },
  };
  const pushed = store.modals.length > 1;
  const onsubmit = (event) => {
    event.preventDefault();
    submit(view, host);
  };
  fill(
    dialog(),
    h(
      "form",
      { onsubmit, novalidate: true },
      h(
        "header",
        {},
        pushed && h("button", { type: "button", class: "icon", "aria-label": "Back", onclick: () => dismiss(view, false) }, "←"),
        avatar(store.app.name, true),
        h("h2", { id: "modal-title" }, textObject(view.title)),
        h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => dismiss(view, true) }, "✕"),
      ),
      problem && h("p", { class: "trouble", role: "alert" }, `⚠ That did not reach ${store.app.name}: ${problem}. Try again?`),
      h("div", { class: "body" }, renderBlocks(view.blocks, host)),
      h(
        "footer",
        {},
        h("button", { type: "button", class: "button", onclick: () => dismiss(view, false) }, view.close ? textObject(view.close) : "Cancel"),
        view.submit && h("button", { type: "submit", class: "button primary" }, textObject(view.submit)),
      ),
    ),
  );
  dialog().oncancel = (event) => {
    event.preventDefault();
    dismiss(view, false);
  };
}
