/** What the gateway's answer means for the events of a request. Pure. */

const LONGEST_WAIT_S = 3600;

/**
 * `done`: nothing of them is to be sent again; `split`: in smaller parts; `later`: as they are, after `wait` seconds (none:
 * as the client sees fit); `refused`: as `later`, but the key or the address is wrong, and somebody has to be told.
 * @typedef {{id: string | null, field: string, problem: string}} Rejected
 * @typedef {{next: "done" | "split" | "later" | "refused", rejected: Rejected[], wait?: number, why?: string}} Verdict
 */

/**
 * @param {number} status of the answer; 0: none came
 * @param {any} body its JSON, if it was some
 * @param {string[]} ids of the request's events, in their order
 * @param {string | null} [retryAfter] the header
 * @returns {Verdict}
 */
export function judge(status, body, ids, retryAfter) {
  if (status >= 200 && status < 300) {
    // A sign-in page, a portal or a site that says 200 to everything has taken nothing.
    if (Array.isArray(body?.results)) return { next: "done", rejected: rejectedOf(body, ids) };
    return { next: "refused", rejected: [], why: `${status} not from a closeloop gateway: is the url right?` };
  }
  const error = body?.error ?? {};
  const why = `${status} ${[error.field, error.problem].filter(Boolean).join(": ")}`.trim();
  if (status === 400 && Array.isArray(body?.results)) return { next: "done", rejected: rejectedOf(body, ids) };
  if (status === 400 || status === 413 || status === 422) {
    if (ids.length > 1) return { next: "split", rejected: [] };
    return { next: "done", rejected: [{ id: ids[0], field: error.field ?? "", problem: error.problem ?? why }] };
  }
  if (status === 0 || status === 408 || status === 425 || status === 429 || status >= 500) {
    const wait = Number.parseFloat(retryAfter ?? "");
    return { next: "later", rejected: [], wait: wait >= 0 ? Math.min(wait, LONGEST_WAIT_S) : undefined };
  }
  return { next: "refused", rejected: [], why };
}

/** @param {any} body @param {string[]} ids @returns {Rejected[]} */
function rejectedOf(body, ids) {
  const results = Array.isArray(body?.results) ? body.results : [];
  return results.flatMap((/** @type {any} */ result, /** @type {number} */ index) =>
    result?.status === "rejected"
      ? [{ id: ids[index] ?? null, field: result.field ?? "", problem: result.problem ?? "" }]
      : [],
  );
}

/**
 * Seconds until the next try, shortened at random so that not all pages come at once.
 * @param {number} failures in a row
 * @param {number | undefined} wanted by the gateway
 * @param {number} chance 0..1
 */
export function pause(failures, wanted, chance) {
  const longest = Math.min(60, 2 ** Math.min(failures, 10) / 2);
  return Math.max(wanted ?? 0, longest * (0.5 + chance / 2));
}
