// Light, dark or as the system says. CSS sees only html[data-theme=light|dark].

import { remember, recall } from "./memory.js";

const KEY = "rimedio.theme";
const CHOICES = ["auto", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: dark)");

/** The choice made: "auto", "light" or "dark". */
export function themeChoice() {
  const kept = recall(KEY);
  return CHOICES.includes(kept) ? kept : "auto";
}

/** Choose a theme and show it. */
export function setTheme(choice) {
  remember(KEY, choice);
  show();
}

/** Show the chosen theme now and follow the system while the choice is "auto". */
export function startTheme() {
  show();
  system.addEventListener("change", show);
}

function show() {
  const choice = themeChoice();
  const dark = choice === "dark" || (choice === "auto" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
