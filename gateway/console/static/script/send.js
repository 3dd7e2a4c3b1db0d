/** Ask the gateway to do something. */

import { reasonOf, words } from "./words.js";

/** @typedef {{status: number, field: string, problem: string}} Refusal */

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{refused: Refusal | null, told: any}>} why it was not done, null when it was; and what was answered
 */
export async function ask(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json().catch(() => ({}));
    const { error } = told ?? {};
    return { refused: answer.ok ? null : { status: answer.status, field: error?.field ?? "", problem: reasonOf(error) }, told };
  } catch {
    return { refused: { status: 0, field: "", problem: words.notDone }, told: {} };
  }
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Refusal | null>} why it was not done; null when it was
 */
export const send = async (path, body) => (await ask(path, body)).refused;
