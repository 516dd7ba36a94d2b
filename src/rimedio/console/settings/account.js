// Who is signed in, until when, and what they may do.

import { h } from "../dom.js";
import { button } from "../elements/button.js";
import { dateTime, t } from "../i18n.js";
import { currentUser, token } from "../session.js";
import { signOut } from "../shell.js";

/** The signed-in person and their token. The token itself is never shown. */
export function account() {
  const user = currentUser();
  const { exp, iat, iss, aud } = claims();
  const rows = [
    [t("settings.subject"), user.subject],
    [t("settings.tenant"), user.tenant_id],
    [t("settings.roles"), user.roles.map((name) => t(`role.${name}`)).join(", ")],
    [t("settings.issued"), iat && dateTime(iat * 1000)],
    [t("settings.expires"), exp && dateTime(exp * 1000)],
    [t("settings.issuer"), iss && h("span", { class: "mono small" }, iss)],
    [t("settings.audience"), aud && h("span", { class: "mono small" }, [aud].flat().join(", "))],
  ];
  return [
    h("section", { class: "card" }, h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), h("p", { class: "small muted" }, t("settings.token_about")), button(t("shell.sign_out"), { glyph: "exit", onclick: signOut })),
    h("details", { class: "card routes" }, h("summary", {}, t("settings.may", { n: user.permissions.length })), h("ul", { class: "mono small" }, user.permissions.map((route) => h("li", {}, route)))),
  ];
}

/** What the token says of itself; the signature is the server's business. */
function claims() {
  try {
    const part = token().split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (sign) => sign.charCodeAt(0))));
  } catch {
    return {};
  }
}
