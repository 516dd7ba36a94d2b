// A page of a manual as a picture with marks where the quote stands.
//
// The picture needs the token, and the security policy forbids blob URLs: so it is drawn on a canvas, and the marks are
// an SVG above it, whose units are the page's own fractions.

import { api, wasAborted } from "../api.js";
import { fill, h, s } from "../dom.js";
import { openDialog } from "../elements/dialog.js";
import { iconButton } from "../elements/button.js";
import { errorState } from "../elements/state.js";
import { t } from "../i18n.js";

const WIDTHS = { panel: 900, large: 1600 };
const NEAR = 0.08; // of the page's height, shown above the first mark

/** The page, scrolled to its first mark; a button shows it large. */
export function pagePicture(found, signal) {
  const frame = h("div", { class: "page-frame", tabindex: "0", role: "region", "aria-label": t("passage.picture_region") });
  const large = iconButton(t("passage.enlarge"), "open", { class: "page-enlarge no-print", onclick: () => enlarge(found, signal) });
  draw(frame, found, WIDTHS.panel, signal);
  return h("div", { class: "page-picture" }, frame, large);
}

function enlarge(found, signal) {
  const frame = h("div", { class: "page-frame page-frame-large", tabindex: "0", role: "region", "aria-label": t("passage.picture_region") });
  draw(frame, found, WIDTHS.large, signal);
  return openDialog({ title: `${found.document.title}, ${t("passage.page", { page: found.page.number })}`, body: frame, kind: "wide", signal });
}

async function draw(frame, { document: source, page, chunk, quote }, width, signal) {
  const sheet = h("div", { class: "page-sheet" });
  const canvas = h("canvas", { role: "img", width: 10, height: Math.round((10 * page.height) / page.width), "aria-label": words(source, page, chunk, quote) });
  fill(frame, fill(sheet, canvas, marks(page)));
  try {
    const path = `/v1/kb/documents/${encodeURIComponent(source.document_id)}/pages/${page.number}`;
    const bitmap = await createImageBitmap(await api.blob(path, { query: { width }, signal }));
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    if (page.boxes.length) frame.scrollTop = Math.max(0, (page.boxes[0].y - NEAR) * sheet.offsetHeight);
  } catch (error) {
    if (!wasAborted(error)) fill(frame, errorState(error));
  }
}

function marks(page) {
  return s(
    "svg",
    { class: "page-marks", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    page.boxes.map((box) => s("rect", { x: box.x - 0.004, y: box.y - 0.002, width: box.width + 0.008, height: box.height + 0.004 })),
  );
}

function words(source, page, chunk, quote) {
  const marked = quote ? chunk.text.slice(quote.start, quote.end) : "";
  return t("passage.picture", { title: source.title, page: page.number, quote: marked });
}
