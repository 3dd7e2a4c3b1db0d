/** On a phone the console is three pages with a bar at the bottom; elsewhere the bar is not shown. */

import { h } from "../dom.js";

/** @param {HTMLElement} bar */
export function startTabs(bar) {
  const names = { metrics: "Metrics", cases: "Cases", books: "Books" };
  for (const [key, words] of Object.entries(names)) {
    const button = h("button", { type: "button", text: words, "aria-current": String(key === "metrics") });
    button.addEventListener("click", () => {
      document.body.dataset.tab = key;
      for (const other of bar.children) other.setAttribute("aria-current", String(other === button));
      scrollTo(0, 0);
    });
    bar.append(button);
  }
}
