// The one door to the API: adds the token, turns refusals into ApiError, reads lists page by page.

import { has, t } from "./i18n.js";
import { faultOf, refused } from "./said.js";
import { forget, token } from "./session.js";

const SECONDS_MAX = 30;

/**
 * A refusal of the API, or no answer at all (`status` 0). `message` says what was wrong in the reader's language where
 * there are words for it; `lang` is the language it is in.
 */
export class ApiError extends Error {
  constructor(status, body) {
    const error = body?.error ?? {};
    const { text, lang } = status === 0 ? { text: t("error.OFFLINE_text"), lang: null } : refused(error.message || `HTTP ${status}`, error.details);
    super(text);
    this.lang = lang;
    this.original = error.message ?? "";
    this.status = status;
    this.code = error.code ?? (status === 0 ? "OFFLINE" : "INTERNAL_ERROR");
    this.details = error.details ?? null;
    this.requestId = error.request_id ?? null;
  }

  /** What is wrong with one field of the request, or null where the API names another. */
  fault(name) {
    const found = this.details?.find(({ field }) => field === name || field.endsWith(`.${name}`));
    return found ? faultOf(found.message) : null;
  }

  /** What kind of refusal it is, in the reader's language. */
  get title() {
    const key = `error.${this.code}`;
    return has(key) ? t(key) : t("error.INTERNAL_ERROR");
  }
}

/** `api.get("/v1/tickets", {query: {status: "READY"}})`; answers are parsed JSON, null for 204. */
export const api = {
  get: (path, options) => send("GET", path, options),
  post: (path, body, options) => send("POST", path, { ...options, body }),
  put: (path, body, options) => send("PUT", path, { ...options, body }),
  delete: (path, options) => send("DELETE", path, options),
  /** Bytes as a Blob, for pictures and downloads. */
  blob: async (path, options) => (await request("GET", path, options)).blob(),
  /** The items of one page of a list: {items, next_cursor}. */
  list: (path, query = {}, options = {}) => send("GET", path, { ...options, query }),
};

/** Every item of a list, at most `most`. */
export async function everything(path, query = {}, { most = 500, signal } = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await api.list(path, { limit: 100, ...query, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items;
}

/** The URL of a path with its query; null, empty and undefined values are left out. */
export function withQuery(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(kept).toString();
  return text ? `${path}?${text}` : path;
}

/** fetch with the token. Raises ApiError; a session that ended is announced by `signed-out` on window. */
export async function request(method, path, { query, body, headers = {}, signal, limit = SECONDS_MAX } = {}) {
  const bearer = token();
  const raw = body instanceof Blob || body instanceof ArrayBuffer;
  const sent = { Accept: "application/json", ...headers };
  if (bearer) sent.Authorization = `Bearer ${bearer}`;
  if (body !== undefined && !raw) sent["Content-Type"] = "application/json";
  else if (raw && !sent["Content-Type"]) sent["Content-Type"] = "application/octet-stream";
  const answer = await reach(withQuery(path, query), {
    method,
    headers: sent,
    body: body === undefined || raw ? body : JSON.stringify(body),
    signal: until(signal, limit),
    cache: "no-store",
    credentials: "omit",
  });
  if (answer.ok) return answer;
  if (answer.status === 401 && bearer) {
    forget();
    window.dispatchEvent(new CustomEvent("signed-out", { detail: "expired" }));
  }
  throw new ApiError(answer.status, await answer.json().catch(() => null));
}

/** Whether a refusal may be gone when one asks again: no answer, too many requests, a service that starts. */
export function mayPass(error) {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Whether an error only says that the page was left. */
export function wasAborted(error) {
  return error?.name === "AbortError";
}

async function send(method, path, options) {
  const answer = await request(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

async function reach(url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (wasAborted(error)) throw error;
    throw new ApiError(0, null); // what the browser says of it is for developers, and in its own language
  }
}

function until(signal, seconds) {
  const signals = [signal, seconds ? AbortSignal.timeout(seconds * 1000) : null].filter(Boolean);
  return signals.length ? AbortSignal.any(signals) : undefined;
}
