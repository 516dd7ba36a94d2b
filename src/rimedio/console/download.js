// Files of the API that need the token: fetched, then handed to the browser as a download.

import { api } from "./api.js";
import { h } from "./dom.js";

const KEEP_MS = 60_000;

/** Fetch `path` and save it as `name`. */
export async function download(path, name, options) {
  const url = URL.createObjectURL(await api.blob(path, options));
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}
