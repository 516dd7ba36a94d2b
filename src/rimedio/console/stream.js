// Server-sent events over fetch, because EventSource cannot carry a bearer token.

import { ApiError, request, wasAborted } from "./api.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Read a stream until it ends, the page is left (`signal`), or the API refuses it.
 *
 * `on[event](data, id)` is called for each event. A connection that breaks is taken up again with
 * Last-Event-ID, later and later. One that ends as it should (behind API Gateway every answer is a document of what
 * is new) is taken up after the time that it named itself (`retry:`). The stream ends after an event named in `last` (for a stream that never ends
 * by itself: []). `onState("live" | "waiting")` tells whether it is connected. Resolves when ended; raises
 * ApiError for a 4xx.
 */
export async function readStream(path, { on, signal, body, last = ["complete"], onState = () => {} }) {
  const reader = { id: null, done: false, wait: FIRST_WAIT_MS, retry: null };
  while (!reader.done && !signal?.aborted) {
    let ended = false;
    try {
      await readOnce(path, { on, signal, body, last, onState, reader });
      ended = true;
      if (body !== undefined && !reader.done) throw new ApiError(0, null); // a question is never asked twice
    } catch (error) {
      if (signal?.aborted || wasAborted(error)) return;
      if (body !== undefined || refusesForGood(error)) throw error;
    }
    if (reader.done || signal?.aborted) return;
    if (ended && reader.retry !== null) {
      await pause(reader.retry, signal);
      continue;
    }
    onState("waiting");
    await pause(reader.wait, signal);
    reader.wait = Math.min(reader.wait * 2, LONGEST_WAIT_MS);
  }
}

async function readOnce(path, { on, signal, body, last, onState, reader }) {
  const headers = { Accept: "text/event-stream" };
  if (reader.id) headers["Last-Event-ID"] = reader.id;
  const answer = await request(body === undefined ? "GET" : "POST", path, { headers, signal, body, limit: 0 });
  onState("live");
  const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await text.read();
    if (done) return;
    reader.wait = FIRST_WAIT_MS;
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event.id) reader.id = event.id;
      if (event.retry !== null) reader.retry = Math.min(event.retry, LONGEST_WAIT_MS);
      if (event.data === null) continue;
      on[event.name]?.(event.data, event.id);
      if (last.includes(event.name)) {
        reader.done = true;
        text.cancel().catch(() => {});
        return;
      }
    }
  }
}

function parse(block) {
  const event = { name: "message", id: null, data: null, retry: null };
  const data = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event.name = value;
    else if (field === "id") event.id = value;
    else if (field === "retry" && /^\d+$/.test(value)) event.retry = Number(value);
    else if (field === "data") data.push(value);
  }
  if (data.length) event.data = read(data.join("\n"));
  return event;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refusesForGood(error) {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
