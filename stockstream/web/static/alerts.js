// Alerts: the newest ones, as the process that raises them wrote them.

import { call, get } from "./api.js";
import { node, show } from "./dialogs.js";

export async function alerts(page) {
  const found = await get("/api/alerts");
  const seen = (alert) => node("button", {
    type: "button",
    onclick: async () => {
      await page.attempt(() => call("POST", `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`));
      setTimeout(() => page.attempt(() => alerts(page)), 500); // the topic tells it
    },
  }, "Seen");
  const may = page.who.role !== "viewer";
  show("Alerts", found.length ? node("ul", { class: "chosen" }, ...found.map((alert) => node("li", { class: alert.state },
    node("button", { type: "button", onclick: () => page.showAlert(alert) }, alert.told), " ",
    may && alert.state === "raised" ? seen(alert) : ""))) : "there are no alerts: `stockstream alerts` raises them by rules");
}
