// Settings: one's own, one's account, and the service's.

import { h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { tabs } from "../elements/tabs.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { may } from "../session.js";
import { account } from "../settings/account.js";
import { preferences } from "../settings/preferences.js";
import "../settings/service.js";

const TABS = [
  { id: "preferences", build: preferences },
  { id: "account", build: account },
  { id: "health", build: () => h("rim-health"), needs: "GET /v1/settings" },
  { id: "service", build: () => h("rim-service-settings"), needs: "GET /v1/settings" },
];

class SettingsPage extends Page {
  mount() {
    const items = TABS.filter((tab) => !tab.needs || may(tab.needs)).map(({ id, build }) => ({ id, build, label: t(`settings.tab_${id}`) }));
    this.append(
      h(
        "div",
        { class: "page settings" },
        this.header(t("nav.settings"), { lead: t("settings.lead") }),
        tabs(items, { label: t("nav.settings"), chosen: this.route.params.tab, onChange: (id) => history.replaceState(null, "", href(`/settings/${id}`)) }),
      ),
    );
  }
}

define("rim-settings", SettingsPage);
