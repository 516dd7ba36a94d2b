// Files on their way into the knowledge. The list outlives its page: whoever looks elsewhere loses nothing.

import { api, wasAborted } from "../api.js";
import { may } from "../session.js";
import { fileType, Upload } from "../upload.js";

const POLL_MS = 1200;
const POLL_ERRORS_MAX = 20;
const NO_MODEL = "none";

/** Files of this tab, the newest first: {upload, record, options, error}. */
export const loads = [];
/** Tells "change" whenever a file got further. */
export const changes = new EventTarget();

let working = false;
let byMeaning = true;

/** Put files into the queue; `options` {doc_type?, version?} go with each. */
export function load(files, options = {}) {
  for (const file of files) {
    const one = { record: null, error: null, options };
    one.upload = new Upload(file, { type: fileType(file.name), onchange: tell });
    loads.unshift(one);
  }
  tell();
  work();
}

/** Go on with a file that rests. */
export function resume(one) {
  one.error = null;
  if (one.upload.state === "done") finish(one);
  else one.upload.start().then(() => finish(one));
}

/** Take a file out of the list; what is under way is given up. */
export function drop(one) {
  one.upload.cancel();
  const at = loads.indexOf(one);
  if (at >= 0) loads.splice(at, 1);
  tell();
}

/** Take the file of a document out of the list: the document goes. */
export function forgetLoad(documentId) {
  const at = loads.findIndex((one) => one.record?.document_id === documentId);
  if (at >= 0) loads.splice(at, 1);
  tell();
}

/** Take everything out that is finished. */
export function clearFinished() {
  for (const one of loads.filter(isFinished)) loads.splice(loads.indexOf(one), 1);
  tell();
}

/** Whether nothing will happen to a file any more. */
export function isFinished(one) {
  if (one.error || ["failed", "cancelled"].includes(one.upload.state)) return true;
  return one.record?.status === "REFUSED" || (one.record?.status === "INDEXED" && share(one.record) >= 1);
}

/** Share of a document's passages that can be found by meaning, 0..1; 1 where none is ever going to be. */
export function share(record) {
  return byMeaning && record.chunks ? record.embedded : 1;
}

/** Whether this service searches by meaning at all: some know words and codes only. */
export function searchesByMeaning() {
  return byMeaning;
}

/** Ask which model makes the vectors; documents are not waited for where there is none. */
export async function readCoverage(options) {
  const coverage = await api.get("/v1/kb/coverage", options);
  byMeaning = Boolean(coverage.model) && coverage.model !== NO_MODEL;
  return coverage;
}

/** One file after the other: the line belongs to the file that is sent. */
async function work() {
  if (working) return;
  working = true;
  for (;;) {
    const next = loads.filter((one) => one.upload.state === "waiting").pop();
    if (!next) break;
    await next.upload.start();
    finish(next);
  }
  working = false;
}

async function finish(one) {
  if (one.upload.state !== "done" || one.record) return;
  try {
    const body = { upload_id: one.upload.upload_id, ...one.options };
    one.record = await api.post("/v1/kb/documents", body);
    tell();
    await follow(one);
  } catch (error) {
    one.error = error;
  }
  tell();
}

/** Ask how far the document is until it is searchable by words and by meaning, or refused. */
async function follow(one) {
  let errors = 0;
  if (may("GET /v1/kb/coverage")) await readCoverage().catch(() => {});
  while (loads.includes(one) && !isFinished(one)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (!loads.includes(one)) return;
    try {
      one.record = await api.get(`/v1/kb/documents/${one.record.document_id}`);
      errors = 0;
    } catch (error) {
      errors += 1;
      const gone = error.status === 404 || error.status === 401;
      if (gone || errors > POLL_ERRORS_MAX) throw error;
      if (wasAborted(error)) return;
    }
    tell();
  }
}

function tell() {
  changes.dispatchEvent(new Event("change"));
}

window.addEventListener("beforeunload", (event) => {
  if (loads.some((one) => one.upload.state === "sending")) event.preventDefault();
});
