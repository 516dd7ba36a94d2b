// Events of the system, for administrators: what happened, who is told, what could not be delivered.

import { h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { tabs } from "../elements/tabs.js";
import { t } from "../i18n.js";
import { subnav } from "../insights/subnav.js";
import { href } from "../router.js";
import { may } from "../session.js";
import "../events/dead-letters.js";
import "../events/recent.js";
import "../events/replays.js";
import "../events/rules.js";
import "../events/schedules.js";
import "../events/webhooks.js";

const TABS = [
  { id: "recent", tag: "rim-recent-events", needs: "GET /v1/events" },
  { id: "webhooks", tag: "rim-webhooks", needs: "GET /v1/webhooks" },
  { id: "rules", tag: "rim-event-rules", needs: "GET /v1/events/rules" },
  { id: "dead", tag: "rim-dead-letters", needs: "GET /v1/events/dead-letters" },
  { id: "replays", tag: "rim-replays", needs: "GET /v1/events/replays" },
  { id: "schedules", tag: "rim-schedules", needs: "GET /v1/schedules" },
];

class EventsPage extends Page {
  mount() {
    const items = TABS.filter((tab) => may(tab.needs)).map(({ id, tag }) => ({ id, label: t(`events.tab_${id}`), build: () => h(tag) }));
    this.append(
      h(
        "div",
        { class: "page events" },
        this.header(t("insights.nav_events"), { lead: t("events.lead") }),
        subnav("events"),
        items.length > 0 && tabs(items, { label: t("insights.nav_events"), chosen: this.route.params.tab, onChange: (id) => history.replaceState(null, "", href(`/events/${id}`)) }),
      ),
    );
  }
}

define("rim-events", EventsPage);
