// Tool bar: the buttons, the keys, and the menu of the page.

import { call } from "./api.js";
import { alerts } from "./alerts.js";
import { dashboard } from "./dashboard.js";
import * as dialogs from "./dialogs.js";
import { node } from "./dialogs.js";
import { levels } from "./watched.js";

export const INTERVALS = ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1wk", "1mo", "1y"];
export const RANGES = { "1D": 1, "5D": 5, "1M": 31, "6M": 183, YTD: null, "1Y": 366, All: Infinity };

const element = (id) => document.getElementById(id);

// Gives the buttons and keys of the page their work.
export function wire(page) {
  for (const name of INTERVALS) {
    element("intervals").append(node("button", {
      type: "button",
      onclick: () => page.active.change({ resample: name === page.active.settings.interval ? null : name }),
    }, name));
  }
  for (const name of Object.keys(RANGES)) {
    element("ranges").append(node("button", { type: "button", onclick: () => page.showRange(name) }, name));
  }
  const clicks = {
    indicators: () => dialogs.indicators(page.indicators, page.active),
    compare: () => dialogs.compare([...new Set(page.series.map((each) => each.key))], page.active),
    layouts: () => page.attempt(() => dialogs.layouts(page)),
    scale: () => page.toggleLog(),
    measure: () => page.startMeasure(),
    more: () => more(page),
  };
  for (const [id, work] of Object.entries(clicks)) element(id).addEventListener("click", work);
  element("notice").addEventListener("click", () => { element("notice").textContent = ""; });
  element("alarm").addEventListener("click", () => page.seen());
  element("goto").addEventListener("change", (event) => page.goTo(event.target.value));
  element("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = element("symbol").value.trim().toUpperCase();
    const found = page.series.find((each) => each.key.toUpperCase() === wanted) ?? page.series.find((each) => each.key.toUpperCase().startsWith(wanted));
    if (found) {
      page.choose(found);
      element("symbol").value = "";
      element("symbol").blur();
    } else {
      page.say(`there is no symbol ${wanted}`);
    }
  });
  document.addEventListener("keydown", (event) => onKey(page, event));
  window.addEventListener("hashchange", () => page.openShared());
}

// What keys do, by the names of the windows' actions.
export const actions = (page) => ({
  turn: (key) => page.turn(key === "b" ? -1 : 1),
  pick: (key) => page.series[Number(key) - 1] && page.choose(page.series[Number(key) - 1]),
  zoom: (key) => page.active.renderer.view.zoom(key === "-" ? 1.25 : 0.8),
  pan: (key) => page.active.renderer.view.pan(key === "left" ? -0.1 : 0.1),
  pause: () => page.togglePause(),
  follow: () => page.active.renderer.view.follow(),
  fit: () => page.active.renderer.view.setFit(!page.active.renderer.view.fits),
  grid: () => page.toggleGrid(),
  leave: () => page.leave(),
  log: () => page.toggleLog(),
  theme: () => page.nextTheme(),
  save: () => page.screenshot(),
  rows: () => page.csv(),
  measure: () => page.startMeasure(),
  screen: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  cross: (key) => page.active.cursor.move(key),
  mark: () => (page.measuring || page.startMeasure(), page.active.measureHere()),
  level: (key) => page.active.levels.toggle(key === "H"),
  alerts: () => page.attempt(() => alerts(page)),
  help: () => page.keys(),
});

function onKey(page, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || dialogs.isOpen()) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (["Enter", " "].includes(event.key) && /^(BUTTON|A)$/.test(event.target.tagName)) return;
  const arrow = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" }[event.key];
  const plain = { End: "end", Escape: "escape", F1: "f1", Enter: "enter" }[event.key] ?? event.key;
  const key = arrow && event.shiftKey ? `shift+${arrow}` : arrow ?? plain;
  const binding = page.bindings.find((each) => each.keys.includes(key) && page.actions[each.action]);
  if (binding) {
    event.preventDefault();
    page.actions[binding.action](key);
  }
}

// Shows the layout of a link. It is not kept, so that the reader's own comes back, until the reader changes something.

function more(page) {
  const zones = ["", "UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])];
  const zone = node("select", {
    "aria-label": "Time zone",
    onchange: (event) => {
      page.zone = event.target.value;
      for (const panel of page.panels) panel.renderer.setZone(page.zone);
      page.onChanged();
    },
  }, ...zones.map((each) => node("option", { value: each, selected: each === page.zone }, each || "of the exchange")));
  const act = (text, work) => node("button", { type: "button", onclick: () => { dialogs.hide(); work(); } }, text);
  dialogs.show(`${page.who.name} (${page.who.role})`,
    node("p", {}, node("label", {}, "Time zone ", zone)),
    node("div", { class: "menu" }, act("Theme (t)", () => page.nextTheme()), act("Picture (s)", () => page.screenshot()),
      act("Rows as CSV (c)", () => page.csv()), act("Flights per day", () => page.flights()),
      ...(page.active.settings.view === "flights" ? [act("Airlines", () => dialogs.airlines(page.active))] : []), act("Dashboard", () => page.attempt(() => dashboard())), act("Alerts (i)", () => page.attempt(() => alerts(page))), act("Levels", () => levels(page)), act("Keys (?)", () => page.keys()),
      ...(page.who.role === "admin" ? [act("Users", () => page.attempt(() => dialogs.users(page))), act("Monitor", () => page.attempt(() => dialogs.monitor()))] : []),
      act("Log out", () => page.attempt(async () => { await call("POST", "/logout"); location.assign("/login"); }))));
}
