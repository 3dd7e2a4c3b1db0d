/** The actions on a case: which ones, what each asks, and what becomes of the answer. */

import { ApiError, actOnCase } from "../api.js";
import { h } from "../dom.js";
import { known } from "../store.js";
import { isMetric, subjectName } from "./caseparts.js";
import { choices, note, openForm, otherTime, select, untilChoices, untilOf } from "./form.js";
import { toast } from "./notice.js";
import { whoActs } from "./who.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {object} Action
 * @property {string} words       on the button
 * @property {string} done        what the passing message says
 * @property {string} [title]     of the dialog; without one the action is taken at once
 * @property {string} [hint]
 * @property {(item: Case) => HTMLElement[]} [fields]
 */

/** Which actions a state allows, in the order of the buttons: as schemas/cases.py has them. @type {Record<string, string[]>} */
const ALLOWED = {
  open: ["acknowledge", "contact", "resolve", "snooze", "reassign", "dismiss"],
  acknowledged: ["contact", "resolve", "snooze", "reassign", "dismiss"],
  contacted: ["resolve", "snooze", "reassign", "dismiss"],
  snoozed: ["wake", "acknowledge", "contact", "resolve", "reassign", "dismiss"],
  resolved: ["contact", "reopen"],
  dismissed: ["reopen"],
};

/** @type {Record<string, Action>} */
const ACTIONS = {
  acknowledge: { words: "Acknowledge", done: "acknowledged" },
  contact: {
    words: "Contacted",
    done: "marked as contacted",
    title: "How was the customer reached?",
    fields: () => [choices("channel", "Channel", [["phone", "Phone"], ["email", "Email"], ["chat", "Chat"], ["in_person", "In person"]]), note()],
  },
  resolve: {
    words: "Resolve",
    done: "resolved",
    title: "What went wrong?",
    hint: "The root cause is counted; the note stays with the case.",
    fields: () => [
      select("root_cause", "Root cause", [["", "Choose one"], ...Object.entries(known.config?.rootCauses ?? {})]),
      note("What was done"),
    ],
  },
  snooze: { words: "Snooze", done: "asleep", title: "Let it rest until", fields: () => [untilChoices(), otherTime(), note()] },
  reassign: {
    words: "Reassign",
    done: "reassigned",
    title: "Who takes over?",
    fields: (item) => [
      select("owner", "New owner", [["", "Choose a person"], ...Object.entries(known.config?.people ?? {}).filter(([key]) => key !== item.owner)]),
      note(),
    ],
  },
  wake: { words: "Wake", done: "awake again" },
  reopen: { words: "Reopen", done: "open again", title: "Reopen this case", fields: () => [note("Why")] },
  dismiss: {
    words: "Dismiss",
    done: "dismissed",
    title: "Not a complaint?",
    hint: "A dismissed case leaves the list. The answer stays in the metrics.",
    fields: () => [note("Why")],
  },
};

/** What differs where a case is about a metric. @type {Record<string, Partial<Action>>} */
const METRIC_ACTIONS = {
  acknowledge: { words: "Look into it", done: "is yours to look into" },
  dismiss: { title: "A false alarm?", hint: "A dismissed case leaves the list. The metric is watched as before." },
};

/** @param {Case} item @param {string} name @returns {Action} */
const actionOf = (item, name) => (isMetric(item) ? { ...ACTIONS[name], ...METRIC_ACTIONS[name] } : ACTIONS[name]);

/**
 * The buttons for what the case's state allows; the first is the one to press.
 * @param {Case} item
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
export function actionButtons(item, after) {
  const allowed = ALLOWED[item.state] ?? [];
  // Of what is over already the next thing is to close it.
  const names = item.recovered_at ? [...allowed].sort((a, b) => Number(b === "resolve") - Number(a === "resolve")) : allowed;
  return names
    .filter((name) => !item.actions || item.actions.includes(name))
    .map((name, index) => {
      const action = actionOf(item, name);
      const button = h("button", {
        type: "button",
        class: `button ${index === 0 ? "button-main" : ""} ${name === "dismiss" ? "button-quiet" : ""}`,
        "data-action": name,
        text: action.words + (action.title ? "…" : ""),
      });
      button.addEventListener("click", () => {
        void whoActs().then((who) => {
          if (!who) return;
          if (action.title) ask(item, name, action, after);
          else void atOnce(/** @type {HTMLButtonElement} */ (button), item, name, action, after);
        });
      });
      return button;
    });
}

/**
 * @param {HTMLButtonElement} button @param {Case} item @param {string} name @param {Action} action
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
async function atOnce(button, item, name, action, after) {
  button.disabled = true;
  try {
    const changed = await actOnCase(item.id, name, signed(item.version));
    toast(`C-${item.id} ${action.done}`);
    after({ changed });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) after({ stale: error.message });
    else toast(error.message);
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {Case} item @param {string} name @param {Action} action
 * @param {(result: {changed?: Case, stale?: string}) => void} after
 */
function ask(item, name, action, after) {
  openForm({
    title: action.title ?? "",
    hint: action.hint ?? `C-${item.id} · ${subjectName(item)}`,
    send: action.words,
    fields: action.fields?.(item) ?? [],
    submit: async (form) => {
      try {
        const changed = await actOnCase(item.id, name, bodyOf(form, item.version));
        toast(`C-${item.id} ${action.done}`);
        after({ changed });
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) throw error;
        after({ stale: error.message });
      }
    },
  });
}

/** What every action says: which picture of the case was seen, and who acts. @param {number} version @returns {Record<string, unknown>} */
const signed = (version) => (known.me ? { version, actor: known.me } : { version });

/** @param {HTMLFormElement} form @param {number} version */
function bodyOf(form, version) {
  const body = signed(version);
  const given = new FormData(form);
  for (const name of ["channel", "root_cause", "owner", "note"]) {
    const value = String(given.get(name) ?? "").trim();
    if (value) body[name] = value;
  }
  const until = untilOf(given);
  if (until) body.until = until;
  return body;
}
