export default {
  "welcome.title": "Three first steps",
  "welcome.lead": "Rimedio answers from your manuals and proves every sentence. It knows none yet.",
  "welcome.load": "Load your manuals",
  "welcome.load_about": "PDF, Word, Markdown, HTML or text. They can be searched seconds later and never leave this machine.",
  "welcome.load_admin": "An administrator loads the manuals. As soon as there is one, this step is ticked off.",
  "welcome.ask": "Ask a question",
  "welcome.ask_about": "An error code is a good start. Each sentence shows the page it comes from.",
  "welcome.ticket": "Open a ticket",
  "welcome.ticket_about": "Watch it go its way: classified, answered, checked, sent, or handed to you.",
  "welcome.open_ticket": "Open a ticket",
  "welcome.done": "Done",
  "welcome.all_done": "All three steps are done.",
  "welcome.demo": "Or look around with a demo",
  "welcome.demo_about": "Three invented products, their manuals, and tickets to work on. Stop the service and start it with this command:"
};
