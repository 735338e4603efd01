// Price levels of a chart: lines that are set, moved, made to end with their first crossing, and removed. The server tells crossings.

import { call } from "./api.js";
import { MOST_LEVELS } from "./arrangement.js";

const NEAR = 6; // pixels

const isNamed = ({ panel }) => typeof panel === "string";
const same = (one, other) => one.panel === other.panel && one.value === other.value;

export class Levels {
  constructor(panel) {
    this.panel = panel;
    this.lines = [];
    this.dragged = null;
    this.compared = false; // whether the server compares with them as they are now
    const { body } = panel;
    body.addEventListener("pointerdown", (event) => this.grab(event), true);
    body.addEventListener("pointermove", (event) => this.move(event), true);
    body.addEventListener("pointerleave", () => { panel.pointer = null; });
    body.addEventListener("pointerup", () => this.drop(), true);
  }

  // The levels of the symbol in view: [{panel, value, once}]; `panel` is a name.
  get own() {
    const { levels, symbol } = this.panel.settings;
    return Object.hasOwn(levels, symbol) ? levels[symbol].map((each) => ({ ...each, panel: this.name(each.panel) })).filter(isNamed) : [];
  }

  // The names of panels are those of windows: a panel keeps its levels when others come or go.
  get names() {
    return (this.panel.settings.view === "chart" && this.panel.renderer.spec?.names) || [];
  }

  // Layouts were once saved with the places of panels.
  name(panel) {
    return typeof panel === "number" ? this.names[panel] ?? panel : panel;
  }

  put(levels) {
    const { settings } = this.panel;
    settings.levels = { ...settings.levels, [settings.symbol]: levels };
    this.draw();
  }

  // The panels in which something can cross a level.
  get watched() {
    return this.names.filter((_, index) => this.panel.renderer.spec.watched[index].length);
  }

  add(level) {
    this.keep([...this.own.filter((each) => !same(each, level)), level]);
  }

  change(level, parts) {
    this.keep(this.own.map((each) => (same(each, level) ? { ...each, ...parts } : each)));
  }

  remove(level) {
    this.keep(this.own.filter((each) => !same(each, level)));
  }

  keep(levels) {
    const before = this.own;
    this.put(levels);
    this.send();
    this.panel.page.onChanged();
    if (this.panel.page.who.role !== "viewer") this.hand(before, levels);
  }

  // The alerts process is handed levels of prices, and goes on with them when the page is closed.
  // In turn: a level may be moved on before the server has answered, and the symbol in view may be another one by then.
  hand(before, after) {
    const { page, settings: { symbol, interval, feed } } = this.panel;
    const priced = this.names.find((_, index) => String(this.panel.renderer.spec.watched[index]) === "close");
    const prices = (levels) => levels.filter((each) => each.panel === priced);
    const ended = prices(before).filter((each) => !after.some((other) => same(each, other)));
    const set = prices(after).filter((each) => !before.some((other) => same(each, other) && each.once === other.once));
    page.inTurn(async () => {
      for (const { value } of ended) await call("POST", "/api/levels/end", { symbol, interval, feed, value });
      for (const { value, once } of set) {
        const { runs } = await call("POST", "/api/levels", { symbol, interval, feed, value, once });
        page.say(`${value} is watched${once ? " once" : ""}, ${runs ? "by the alerts process, too" : "by this page alone: no alerts process runs"}`);
      }
    });
  }

  // The server tells which levels are left.
  crossed(left) {
    this.put(left);
    this.panel.page.keep();
  }

  send() {
    const { socket, number, settings } = this.panel;
    this.compared = false;
    if (number !== undefined && settings.view === "chart") socket.send({ type: "levels", chart: number, levels: this.own });
  }

  // Series that carries the lines of a panel.
  series(name) {
    return this.panel.renderer.firsts[this.names.indexOf(name)];
  }

  draw() {
    for (const { series, line } of this.lines) {
      try {
        series.removePriceLine(line);
      } catch { /* its series has gone with a former chart */ }
    }
    const { theme } = this.panel.renderer;
    this.lines = this.own.filter(({ panel }) => this.series(panel)).map((level) => {
      const series = this.series(level.panel);
      return { level, series, line: series.createPriceLine({
        price: level.value, color: theme.alarm, lineWidth: 1, lineStyle: level.once ? 1 : 0, axisLabelVisible: true, title: level.once ? "once" : "",
      }) };
    });
  }

  // What the mouse points at, or the crosshair that keys have moved: a panel, a value, and the level that is near.
  target(pointer = this.panel.pointer) {
    const { place } = this.panel.cursor;
    return !pointer && place ? this.near(this.names[0], place.value) : this.pointed(pointer ?? {});
  }

  pointed({ clientY }) {
    let y = clientY - this.panel.body.getBoundingClientRect().top;
    const panes = this.panel.renderer.chart.panes();
    let panel = 0;
    while (panel < panes.length - 1 && y > panes[panel].getHeight()) {
      y -= panes[panel].getHeight() + 1;
      panel += 1;
    }
    return this.near(this.names[panel], this.series(this.names[panel])?.coordinateToPrice(y));
  }

  near(name, value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return null;
    const series = this.series(name);
    if (!series) return null;
    const y = series.priceToCoordinate(value);
    const near = this.lines.find((each) => each.series === series && Math.abs(series.priceToCoordinate(each.level.value) - y) <= NEAR);
    return { panel: name, value, near: near?.level };
  }

  decimals(name) {
    return name === this.names[0] ? this.panel.renderer.spec.decimals : 6;
  }

  // Adds a level at the mouse, or removes the one there.
  toggle(once) {
    const target = this.target();
    if (!target) {
      this.panel.page.say("h watches a level of a symbol's panel: point at one");
    } else if (target.near) {
      this.remove(target.near);
    } else if (!this.watched.includes(target.panel)) {
      this.panel.page.say("nothing in this panel can cross a level");
    } else if (this.own.length >= MOST_LEVELS) {
      this.panel.page.say(`a chart has ${MOST_LEVELS} levels at most`);
    } else {
      const decimals = this.decimals(target.panel);
      this.add({ panel: target.panel, value: Number(target.value.toFixed(decimals)), once });
    }
  }

  grab(event) {
    const target = event.button === 0 ? this.target(event) : null;
    if (!target?.near) return;
    this.dragged = target.near;
    event.stopPropagation();
    this.panel.renderer.chart.applyOptions({ handleScroll: false });
  }

  move(event) {
    this.panel.pointer = event;
    if (!this.dragged) return;
    const target = this.target(event);
    if (target && target.panel === this.dragged.panel) {
      this.lines.find((each) => each.level === this.dragged)?.line.applyOptions({ price: target.value });
      this.value = target.value;
    }
  }

  drop() {
    if (!this.dragged) return;
    const { dragged, value } = this;
    this.dragged = null;
    this.panel.renderer.chart.applyOptions({ handleScroll: true });
    if (value === undefined || value === null) return;
    this.value = null;
    const decimals = this.decimals(dragged.panel);
    this.change(dragged, { value: Number(value.toFixed(decimals)) });
  }
}
