/** Events as closeloop reads them: CloudEvents 1.0 with an id and a time from the moment they are made. */

const TYPES = { touchpoint: "closeloop.touchpoint.v1", response: "closeloop.response.v1" };

/**
 * A random id. `crypto.randomUUID` is there on secure pages alone; `getRandomValues` is there on all.
 * @returns {string}
 */
export function randomId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A short name for a text, the same on every page: two lanes of 32 bits, of which the first is FNV-1a. It keeps customers
 * apart and hides none of them from whoever knows their ids.
 * @param {string} text
 * @returns {string}
 */
export function fingerprint(text) {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (const byte of new TextEncoder().encode(text)) {
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x85ebca6b);
    two ^= two >>> 13;
  }
  return (one >>> 0).toString(36) + (two >>> 0).toString(36).padStart(7, "0");
}

/**
 * An event, and what is wrong with it, if something is. The gateway checks the rest.
 * @param {"touchpoint" | "response"} kind
 * @param {string} source
 * @param {Record<string, unknown>} data
 * @param {{id?: string, time?: string | Date} | null} [about]
 */
export function makeEvent(kind, source, data, about) {
  const required = kind === "touchpoint" ? ["customer_id", "touchpoint"] : ["customer_id", "metric"];
  for (const field of required) {
    if (typeof data?.[field] !== "string" || !data[field]) throw new TypeError(`${field}: give a text`);
  }
  if (kind === "response" && !Number.isInteger(data.score)) throw new TypeError("score: give a whole number");
  const id = about?.id ?? randomId();
  if (typeof id !== "string" || !id) throw new TypeError("id: give a text");
  const time = about?.time ?? new Date();
  return {
    specversion: "1.0",
    id,
    source,
    type: TYPES[kind],
    time: time instanceof Date ? time.toISOString() : time,
    data,
  };
}
