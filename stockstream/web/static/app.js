// The page: watch list, charts in a layout, what links them, and the keys.

import { get, me } from "./api.js";
import { arrangement } from "./arrangement.js";
import * as dialogs from "./dialogs.js";
import { node } from "./dialogs.js";
import { number } from "./format.js";
import { Panel } from "./panel.js";
import { hasEnded, watchUse } from "./session.js";
import { Socket } from "./socket.js";
import { actions, INTERVALS, RANGES, wire } from "./toolbar.js";

const DAY = 86_400e6;
const QUOTES_EVERY = 2_000;
const KEPT = "stockstream-page";
const ALARMS = 5; // kept and shown of those that were not seen

const element = (id) => document.getElementById(id);

class Page {
  constructor(who, themes, indicators, bindings) {
    Object.assign(this, { who, themes, indicators, bindings });
    this.panels = [];
    this.series = [];
    this.alarms = []; // the newest of those that were not seen
    this.unseen = 0;
    this.grid = true;
    this.tail = Promise.resolve(); // of the work that is done in turn
    this.paused = false;
    this.measuring = false;
    this.visiting = false; // whether a layout of a link is shown, which is not kept
    this.socket = new Socket((connected, since) => this.onState(connected, since));
    this.setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    this.actions = actions(this);
    wire(this);
    try {
      this.restore(this.kept());
    } catch {
      this.restore(null); // what is kept cannot be shown: a reload must not fail for it
    }
    watchUse(() => this.socket.send({ type: "active" }));
    this.refresh();
    setInterval(() => this.refresh(), QUOTES_EVERY);
  }

  // Layout.

