// Questions of this tab and their answers: kept while the tab is open, so that a reload loses nothing.

import { recallInTab, rememberInTab } from "../memory.js";

const KEY = "rimedio.asked";
const KEPT = 20;

/** Questions, the newest first: {id, question, model, code, at, solution}. */
export const asked = read();

/** Keep a question and its answer; the same id replaces. */
export function keepAsked(entry) {
  const at = asked.findIndex(({ id }) => id === entry.id);
  if (at >= 0) asked[at] = entry;
  else asked.unshift(entry);
  asked.splice(KEPT);
  write();
}

/** Forget all questions. */
export function forgetAsked() {
  asked.splice(0);
  write();
}

function write() {
  rememberInTab(KEY, asked.length ? JSON.stringify(asked) : null);
}

function read() {
  try {
    const kept = JSON.parse(recallInTab(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
