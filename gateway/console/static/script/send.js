/** Ask the gateway to do something. */

import { reasonOf, words } from "./words.js";

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{status: number, field: string, problem: string} | null>} why it was not done; null when it was
 */
export async function send(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) return null;
    const { error } = await answer.json().catch(() => ({}));
    return { status: answer.status, field: error?.field ?? "", problem: reasonOf(error) };
  } catch {
    return { status: 0, field: "", problem: words.notDone };
  }
}
