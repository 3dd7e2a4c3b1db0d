/** Language, colours and who acts are kept in cookies; signing in and out goes through the gateway. */

import { send } from "./send.js";

const YEAR = 31_536_000;

/** Begin. */
export function startSettings() {
  document.querySelector("[data-settings]")?.addEventListener("change", (event) => {
    const { name, value } = /** @type {HTMLSelectElement} */ (event.target);
    document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR}; samesite=strict`;
    const address = new URL(location.href);
    address.searchParams.delete("language");
    location.replace(address);
  });
  document.querySelector("[data-sign-out]")?.addEventListener("click", async () => {
    const answer = await fetch("/console/session/end", { method: "POST" }).catch(() => null);
    const next = answer?.status === 200 ? await answer.json().catch(() => null) : null;
    if (next?.go) location.assign(next.go);
    else location.reload();
  });
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-sign-in]"));
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const refused = await send("/console/session", { key: new FormData(form).get("key") });
    if (!refused) return location.reload();
    const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
    problem.textContent = refused.problem;
    problem.hidden = false;
    return undefined;
  });
}
