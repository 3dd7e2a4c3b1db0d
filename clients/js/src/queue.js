/** What waits to be sent: bounded, the oldest first, in localStorage where a page may use it. */

const MINUTE = 60_000;
/** How long the gateway's loop surely knows an id again (its defaults, less some time on the way), by kind. */
const KNOWN_FOR = { touchpoint: 55 * MINUTE, response: 23 * 60 * MINUTE };

/**
 * An event that waits. `left`: when it was last handed over by a page that closed, so that nobody saw the answer.
 * @typedef {{key: string, id: string, kind: "touchpoint" | "response", body: string, left?: number}} Entry
 */

let made = 0;

/** @param {string} text */
export function byteLength(text) {
  return new TextEncoder().encode(text).length;
}

export class Queue {
  /**
   * @param {Storage | null} storage none: in memory alone
   * @param {string} prefix of the keys in the storage: pages of one origin with the same prefix share the queue
   * @param {number} limit events
   */
  constructor(storage, prefix, limit) {
    this.storage = storage;
    this.prefix = prefix;
    this.limit = limit;
    /** @type {Map<string, string>} what the storage does not hold */
    this.memory = new Map();
    /** @type {Set<string>} what the storage holds, and lets nobody take away */
    this.stuck = new Set();
  }

  /**
   * Keep an event; how many of the oldest had to go for it.
   * @param {Omit<Entry, "key">} entry
   * @returns {number}
   */
  add(entry) {
    made = (made + 1) % 46_656;
    const order = Date.now().toString(36).padStart(9, "0") + made.toString(36).padStart(3, "0");
    this.#write(`${this.prefix}${order}-${Math.random().toString(36).slice(2, 6)}`, JSON.stringify(entry));
    let dropped = 0;
    const keys = this.#keys(); // once: a page waits for it
    for (const key of keys.slice(0, Math.max(0, keys.length - this.limit))) dropped += this.remove(key);
    return dropped;
  }

  /**
   * The oldest events, at most so many and so large together.
   * @param {number} events
   * @param {number} bytes
   * @param {number} [before] leave out what was handed over since then, in milliseconds
   * @returns {Entry[]}
   */
  first(events, bytes, before = Infinity) {
    const found = [];
    let size = 2;
    for (const key of this.#keys()) {
      const entry = this.#read(key);
      if (!entry || (entry.left && entry.left > before)) continue;
      size += byteLength(entry.body) + 1;
      if (found.length && (found.length >= events || size > bytes)) break;
      found.push(entry);
    }
    return found;
  }

  /**
   * Note that a closing page has handed these over, as far as they are still kept.
   * @param {Entry[]} entries
   * @param {number} now milliseconds; 0: it was in vain
   */
  mark(entries, now) {
    for (const { key, ...entry } of entries) {
      if (this.#read(key)) this.#write(key, JSON.stringify({ ...entry, left: now }));
    }
  }

  /**
   * Take away what a closing page handed over so long ago that to send it once more could count it twice.
   * @param {number} now milliseconds
   * @returns {number} how many
   */
  settle(now) {
    let gone = 0;
    for (const key of this.#keys()) {
      const entry = this.#read(key);
      if (entry?.left && now - entry.left > KNOWN_FOR[entry.kind]) gone += this.remove(key);
    }
    return gone;
  }

  /** @param {string} key @returns {number} 1 */
  remove(key) {
    this.memory.delete(key);
    try {
      this.storage?.removeItem(key);
    } catch {
      this.stuck.add(key);
    }
    return 1;
  }

  get size() {
    return this.storage ? this.#keys().length : this.memory.size;
  }

  #keys() {
    if (!this.storage) return [...this.memory.keys()];
    /** @type {string[]} */
    let kept = [];
    try {
      kept = Object.keys(this.storage).filter((key) => key.startsWith(this.prefix) && !this.stuck.has(key));
    } catch {}
    return [...new Set([...kept, ...this.memory.keys()])].sort();
  }

  /** @param {string} key @returns {Entry | null} */
  #read(key) {
    try {
      const entry = JSON.parse(this.memory.get(key) ?? this.storage?.getItem(key) ?? "null");
      if (entry && typeof entry.body === "string" && Object.hasOwn(KNOWN_FOR, entry.kind)) return { ...entry, key };
    } catch {}
    this.remove(key); // another page took it, or it is none of ours
    return null;
  }

  /** @param {string} key @param {string} text */
  #write(key, text) {
    if (this.storage) {
      try {
        this.storage.setItem(key, text);
        return;
      } catch {} // full, or forbidden
    }
    this.memory.set(key, text);
  }
}

/** The page's localStorage; none in Node, in a sandboxed frame, or where the person has forbidden it. */
export function pageStorage() {
  try {
    const storage = typeof document === "undefined" ? null : globalThis.localStorage;
    storage?.getItem("");
    return storage;
  } catch {
    return null;
  }
}
