// A remedy edited sentence by sentence. What is written is kept in the tab, so that nothing loses it.

import { recallInTab, rememberInTab } from "../memory.js";
import { joined, sentencesOf } from "./sentences.js";

/** The edit of one solution: `steps` [{step, parts: [{text, before, claim, original, removed}]}], `category`, `reason`. */
export class Edit {
  #key;
  #solution;

  constructor(solution, category) {
    this.#solution = solution;
    this.#key = keyOf(solution);
    this.category = category;
    this.originalCategory = category;
    this.steps = solution.steps.map((step) => ({
      step,
      parts: sentencesOf(step, solution.claims).map((part) => ({ ...part, original: part.text, removed: false })),
    }));
    this.#restore();
  }

  /** Whether an unsent edit of this solution is kept. */
  static kept(solution) {
    return solution ? recallInTab(keyOf(solution)) !== null : false;
  }

  /** Whether anything differs from the draft. */
  get isChanged() {
    return this.category !== this.originalCategory || this.steps.some(({ parts }) => parts.some((part) => part.removed || part.text !== part.original));
  }

  /** How many sentences differ. */
  get count() {
    return this.steps.flatMap(({ parts }) => parts).filter((part) => part.removed || part.text !== part.original).length;
  }

  /** A new sentence at the end of a step; it has no source until somebody gives it one. */
  add(entry) {
    const part = { text: "", before: " ", claim: null, original: "", removed: false };
    entry.parts.push(part);
    return part;
  }

  /** Keep the edit in the tab. */
  keep() {
    if (!this.isChanged) return this.forget();
    const texts = this.steps.map(({ parts }) => parts.map(({ text, removed }) => ({ text, removed })));
    return rememberInTab(this.#key, JSON.stringify({ texts, category: this.category }));
  }

  /** Forget what was kept. */
  forget() {
    rememberInTab(this.#key, null);
  }

  /** The steps as the API takes them; steps without a sentence are left out. */
  body() {
    const kept = this.steps
      .map(({ step, parts }) => ({ step, parts: parts.filter((part) => !part.removed && part.text.trim()) }))
      .filter(({ parts }) => parts.length > 0);
    return kept.map(({ step, parts }) => ({
      order: step.order,
      section: step.section,
      title: step.title,
      text: joined(parts),
      citation_ids: step.citation_ids,
      severity: step.severity,
      requires_tools: step.requires_tools,
      requires_parts: step.requires_parts,
      estimated_time_minutes: step.estimated_time_minutes,
    }));
  }

  /** The whole remedy as plain text, to be copied. */
  text() {
    return this.body().map((step) => step.text).join("\n\n");
  }

  #restore() {
    const kept = recallInTab(keyOf(this.#solution));
    if (!kept) return;
    try {
      const { texts, category } = JSON.parse(kept);
      for (const [at, sentences] of texts.entries()) {
        const entry = this.steps[at];
        for (const [index, { text, removed }] of sentences.entries()) Object.assign(entry.parts[index] ?? this.add(entry), { text, removed });
      }
      this.category = category;
    } catch {
      this.forget();
    }
  }
}

function keyOf(solution) {
  return `rimedio.edit.${solution.solution_id}`;
}
