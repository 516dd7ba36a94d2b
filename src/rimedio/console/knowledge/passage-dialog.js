// A passage in a dialog, where the page has no place beside for it.

import { openDialog } from "../elements/dialog.js";
import { t } from "../i18n.js";
import "../ticket/passage.js";

/** Show the passage of a citation {id, chunk_id, source_title, section, snippet}, with the claim that stands on it. */
export function showPassage(citation, claim = null) {
  const passage = document.createElement("rim-passage");
  const shown = openDialog({ title: t("knowledge.show_passage"), kind: "wide", body: passage });
  passage.show({ claim, citation });
  return shown;
}
