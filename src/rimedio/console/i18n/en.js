// All words in this language, one file a page. Each file is JSON behind `export default`, so that tests can read it.

import shell from "./en/shell.js";
import status from "./en/status.js";
import signin from "./en/signin.js";
import queue from "./en/queue.js";
import ticket from "./en/ticket.js";
import remedy from "./en/remedy.js";
import review from "./en/review.js";
import workflow from "./en/workflow.js";
import newTicket from "./en/new.js";
import ask from "./en/ask.js";
import knowledge from "./en/knowledge.js";
import insights from "./en/insights.js";
import learning from "./en/learning.js";
import events from "./en/events.js";
import settings from "./en/settings.js";
import welcome from "./en/welcome.js";

export default {
  ...shell,
  ...status,
  ...signin,
  ...queue,
  ...ticket,
  ...remedy,
  ...review,
  ...workflow,
  ...newTicket,
  ...ask,
  ...knowledge,
  ...insights,
  ...learning,
  ...events,
  ...settings,
  ...welcome,
};
