// Sends a file in pieces, so that a broken line costs one piece and a pause costs nothing.

import { api, ApiError, wasAborted } from "./api.js";

const HASHED_BYTES_MAX = 64 * 1024 * 1024; // hashing reads the whole file into memory
const PART_SECONDS_MAX = 120;
const WAITS_MS = [500, 1500, 4000]; // before a piece is sent again; then the upload rests until somebody resumes

const TYPES = {
  pdf: "PDF",
  png: "IMAGE", jpg: "IMAGE", jpeg: "IMAGE", gif: "IMAGE", webp: "IMAGE",
  mp4: "VIDEO", mov: "VIDEO", webm: "VIDEO",
  log: "LOG", txt: "LOG", csv: "LOG",
};

/** What a file is for a ticket, by the end of its name: PDF, IMAGE, VIDEO, LOG or DOCUMENT. */
export function fileType(name) {
  return TYPES[name.split(".").pop().toLowerCase()] ?? "DOCUMENT";
}

/**
 * One file on its way.
 *
 * `state` is "waiting", "sending", "paused", "done", "failed" or "cancelled"; `sent` counts bytes; `error` is the
 * ApiError that made it rest; `answer` is what the API said at the end. `onchange(upload)` is called at every change.
 */
export class Upload {
  constructor(file, { type = fileType(file.name), onchange = () => {} } = {}) {
    this.file = file;
    this.type = type;
    this.state = "waiting";
    this.sent = 0;
    this.error = null;
    this.answer = null;
    this.upload_id = null;
    this.onchange = onchange;
    this.leave = new AbortController();
  }

  /** Send, or go on where it stopped. Resolves when done, resting or cancelled; never raises. */
  async start() {
    if (["sending", "done", "cancelled"].includes(this.state)) return this;
    this.leave = new AbortController();
    this.error = null;
    this.#turn("sending");
    try {
      await this.#send(this.leave.signal);
      this.#turn("done");
    } catch (error) {
      if (this.state === "sending" && !wasAborted(error)) this.#rest(error);
    }
    return this;
  }

  /** Stop after the piece under way was dropped; `start` goes on. */
  pause() {
    if (this.state !== "sending") return;
    this.#turn("paused");
    this.leave.abort();
  }

  /** Give up and let the server forget what it has. */
  async cancel() {
    if (["done", "cancelled"].includes(this.state)) return;
    this.#turn("cancelled");
    this.leave.abort();
    if (this.upload_id) await api.delete(`/v1/uploads/${this.upload_id}`).catch(() => {});
  }

  async #send(signal) {
    const plan = this.upload_id ? await api.get(this.#path(), { signal }) : await this.#open(signal);
    const received = new Set(plan.received ?? []);
    const size = (number) => Math.min(plan.part_size, this.file.size - (number - 1) * plan.part_size);
    this.sent = [...received].reduce((sum, number) => sum + size(number), 0);
    for (let number = 1; number <= plan.parts; number += 1) {
      if (received.has(number)) continue;
      const from = (number - 1) * plan.part_size;
      await this.#part(number, this.file.slice(from, from + plan.part_size), signal);
      this.sent += size(number);
      this.onchange(this);
    }
    this.answer = await api.post(`${this.#path()}/complete`, {}, { signal, limit: PART_SECONDS_MAX });
  }

  async #open(signal) {
    const { name, size } = this.file;
    const plan = await api.post("/v1/uploads", { name, size, type: this.type, ...(await digest(this.file)) }, { signal });
    this.upload_id = plan.upload_id;
    return plan;
  }

  async #part(number, bytes, signal) {
    for (const wait of [...WAITS_MS, null]) {
      try {
        return await api.put(`${this.#path()}/parts/${number}`, bytes, { signal, limit: PART_SECONDS_MAX });
      } catch (error) {
        if (wait === null || wasAborted(error) || !mayHelpToWait(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
        signal.throwIfAborted();
      }
    }
    return null;
  }

  #rest(error) {
    this.error = error;
    this.#turn(mayHelpToWait(error) ? "paused" : "failed");
  }

  #turn(state) {
    this.state = state;
    this.onchange(this);
  }

  #path() {
    return `/v1/uploads/${this.upload_id}`;
  }
}

function mayHelpToWait(error) {
  if (!(error instanceof ApiError)) return error?.name === "TimeoutError";
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/** SHA-256 of a file where the browser can compute it (a secure address, a file of bearable size). */
async function digest(file) {
  if (!globalThis.crypto?.subtle || file.size > HASHED_BYTES_MAX) return {};
  const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return { sha256: [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
