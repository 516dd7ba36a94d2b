// From values to places: linear scales, bands, and ticks at round numbers.

/** A function from `[from, to]` to `[start, end]`; a domain without width maps to the start. */
export function linear([from, to], [start, end]) {
  const span = to - from;
  return (value) => (span === 0 ? start : start + ((value - from) / span) * (end - start));
}

/** Bands of equal width: `at(i)` is the left edge of band i, `width` what a bar may take, `step` the distance. */
export function bands(count, [start, end], gap = 0.28) {
  const step = (end - start) / Math.max(count, 1);
  return { step, width: step * (1 - gap), at: (i) => start + i * step + (step * gap) / 2 };
}

/** Round numbers (1, 2, 2.5 or 5 times a power of ten) from 0 or `min` to at least `max`, about `wanted` of them. */
export function niceTicks(min, max, wanted = 4) {
  const low = Math.min(min, 0);
  const high = max > low ? max : low + 1;
  const rough = (high - low) / Math.max(wanted, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.floor(low / step); i * step < high + step * 0.999; i += 1) ticks.push(round(i * step));
  return ticks;
}

/** Whole-number ticks for counts: never "0.5 tickets". */
export function countTicks(max, wanted = 4) {
  return niceTicks(0, Math.max(max, wanted), wanted).filter((tick) => Number.isInteger(tick));
}

/** Which of `count` labels to write so that each has `room` pixels; the last one always stands. */
export function labelled(count, width, room) {
  const every = Math.max(1, Math.ceil((count * room) / Math.max(width, 1)));
  return Array.from({ length: count }, (_, i) => (count - 1 - i) % every === 0);
}

function round(value) {
  return Number(value.toPrecision(12));
}
