// Runs before the first paint, so that a dark screen does not flash light. The choice is made in theme.js.
(function boot() {
  let choice = "auto";
  try {
    choice = localStorage.getItem("rimedio.theme") || "auto";
  } catch {
    // Storage may be forbidden: the system's own theme is then used.
  }
  const dark = choice === "dark" || (choice === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
