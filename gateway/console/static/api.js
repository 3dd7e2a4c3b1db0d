/** The HTTP API as functions. Every failure is an {@link ApiError} with words fit for the page. */

/**
 * @typedef {import("./types.js").Config} Config
 * @typedef {import("./types.js").Metric} Metric
 * @typedef {import("./types.js").Case} Case
 * @typedef {import("./types.js").DeadLetter} DeadLetter
 * @typedef {import("./types.js").Silence} Silence
 * @typedef {import("./types.js").Matchers} Matchers
 * @typedef {import("./types.js").Reach} Reach
 */

const KEY = "closeloop.key";
/** The kind of a metric that is not of scores, by its unit. @type {Record<string, import("./types.js").MetricKind>} */
const KINDS = { percent: "share", points: "index", scale: "mean", seconds: "seconds", money: "money" };
/** Pages of history read at most: 50,000 rows each. */
const MOST_PAGES = 6;

/** An answer that is not a success, or none at all (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} field    the field the server named, or empty
   * @param {any} [body]
   */
  constructor(status, message, field, body) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.field = field;
    this.body = body;
  }
}

/** The API key of this tab, kept until the tab is closed. */
export const apiKey = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
};

/** The headers every request carries. @returns {Record<string, string>} */
export function credentials() {
  const key = apiKey.get();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/**
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} [options]
 * @returns {Promise<any>}
 */
const request = async (path, options) => (await answer(path, options)).body;

/**
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} [options]
 * @returns {Promise<{body: any, next: string | null}>} `next`: the path of the next page, where there is one
 */
async function answer(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { accept: "application/json", ...credentials(), ...options.headers } });
  } catch {
    throw new ApiError(0, "The gateway does not answer.", "");
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new ApiError(response.status, "The gateway's answer is not JSON.", "");
  }
  if (!response.ok) throw refusal(response.status, body);
  return { body, next: /^<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1] ?? null };
}

/**
 * The server's words for what was refused, and the field it names: `{error: {reason, field, problem}}`.
 * @param {number} status
 * @param {any} body
 */
function refusal(status, body) {
  const { field = "", problem } = body?.error ?? {};
  const words = problem ? String(problem) : `The gateway answered ${status}.`;
  return new ApiError(status, words, String(field), body);
}

/** @param {string} path @param {Record<string, string | number | string[] | null | undefined>} query   a list is repeated */
function withQuery(path, query) {
  const given = Object.entries(query).flatMap(([name, value]) => [value ?? ""].flat().map((one) => [name, String(one)]));
  const parts = given.filter(([, value]) => value !== "");
  return parts.length ? `${path}?${new URLSearchParams(parts)}` : path;
}

/** @param {string} path @param {unknown} body */
const post = (path, body) =>
  request(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** @returns {Promise<Config>} */
export async function fetchConfig() {
  const raw = await request("/v1/config");
  const metrics = Object.entries(raw.metrics).map(([name, spec]) => ({
    name,
    kind: spec.kind,
    minimum: spec.minimum,
    maximum: spec.maximum,
    higherIsBetter: spec.higher_is_better,
  }));
  const known = new Set([...Object.keys(raw.metrics), "outcome"]);
  const figures = Object.entries(raw.catalogue)
    .filter(([name]) => !known.has(name))
    .map(([name, entry]) => ({
      name,
      kind: KINDS[entry.unit],
      minimum: 0,
      maximum: 100,
      higherIsBetter: entry.higher_is_better,
      title: entry.title,
      topic: entry.topic,
      currency: entry.currency ?? undefined,
    }));
  return {
    clock: raw.clock,
    zone: raw.zone,
    minimumN: raw.minimum_n,
    windows: raw.windows,
    cuts: raw.cuts,
    metrics,
    figures,
    people: raw.people,
    rootCauses: raw.root_causes,
    actingAs: raw.acting_as ?? "",
  };
}

/** Current values. @param {{metric?: string, window?: string, cut?: string}} query @returns {Promise<Metric[]>} */
export const fetchMetrics = (query) => request(withQuery("/v1/metrics", query));

/**
 * Values by calendar day. `key` keeps the series with these values, each as `dimension:value`.
 * @param {{metric: string, cut: string, from: string, to: string, key?: string[]}} query
 * @returns {Promise<Metric[]>}
 */
export async function fetchHistory(query) {
  /** @type {Metric[]} */
  const rows = [];
  let path = withQuery("/v1/metrics/history", query);
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { body, next } = await answer(path);
    rows.push(...body);
    if (!next) break;
    path = next;
  }
  return rows;
}

/**
 * A page of cases, newest first.
 * @param {{state?: string, owner?: string, customer?: string, cursor?: string | null, limit?: number}} query
 * @returns {Promise<{cases: Case[], next: string | null}>}
 */
export const fetchCases = (query) => request(withQuery("/v1/cases", query));

/** A case with its events and alerts. @param {number} id @returns {Promise<Case>} */
export const fetchCase = (id) => request(`/v1/cases/${id}`);

/**
 * Take an action on a case. Raises an {@link ApiError} of status 409 where the version is stale.
 * @param {number} id
 * @param {string} action
 * @param {Record<string, unknown>} body   `version` and what the action needs
 * @returns {Promise<Case>}
 */
export const actOnCase = (id, action, body) => post(`/v1/cases/${id}/${action}`, body);

/** @param {string | null} cursor @returns {Promise<{deadletters: DeadLetter[], next: string | null}>} */
export const fetchDeadLetters = (cursor) => request(withQuery("/v1/deadletters", { cursor, limit: 100 }));

/** Send a dead letter's bytes to its topic again. @param {string} id */
export const replayDeadLetter = (id) => post(`/v1/deadletters/${encodeURIComponent(id)}/replay`, {});

/** All silences, those that are over too, newest first. @param {string | null} cursor @returns {Promise<{silences: Silence[], next: string | null}>} */
export const fetchAllSilences = (cursor) => request(withQuery("/v1/silences", { ended: "true", cursor, limit: 30 }));

/** What a silence of these would hold; it changes nothing. @param {Matchers} matchers @returns {Promise<{words: string, fits: Reach}>} */
export const previewSilence = (matchers) => post("/v1/silences/preview", { matchers });

/** @param {{matchers: Matchers, ends_at?: string, reason: string, actor?: string}} body @returns {Promise<Silence & {fits: Reach}>} */
export const addSilence = (body) => post("/v1/silences", body);

/** @param {number} id @param {{actor?: string}} body @returns {Promise<Silence & {cases_speaking: number}>} */
export const endSilence = (id, body) => post(`/v1/silences/${id}/end`, body);
