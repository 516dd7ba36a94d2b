// What a person sets for this browser: language, appearance, density.

import { h } from "../dom.js";
import { density, setDensity } from "../density.js";
import { segmented } from "../elements/field.js";
import { currentLanguage, setLanguage, t } from "../i18n.js";
import { setTheme, themeChoice } from "../theme.js";

/** The choices, each with what it means. They hold for this browser. */
export function preferences() {
  const themes = ["auto", "light", "dark"].map((choice) => [choice, t(`theme.${choice}`)]);
  const densities = ["roomy", "compact"].map((choice) => [choice, t(`settings.density_${choice}`)]);
  return h(
    "section",
    { class: "card preferences" },
    row(t("shell.language"), t("settings.language_about"), segmented(t("shell.language"), [["it", "Italiano"], ["en", "English"]], { value: currentLanguage(), onchange: setLanguage })),
    row(t("shell.theme"), t("settings.theme_about"), segmented(t("shell.theme"), themes, { value: themeChoice(), onchange: setTheme })),
    row(t("settings.density"), t("settings.density_about"), segmented(t("settings.density"), densities, { value: density(), onchange: setDensity })),
    h("p", { class: "small muted" }, t("settings.local")),
  );
}

function row(name, about, control) {
  return h("div", { class: "preference" }, h("div", {}, h("h2", {}, name), h("p", { class: "small muted" }, about)), control);
}
