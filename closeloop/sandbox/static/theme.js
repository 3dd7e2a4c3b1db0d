// Light or dark: as the system has it, until a person chooses.

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };
const WORDS = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };

function wear(button, theme) {
  document.documentElement.style.colorScheme = theme === "auto" ? "light dark" : theme;
  button.textContent = SIGNS[theme];
  button.title = WORDS[theme];
  button.setAttribute("aria-label", WORDS[theme]);
}

/** Let the button walk through the three, and remember the choice in this browser. */
export function chooseTheme(button) {
  let theme = localStorage.getItem("sandbox.theme");
  if (!(theme in NEXT)) theme = "auto";
  wear(button, theme);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    localStorage.setItem("sandbox.theme", theme);
    wear(button, theme);
  });
}
