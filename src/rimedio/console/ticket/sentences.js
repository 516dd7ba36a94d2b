// Which part of a step's text is which checked sentence.

/**
 * A step's text cut into [{text, claim, before}]: `claim` is the checked sentence or null, `before` the white space in
 * front. Joining `before + text` gives the step's text again. What no claim covers stands on its own.
 */
export function sentencesOf(step, claims) {
  const parts = [];
  let rest = step.text;
  for (const claim of claims.filter((one) => one.step === step.order)) {
    const at = rest.indexOf(claim.text);
    if (at < 0) continue;
    if (rest.slice(0, at).trim()) parts.push(piece(rest.slice(0, at), null));
    const before = rest.slice(0, at).trim() ? tail(rest.slice(0, at)) : rest.slice(0, at);
    parts.push({ text: claim.text, claim, before });
    rest = rest.slice(at + claim.text.length);
  }
  if (rest.trim()) parts.push(piece(rest, null));
  return parts;
}

/** The step's text out of its sentences. */
export function joined(parts) {
  return parts
    .filter((part) => part.text.trim())
    .map((part, index) => (index === 0 ? "" : part.before || " ") + part.text.trim())
    .join("");
}

/** The steps of each section, in reading order; sections without steps are left out. */
export function bySection(steps) {
  return ["CAUSE", "CHECKS", "REMEDY"]
    .map((section) => ({ section, steps: steps.filter((step) => step.section === section) }))
    .filter((group) => group.steps.length > 0);
}

const GENERIC = ["rimedio", "remedy", "verifica", "verifiche", "check", "checks", "risposta", "answer", "passo", "step", "causa probabile", "probable cause"];

/** A step's title where it says more than its section's name and a number; else null. */
export function titleOf(step) {
  const plain = step.title.replace(/\s*\d+\s*$/, "").trim().toLowerCase();
  return !plain || GENERIC.includes(plain) || /^\s*(?:\d+|[a-z])[.)]\s/.test(step.text) ? null : step.title;
}

function piece(text, claim) {
  return { text: text.trim(), claim, before: /^\s*/.exec(text)[0] };
}

function tail(text) {
  return /\s*$/.exec(text)[0];
}
