// A sentence of the service: in the reader's language, or marked as English, so that it is read out as such.

import { h } from "../dom.js";
import { said } from "../said.js";

/** An element around what the service says. */
export function spoken(tag, sentence, props = {}) {
  const { text, lang } = said(sentence);
  return h(tag, { ...props, lang }, text);
}
