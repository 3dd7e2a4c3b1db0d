/** The console's icons: paths on a 16 by 16 grid, drawn in the colour of the text. */

import { s } from "./dom.js";

/** @type {Record<string, string[]>} */
const PATHS = {
  critical: ["M8 1.5 14.5 8 8 14.5 1.5 8Z"],
  high: ["M8 2.2 14.6 13.5H1.4Z"],
  normal: ["M8 3.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6Z"],
  down: ["M8 13 2.8 5.5h10.4Z"],
  up: ["M8 3l5.2 7.5H2.8Z"],
  tick: ["M3 8.6 6.4 12 13 4.6"],
  cross: ["M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4"],
  clock: ["M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2Z", "M8 4.8V8l2.2 1.6"],
  person: ["M8 2.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2Z", "M2.9 13.6c.6-2.6 2.6-4 5.1-4s4.5 1.4 5.1 4"],
  phone: ["M3.2 2.6h2.6l1.1 2.9-1.5 1.2a8 8 0 0 0 3.9 3.9l1.2-1.5 2.9 1.1v2.6c0 .5-.4.9-.9.9A10.5 10.5 0 0 1 2.3 3.5c0-.5.4-.9.9-.9Z"],
  moon: ["M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6Z"],
  mute: ["M4 11.4V7.2a4 4 0 0 1 6.6-3", "M12 6.6v4.8H4", "M6.8 13.6h2.4", "M2.2 2.2l11.6 11.6"],
  copy: ["M5.5 5.5h8v8h-8Z", "M10.5 5.5v-3h-8v8h3"],
  replay: ["M3 8a5 5 0 1 0 1.6-3.7", "M4.6 1.6v2.9h2.9"],
};

const SOLID = new Set(["critical", "high", "normal", "down", "up"]);

/**
 * An icon. It is hidden from assistive technology: words beside it say the same.
 * @param {string} name
 * @param {string} [className]
 */
export function icon(name, className = "") {
  const solid = SOLID.has(name);
  return s(
    "svg",
    { class: `icon ${solid ? "icon-solid" : "icon-line"} ${className}`.trim(), viewBox: "0 0 16 16", "aria-hidden": "true" },
    ...PATHS[name].map((d) => s("path", { d })),
  );
}
