// Models of the taxonomy as suggestions for a field: another model may be typed.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { label } from "../i18n.js";

const LIST = "known-models";
let asked = null;

/** The taxonomy, asked for once. */
export function taxonomy() {
  asked ??= api.get("/v1/taxonomy").catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

/** An input that suggests models; suggestions come when the API has answered, and it works without them. */
export function modelInput({ value = "", ...props } = {}) {
  suggest();
  return h("input", { value, list: LIST, maxlength: 200, autocomplete: "off", spellcheck: "false", ...props });
}

/** One list of suggestions for all fields of the document. */
async function suggest() {
  let list = document.getElementById(LIST);
  if (!list) {
    list = h("datalist", { id: LIST });
    document.body.append(list);
  }
  try {
    const { product_types: types } = await taxonomy();
    fill(list, types.flatMap((type) => type.models.map((model) => h("option", { value: model }, label(type.label, type.name)))));
  } catch {
    // A field without suggestions is still a field.
  }
}