  layout() {
    return { theme: this.themeName, zone: this.zone, linked: this.linked, charts: this.panels.map((panel) => panel.settings) };
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(KEPT));
    } catch {
      return null;
    }
  }

  // Keeps the arrangement in this browser, unless it is that of a link.
  keep() {
    if (!this.visiting) localStorage.setItem(KEPT, JSON.stringify(this.layout()));
  }

  restore(layout) {
    const { theme, zone, linked, charts } = arrangement(layout, this.themes);
    for (const panel of this.panels) panel.close();
    this.panels = [];
    Object.assign(this, { linked, zone });
    if (theme) this.setTheme(theme);
    for (const settings of charts) this.add(settings);
    this.focus(this.panels[0]);
  }

  arrange(count) {
    while (this.panels.length > count) this.panels.pop().close();
    while (this.panels.length < count) this.add({ ...structuredClone(this.panels[0].settings) });
    this.focus(this.panels[0]);
    this.onChanged();
  }

  add(settings) {
    const place = node("section", { class: "panel", tabindex: 0 });
    element("charts").append(place);
    const panel = new Panel(place, this.socket, this.theme, settings, this);
    place.addEventListener("pointerdown", () => this.focus(panel));
    place.addEventListener("focus", () => this.focus(panel));
    this.panels.push(panel);
    element("charts").dataset.count = this.panels.length;
    if (!panel.settings.symbol && this.series.length) Object.assign(panel.settings, this.first());
    panel.open();
  }

  first() {
    const [series] = this.series;
    return { symbol: series.key, interval: series.interval, feed: series.feed };
  }

  focus(panel) {
    this.active = panel;
    for (const each of this.panels) each.element.classList.toggle("active", each === panel && this.panels.length > 1);
    this.mark();
  }

  // The reader has changed something: what is shown is the reader's own now.
  onChanged() {
    element("charts").dataset.count = this.panels.length;
    if (this.visiting) history.replaceState(null, "", location.pathname);
    this.visiting = false;
    this.keep();
    this.mark();
  }

  // Marks what is chosen: interval, scale, symbol.
  mark() {
    if (!this.active) return;
    const { settings } = this.active;
    for (const button of element("intervals").children) {
      button.setAttribute("aria-pressed", String(button.textContent === (settings.resample ?? settings.interval)));
      button.disabled = !this.makes(settings, button.textContent);
    }
    element("scale").setAttribute("aria-pressed", String(settings.mode === 1));
    for (const row of element("watchlist").querySelectorAll("button")) {
      row.setAttribute("aria-current", String(row.dataset.key === `${settings.symbol}|${settings.interval}|${settings.feed}`));
    }
    element("symbol").placeholder = settings.symbol ?? "Symbol";
  }

  makes(settings, interval) {
    const own = INTERVALS.indexOf(settings.interval);
    return own < 0 || INTERVALS.indexOf(interval) >= own;
  }

  choose(series) {
    const targets = this.linked.symbol ? this.panels : [this.active];
    for (const panel of targets) {
      const resample = panel.settings.resample && this.makes({ interval: series.interval }, panel.settings.resample) ? panel.settings.resample : null;
      panel.change({ view: "chart", symbol: series.key, interval: series.interval, feed: series.feed, resample });
    }
  }

  // Watch list.

  async refresh() {
    if (hasEnded()) return;
    try {
      this.series = await get("/api/series");
    } catch {
      return; // the strip says whether the server is there
    }
    for (const panel of this.panels) {
      if (!panel.settings.symbol && this.series.length) {
        Object.assign(panel.settings, this.first());
        panel.open();
      }
    }
    const list = element("watchlist");
    if (!this.series.length) {
      list.replaceChildren(node("p", {}, "no bars yet"));
      return;
    }
    const focused = document.activeElement?.dataset?.key;
    list.replaceChildren(...this.series.map((series) => this.row(series)));
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    element("symbols").replaceChildren(...[...new Set(this.series.map((each) => each.key))].map((value) => node("option", { value })));
    this.mark();
  }

  row(series) {
    const change = series.change === null ? "" : `${series.change >= 0 ? "+" : ""}${number(series.change * 100, 2)}%`;
    const tone = series.change > 0 ? "up" : series.change < 0 ? "down" : "";
    return node("button", {
      type: "button", "data-key": `${series.key}|${series.interval}|${series.feed}`, onclick: () => this.choose(series),
    }, node("span", { class: "name" }, series.symbol), node("span", {}, number(series.close, series.close < 1 ? 4 : 2)),
    node("span", { class: tone }, change), node("small", {}, ` ${series.interval}${series.simulated ? " simulated" : ""}`));
  }

  // Events of panels.

  onCrosshair(panel, time) {
    if (this.following || !this.linked.crosshair) return;
    this.following = true;
    for (const other of this.panels) if (other !== panel) other.renderer.point(time);
    this.following = false;
  }

  onRange(panel) {
    if (this.following || !this.linked.time || panel !== this.active) return;
    const { period, room } = panel.renderer.view;
    if (!period) return;
    this.following = true;
    for (const other of this.panels) {
      if (other !== panel && other.renderer.rows.length) {
        try {
          other.renderer.view.showTimes(period, room);
        } catch { /* it has no rows there */ }
      }
    }
    this.following = false;
  }

  onOpened(panel) {
    this.mark();
    if (this.active && panel !== this.active) this.onRange(this.active);
  }

  onStatus(panel) {
    if (panel === this.active && this.connected) {
      const { parts, tone } = panel.status;
      const { missed } = panel;
      const waits = missed ? `, ${number(missed, 0)} record${missed === 1 ? "" : "s"} waiting` : "";
      const paused = `drawing paused (Space goes on)${waits}`;
      element("strip").textContent = [...(this.paused ? [paused] : []), ...(panel.renderer.view.away ? ["held: End follows"] : []), ...parts].join("  ·  ");
      element("strip").dataset.tone = tone;
    }
  }

  onState(connected, since) {
    this.connected = connected;
    if (!connected) {
      element("strip").textContent = `○ not connected to the server since ${since.toLocaleTimeString("en-GB")}`;
      element("strip").dataset.tone = "bad";
    }
    document.body.classList.toggle("stale", !connected);
  }

  // A level was crossed: said until it is seen.
  alarm(texts) {
    this.unseen += texts.length;
    this.alarms = [...this.alarms, ...texts].slice(-ALARMS);
    const more = this.unseen - this.alarms.length;
    element("alarm").textContent = [...this.alarms, ...(more > 0 ? [`and ${more} before`] : [])].join("; ");
  }

  seen() {
    this.alarms = [];
    this.unseen = 0;
    element("alarm").textContent = "";
  }

  // Tools.

  say(text) {
    const notice = element("notice");
    notice.textContent = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { notice.textContent = ""; }, 6_000);
  }

  // Said to screen readers only.
  tell(text) {
    element("told").textContent = text;
  }

  async attempt(work) {
    try {
      await work();
    } catch (error) {
      this.say(error.message);
    }
  }

  // Does work when all that came before is done.
  inTurn(work) {
    this.tail = this.tail.then(() => this.attempt(work));
    return this.tail;
  }

  setTheme(name) {
    this.themeName = name;
    this.theme = this.themes[name];
    for (const [key, value] of Object.entries(this.theme)) {
      if (typeof value === "string") document.documentElement.style.setProperty(`--${key}`, value);
    }
    document.documentElement.style.colorScheme = name === "light" ? "light" : "dark";
    for (const panel of this.panels) panel.renderer.setTheme(this.theme);
  }

  nextTheme() {
    const names = Object.keys(this.themes);
    this.setTheme(names[(names.indexOf(this.themeName) + 1) % names.length]);
    this.onChanged();
  }

  showRange(name) {
    const { active } = this;
    const { rows } = active.renderer;
    if (!rows.length) return;
    const newest = rows.columns.time[rows.length - 1];
    if (name === "All") {
      active.show(() => { active.renderer.view.showAll(); return !active.renderer.more; });
      return;
    }
    const since = name === "YTD" ? Date.UTC(new Date(newest / 1000).getUTCFullYear(), 0, 1) * 1000 : newest - RANGES[name] * DAY;
    active.show(() => active.renderer.view.showSince(since));
  }

  goTo(date) {
    const time = Date.parse(`${date}T00:00:00Z`) * 1000;
    if (Number.isFinite(time)) this.active.show(() => this.active.renderer.view.showAround(time));
  }

  showAlert(alert) {
    const series = this.series.find((each) => each.key === alert.symbol);
    dialogs.hide();
    if (!series) return;
    if (this.active.settings.symbol !== alert.symbol) this.choose(series);
    this.active.showOnceDrawn(() => this.active.renderer.view.showAround(Date.parse(alert.time) * 1000));
  }

  startMeasure() {
    this.measuring = !this.measuring;
    for (const panel of this.panels) panel.clearMeasured();
    element("measure").setAttribute("aria-pressed", String(this.measuring));
    if (this.measuring) this.say("click two points, or Enter at two places of the crosshair (Shift with the arrow keys)");
  }

  endMeasure() {
    this.measuring = false;
    element("measure").setAttribute("aria-pressed", "false");
  }

  togglePause() {
    this.paused = !this.paused;
    if (!this.paused) for (const panel of this.panels) panel.resume();
    if (this.active?.status) this.onStatus(this.active);
  }

  toggleGrid() {
    this.grid = !this.grid;
    for (const panel of this.panels) panel.renderer.setGrid(this.grid);
  }

  // Ends measuring, and says alarms no longer.
  leave() {
    if (this.measuring) this.startMeasure();
    for (const panel of this.panels) panel.cursor.leave();
    this.seen();
  }

  toggleLog() {
    this.active.settings.mode = this.active.settings.mode === 1 ? 0 : 1;
    this.active.renderer.view.setMode(this.active.settings.mode);
    this.onChanged();
  }

  save(name, url) {
    const link = node("a", { href: url, download: name });
    link.click();
  }

  fileName(suffix) {
    return `${(this.active.settings.symbol ?? "flights").replace(/[^\w.-]+/g, "_")}.${suffix}`;
  }

  screenshot() {
    this.save(this.fileName("png"), this.active.renderer.screenshot().toDataURL("image/png"));
  }

  csv() {
    const url = URL.createObjectURL(new Blob([this.active.csv()], { type: "text/csv" }));
    this.save(this.fileName("csv"), url);
    URL.revokeObjectURL(url);
  }

  turn(step) {
    const { settings } = this.active;
    const now = this.series.findIndex((each) => each.key === settings.symbol && each.interval === settings.interval && each.feed === settings.feed);
    if (this.series.length) this.choose(this.series[(now + step + this.series.length) % this.series.length]);
  }

  flights() {
    this.active.change({ view: "flights" });
  }

  keys() {
    dialogs.keys(this.bindings.filter(({ action }) => this.actions[action]));
  }

  async openShared() {
    const found = /^#layout=([\w-]+)$/.exec(location.hash);
    if (!found) return;
    await this.attempt(async () => {
      const { content } = await get(`/api/shared/${found[1]}`);
      this.visiting = true;
      this.restore(content);
    });
  }
}

const [who, themes, indicators, bindings] = await Promise.all([me(), get("/api/themes"), get("/api/indicators"), get("/api/keys")]);
const page = globalThis.stockstream = new Page(who, themes, indicators, bindings);
await page.openShared();
