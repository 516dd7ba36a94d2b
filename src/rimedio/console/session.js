// Who is signed in. The token lives in sessionStorage: it ends with the tab and is never written to disk by us.

import { recallInTab, rememberInTab } from "./memory.js";

const KEY = "rimedio.session";
let session = read();
let me = null;

/** The bearer token, or null when nobody is signed in or the time is over. */
export function token() {
  if (session && new Date(session.expires_at).getTime() <= Date.now()) forget();
  return session?.token ?? null;
}

/** Who is signed in: {subject, tenant_id, roles, permissions}; null before `identify`. */
export function currentUser() {
  return me;
}

/** Keep a session as `POST /v1/session` gave it. */
export function keep(answer) {
  session = answer;
  me = null;
  rememberInTab(KEY, JSON.stringify(answer));
}

/** Keep what `GET /v1/me` says. */
export function identify(answer) {
  me = answer;
}

/** Sign out, or notice that the session is over. */
export function forget() {
  session = null;
  me = null;
  rememberInTab(KEY, null);
}

/** Whether the signed-in person may use a route, such as "POST /v1/tickets/{ticket_id}/review". */
export function may(route) {
  return me?.permissions?.includes(route) ?? false;
}

/** Whether the signed-in person has one of these roles. */
export function hasRole(...roles) {
  return roles.some((role) => me?.roles?.includes(role));
}

function read() {
  try {
    return JSON.parse(recallInTab(KEY) ?? "null");
  } catch {
    return null;
  }
}
