// Alerts: the newest ones, as the process that raises them wrote them.

import { call, get } from "./api.js";
import { node, show, whileOpen } from "./dialogs.js";

const EVERY = 1_000;

const fetched = () => Promise.all([get("/api/alerts"), get("/api/levels")]);

// The levels that the alerts process watches for this person, whichever layout they were set in.
function handed(page, { levels, runs }) {
  const end = (level) => node("button", {
    type: "button", "aria-label": `Watch ${level.symbol} at ${level.value} no longer`,
    onclick: async () => {
      await page.inTurn(() => call("POST", "/api/levels/end", level));
    },
  }, "Remove");
  return levels.length ? [node("h3", {}, `Levels watched by the alerts process${runs ? "" : ", which does not run"}`), node("ul", { class: "chosen" },
    ...levels.map((level) => node("li", {}, `${level.symbol} ${level.interval} at ${level.value}${level.once ? ", once" : ""}`, end(level))))] : [];
}

export async function alerts(page) {
  fill(page, await fetched());
}

function fill(page, now) {
  const [found, watched] = now;
  const seen = (alert) => node("button", {
    type: "button",
    onclick: async () => {
      await page.attempt(() => call("POST", `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`));
    },
  }, "Seen");
  const may = page.who.role !== "viewer";
  show("Alerts", found.length ? node("ul", { class: "chosen" }, ...found.map((alert) => node("li", { class: alert.state },
    node("button", { type: "button", onclick: () => page.showAlert(alert) }, alert.told), " ",
    may && alert.state === "raised" ? seen(alert) : ""))) : "there are no alerts: `stockstream alerts` raises them by rules",
  ...handed(page, watched));
  // The topic tells what comes, what was seen and what is watched.
  whileOpen(async (still) => {
    const next = await fetched();
    if (still() && JSON.stringify(next) !== JSON.stringify(now)) fill(page, next);
  }, EVERY);
}
