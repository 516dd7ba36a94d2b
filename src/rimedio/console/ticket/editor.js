// The form in which a remedy is edited: one box a sentence, what changed below it.

import { fill, h, icon } from "../dom.js";
import { iconButton } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { t, translate } from "../i18n.js";
import { choices, taxonomy } from "../taxonomy.js";
import { diffView } from "./diff.js";
import { bySection } from "./sentences.js";

/** The editor of an `Edit`; `onChange()` after every keystroke. */
export function editor(edit, { language, onChange }) {
  const changed = () => {
    edit.keep();
    onChange();
  };
  const groups = bySection(edit.steps.map(({ step }) => step)).map(({ section, steps }) =>
    h("section", { class: "remedy-section" }, h("h2", {}, translate(language, `section.${section}`)), steps.map((step) => stepEditor(edit, edit.steps.find((entry) => entry.step === step), language, changed))),
  );
  const node = h("div", { class: "editor", lang: language }, h("p", { class: "muted small", lang: null }, t("review.edit_hint")), groups, categoryField(edit, changed));
  node.addEventListener("keydown", (event) => walk(node, event));
  return node;
}

function stepEditor(edit, entry, language, changed) {
  const rows = h("div", { class: "edit-rows" }, entry.parts.map((part) => sentenceEditor(part, language, changed)));
  const add = h("button", { type: "button", class: "link small" }, icon("plus", 14), " ", t("review.add_sentence"));
  add.addEventListener("click", () => {
    rows.append(sentenceEditor(edit.add(entry), language, changed));
    rows.lastElementChild.querySelector("textarea").focus();
  });
  return h("div", { class: "edit-step" }, entry.step.title && h("p", { class: "step-title" }, entry.step.title), rows, add);
}

function sentenceEditor(part, language, changed) {
  const area = h("textarea", { rows: 1, lang: language, value: part.text, "aria-label": part.original || t("review.new_sentence") });
  const below = h("div", { class: "edit-diff" });
  const remove = iconButton(t("review.remove"), "trash", {});
  const node = h("div", { class: "edit-row" }, area, remove, below);
  const show = () => {
    area.disabled = part.removed;
    node.classList.toggle("is-removed", part.removed);
    remove.setAttribute("aria-label", t(part.removed ? "review.bring_back" : "review.remove"));
    remove.title = remove.getAttribute("aria-label");
    fill(remove, icon(part.removed ? "undo" : "trash"));
    const differs = part.removed || part.text !== part.original;
    fill(below, differs && part.original && diffView(part.original, part.removed ? "" : part.text), !part.claim && part.text && h("p", { class: "small muted" }, icon("question", 14), " ", t("review.own_words")));
  };
  area.addEventListener("input", () => {
    part.text = area.value;
    show();
    changed();
  });
  remove.addEventListener("click", () => {
    part.removed = !part.removed;
    show();
    changed();
  });
  show();
  return node;
}

function categoryField(edit, changed) {
  const input = select([["", t("review.category_none")]], { value: "" });
  input.addEventListener("change", () => {
    edit.category = input.value || null;
    changed();
  });
  taxonomy().then(
    (known) => {
      fill(input, [["", t("review.category_none")], ...choices(known.categories)].map(([value, words]) => h("option", { value }, words)));
      input.value = edit.category ?? "";
    },
    () => {},
  );
  return field(t("review.category"), input, { hint: t("review.category_hint"), class: "edit-category" });
}

/** Alt and an arrow go from sentence to sentence without leaving the keyboard. */
function walk(node, event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !event.altKey) return;
  const areas = [...node.querySelectorAll("textarea:not(:disabled)")];
  const at = areas.indexOf(document.activeElement);
  event.preventDefault();
  areas[Math.max(0, Math.min(areas.length - 1, at + by))]?.focus();
}
