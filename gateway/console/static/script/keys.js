/** The keyboard alone: move in a list, open, act, search. Nothing fires while somebody types or a dialog is open. */

import { actor, asSomebody } from "./acting.js";
import { toast } from "./forms.js";
import { send } from "./send.js";

const ACTIONS = /** @type {Record<string, string>} */ ({ a: "acknowledge", c: "contact", r: "resolve", s: "snooze", g: "reassign", d: "dismiss" });
/** The row that had the focus last, by its place: where it goes, the next one takes its place. */
let place = -1;

/** The key that is meant, on keyboards of other scripts by where it lies. @param {KeyboardEvent} event */
function keyOf(event) {
  if (event.key.length !== 1 || event.key.charCodeAt(0) < 128) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

const links = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-rows] .row-link")]);

/** @param {number} by */
function step(by) {
  const all = links();
  const here = all.findIndex((link) => link === document.activeElement);
  const next = all[here < 0 ? (by > 0 ? Math.max(place, 0) : place) : here + by];
  next?.focus();
  next?.closest(".row")?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

/** @param {string} action */
function act(action) {
  const row = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest("[data-rows] [data-case]"));
  if (!row) {
    const button = document.getElementById(`do-${action}`);
    button?.click();
    return Boolean(button);
  }
  if (!row.dataset.actions?.split(" ").includes(action)) return false;
  if (action !== "acknowledge") location.assign(`/cases/${row.dataset.case}#act-${action}`);
  else asSomebody(() => void acknowledge(row));
  return true;
}

/** @param {HTMLElement} row */
async function acknowledge(row) {
  const list = /** @type {HTMLElement} */ (row.closest("[data-rows]"));
  const named = `C-${row.dataset.case}`;
  const body = { version: Number(row.dataset.version), ...(actor() ? { actor: actor() } : {}) };
  const refused = await send(`/v1/cases/${row.dataset.case}/acknowledge`, body);
  if (!refused) toast((list.dataset.acknowledged ?? "").replace("{case}", named));
  else toast(refused.status === 409 ? (list.dataset.stale ?? "").replace("{case}", named) : refused.problem, "bad");
}

/** @param {string} key @returns {boolean} whether it did something */
function press(key) {
  if (key === "j" || key === "ArrowDown") return step(1);
  if (key === "k" || key === "ArrowUp") return step(-1);
  if (key === "/") {
    const search = /** @type {HTMLInputElement | null} */ (document.querySelector("input[type=search]"));
    search?.focus();
    search?.select();
    return Boolean(search);
  }
  if (key === "?") {
    const keys = /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"));
    keys?.showModal();
    return Boolean(keys);
  }
  if (key === "u") {
    const up = /** @type {HTMLElement | null} */ (document.querySelector("[data-up]"));
    up?.click();
    return Boolean(up);
  }
  return ACTIONS[key] !== undefined && act(ACTIONS[key]);
}

/** Begin. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape" && !target.closest("dialog")) target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (event.key.startsWith("Arrow") && !(target === document.body || target.closest("[data-rows], main:focus"))) return;
    if (press(keyOf(event))) event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const found = links().indexOf(/** @type {HTMLElement} */ (event.target));
    if (found >= 0) place = found;
    else if (event.target !== document.body) place = -1;
  });
  document.addEventListener("closeloop:patched", () => {
    if (place < 0 || document.activeElement !== document.body) return;
    const all = links();
    all[Math.min(place, all.length - 1)]?.focus({ preventScroll: true });
  });
}
