// All words in this language, one file a page. Each file is JSON behind `export default`, so that tests can read it.

import shell from "./it/shell.js";
import status from "./it/status.js";
import signin from "./it/signin.js";
import queue from "./it/queue.js";
import ticket from "./it/ticket.js";
import remedy from "./it/remedy.js";
import review from "./it/review.js";
import workflow from "./it/workflow.js";
import newTicket from "./it/new.js";
import ask from "./it/ask.js";
import knowledge from "./it/knowledge.js";
import insights from "./it/insights.js";
import learning from "./it/learning.js";
import events from "./it/events.js";
import settings from "./it/settings.js";
import welcome from "./it/welcome.js";

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
