// Alerts: the newest ones, as the process that raises them wrote them.

import { call, get } from "./api.js";
import { node, show, whileOpen } from "./dialogs.js";

const EVERY = 1_000;

const fetched = (page) => Promise.all([get("/api/alerts"), get(page.who.role === "admin" ? "/api/levels?everyone=true" : "/api/levels")]);

// The levels that the alerts process watches for this person, whichever layout they were set in; for an admin those of others, too.
function handed(page, { levels, runs }) {
  const others = (level) => (level.owner === page.who.name ? "" : ` of ${level.owner}`);
  const end = (level) => node("button", {
    type: "button", "aria-label": `Watch ${level.symbol} at ${level.value}${others(level)} no longer`,
    onclick: async () => {
      await page.inTurn(() => call("POST", "/api/levels/end", level));
    },
  }, "Remove");
  return levels.length ? [node("h3", {}, `Levels watched by the alerts process${runs ? "" : ", which does not run"}`), node("ul", { class: "chosen" },
    ...levels.map((level) => node("li", {}, `${level.symbol} ${level.interval} at ${level.value}${level.once ? ", once" : ""}${others(level)}`, end(level))))] : [];
}

export async function alerts(page) {
  fill(page, await fetched(page));
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
    const next = await fetched(page);
    if (still() && JSON.stringify(next) !== JSON.stringify(now)) fill(page, next);
  }, EVERY);
}
