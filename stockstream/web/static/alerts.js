// Alerts: the newest ones, as the process that raises them wrote them.

import { call, get } from "./api.js";
import { node, show } from "./dialogs.js";

// The levels that the alerts process watches for this person, whichever layout they were set in.
function handed(page, { levels, runs }) {
  const end = (level) => node("button", {
    type: "button", "aria-label": `Watch ${level.symbol} at ${level.value} no longer`,
    onclick: async () => {
      await page.attempt(() => call("POST", "/api/levels/end", level));
      setTimeout(() => page.attempt(() => alerts(page)), 500); // the topic tells it
    },
  }, "Remove");
  return levels.length ? [node("h3", {}, `Levels watched by the alerts process${runs ? "" : ", which does not run"}`), node("ul", { class: "chosen" },
    ...levels.map((level) => node("li", {}, `${level.symbol} ${level.interval} at ${level.value}${level.once ? ", once" : ""}`, end(level))))] : [];
}

export async function alerts(page) {
  const [found, watched] = await Promise.all([get("/api/alerts"), get("/api/levels")]);
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
    may && alert.state === "raised" ? seen(alert) : ""))) : "there are no alerts: `stockstream alerts` raises them by rules",
  ...handed(page, watched));
}
