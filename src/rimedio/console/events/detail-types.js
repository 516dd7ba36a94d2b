// The kinds of events a person may choose from; the same names as in rimedio.events.detail_types.

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
