// The kinds of events a person may choose from; the same names as in rimedio.events.detail_types.

import { has, t } from "../i18n.js";

export const DETAIL_TYPES = [
  "TicketOpened",
  "TicketStatusChanged",
  "SolutionPublished",
  "ReviewDecided",
  "FeedbackGiven",
  "MessageAdded",
  "DocumentIndexed",
  "DocumentRefused",
  "KnowledgeGapFound",
  "ArticleApproved",
  "ModelPromoted",
  "DriftDetected",
  "BudgetLevelChanged",
];

/** A kind of event in words, with its name for programs. */
export function kindName(type) {
  return has(`event.${type}`) ? `${t(`event.${type}`)} (${type})` : type;
}
