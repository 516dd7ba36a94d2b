// How much stands on a screen. CSS sees only html[data-density=roomy|compact].

import { recall, remember } from "./memory.js";

const KEY = "rimedio.density";

/** The choice made: "roomy" or "compact". */
export function density() {
  return recall(KEY) === "compact" ? "compact" : "roomy";
}

/** Choose a density and show it. */
export function setDensity(choice) {
  remember(KEY, choice);
  showDensity();
}

/** Show the chosen density. */
export function showDensity() {
  document.documentElement.dataset.density = density();
}
