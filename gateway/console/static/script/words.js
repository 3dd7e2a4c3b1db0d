/** The few sentences that scripts say, in the reader's language: the page brings them along. */

const said = (/** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=closeloop-words]"))?.content ?? "").split("|");

export const words = { live: said[0] ?? "", lost: said[1] ?? "", stale: said[2] ?? "", now: said[3] ?? "", notDone: said[4] ?? "" };
