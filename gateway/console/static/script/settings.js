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
    await send("/console/session/end", {});
    location.reload();
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
