/** The few sentences that scripts say, in the reader's language: the page brings them along. */

/** @param {string} name */
const brought = (name) => /** @type {HTMLMetaElement | null} */ (document.querySelector(`meta[name=${name}]`))?.content;

const said = (brought("closeloop-words") ?? "").split("|");

export const words = { live: said[0] ?? "", lost: said[1] ?? "", stale: said[2] ?? "", now: said[3] ?? "", notDone: said[4] ?? "" };

/** Reason, or reason and field, to what it means. @type {Record<string, string>} */
const refusals = JSON.parse(brought("closeloop-refusals") ?? "{}");

/**
 * Why the gateway did not do something: in the reader's words where there are some, else in its own.
 * @param {{reason?: string, field?: string, problem?: string} | undefined} error
 */
export const reasonOf = (error) => refusals[`${error?.reason}-${error?.field}`] ?? refusals[error?.reason ?? ""] ?? error?.problem ?? words.notDone;
