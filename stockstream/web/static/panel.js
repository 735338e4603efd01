// Panel: one chart of the layout: its request, its renderer, its compared symbols, its measure.

import * as library from "./vendor/lightweight-charts.js";
import { moment, number } from "./format.js";
import { Levels } from "./levels.js";
import { Renderer } from "./renderer.js";

export const DEFAULT = { view: "chart", airlines: [], symbol: null, interval: null, feed: null, resample: null, studies: ["volume"], compare: [], mode: 0, levels: {} };

export class Panel {
  constructor(element, socket, theme, settings, page) {
    this.element = element;
    this.socket = socket;
    this.page = page;
    this.settings = { ...DEFAULT, ...settings };
    this.head = document.createElement("div");
    this.head.className = "head";
    this.body = document.createElement("div");
    this.body.className = "body";
    this.note = document.createElement("p");
    this.note.className = "empty";
    element.append(this.head, this.body, this.note);
    this.renderer = new Renderer(library, this.body, theme);
    this.renderer.on("crosshair", (row, time) => page.onCrosshair(this, row === null ? null : time));
    this.renderer.on("range", () => page.onRange(this));
    this.renderer.on("older", (before) => this.socket.older(this.number, before));
    this.levels = new Levels(this);
    this.compared = new Map();
    this.status = null;
    this.body.addEventListener("click", (event) => this.onClick(event));
  }

  request(symbol = this.settings.symbol) {
    const { view, airlines, interval, feed, resample, studies } = this.settings;
    if (view === "flights") return { view, airlines };
    return { symbol, interval, feed, resample, tz: this.page.zone || null, studies: symbol === this.settings.symbol ? studies : [] };
  }

  open() {
    if (this.number !== undefined) this.socket.close(this.number);
    if (!this.settings.symbol && this.settings.view === "chart") {
      this.say("choose a symbol");
      return;
    }
    this.number = this.socket.open(this.request(), (message) => this.take(message));
    this.compare();
  }

  take(message) {
    if (message.type === "problem") {
      this.say(message.text);
      return;
    }
    if (message.status) this.setStatus(message.status);
    if (message.type === "snapshot") {
      this.say("");
      this.renderer.snapshot(message);
      this.renderer.setMode(this.settings.mode);
      this.setHead(message.chart);
      this.levels.draw();
      this.levels.send();
      this.page.onOpened(this);
    } else if (message.type === "update") {
      this.renderer.update(message);
    } else if (message.type === "notes") {
      this.renderer.notes.set(message.notes);
    } else if (message.type === "crossed") {
      this.settings.levels[this.settings.symbol] = message.levels;
      this.levels.draw();
      this.page.alarm(message.texts);
    } else if (message.type === "older") {
      this.renderer.older(message);
      if (this.wanted) this.wanted();
    }
  }

  setStatus(status) {
    this.status = status;
    this.element.classList.toggle("simulated", status.simulated);
    this.page.onStatus(this);
  }

  setHead(chart) {
    const title = document.createElement("h2");
    title.textContent = chart.title;
    const parts = [title];
    if (chart.simulated) {
      const mark = document.createElement("strong");
      mark.textContent = "SIMULATED";
      parts.push(mark);
    }
    this.head.replaceChildren(...parts, this.measured ?? "");
  }

  say(text) {
    this.note.textContent = text;
  }

  change(settings) {
    Object.assign(this.settings, settings);
    this.open();
    this.page.onChanged();
  }

  // Other symbols, as lines in percent over the first one.

  compare() {
    for (const [symbol, other] of this.compared) {
      if (!this.settings.compare.includes(symbol)) {
        this.socket.close(other.number);
        this.renderer.chart.removeSeries(other.series);
        this.compared.delete(symbol);
      }
    }
    this.settings.compare.forEach((symbol, index) => {
      if (this.compared.has(symbol)) return;
      const series = this.renderer.chart.addSeries(library.LineSeries, {
        color: this.renderer.color(index + 3), lineWidth: 2, title: symbol, priceLineVisible: false,
      }, 0);
      const other = { series };
      other.number = this.socket.open(this.request(symbol), (message) => {
        if (!message.columns) return;
        const { time, close } = message.columns;
        const points = time.map((at, row) => ({ time: at / 1e6, value: close[row] })).filter((point) => point.value !== null);
        if (message.type === "snapshot") series.setData(points);
        else points.forEach((point) => series.update(point, true));
      });
      this.compared.set(symbol, other);
    });
    if (this.settings.compare.length) this.renderer.setMode(2);
  }

  // The measure tool: two clicks.

  onClick(event) {
    if (!this.page.measuring) return;
    const box = this.body.getBoundingClientRect();
    const row = this.renderer.hovered;
    const value = this.renderer.main?.coordinateToPrice(event.clientY - box.top);
    if (row === null || value === null || value === undefined) return;
    const here = { row, time: this.renderer.rows.columns.time[row], value };
    if (!this.from) {
      this.from = here;
      this.showMeasured(`from ${moment(here.time, this.renderer.zone, this.renderer.daily)}: click the second point`);
      return;
    }
    const change = here.value - this.from.value;
    const share = this.from.value ? ` (${number((change / this.from.value) * 100, 2)}%)` : "";
    const bars = Math.abs(here.row - this.from.row);
    this.showMeasured(`${change >= 0 ? "+" : ""}${number(change, this.renderer.spec.decimals)}${share}, ${bars} bars`);
    this.from = null;
    this.page.endMeasure();
  }

  showMeasured(text) {
    this.measured = document.createElement("output");
    this.measured.textContent = text;
    this.setHead(this.renderer.spec);
  }

  clearMeasured() {
    this.measured = null;
    this.from = null;
    if (this.renderer.spec) this.setHead(this.renderer.spec);
  }

  // Shows a period; rows that are not here yet are asked for first.
  show(action) {
    this.wanted = null;
    if (!action() && this.renderer.more) {
      this.wanted = () => {
        if (action() || !this.renderer.more) this.wanted = null;
        else this.socket.older(this.number, this.renderer.rows.columns.time[0]);
      };
      this.socket.older(this.number, this.renderer.rows.columns.time[0]);
    }
  }

  // The rows in view as CSV.
  csv() {
    const { rows } = this.renderer;
    const range = this.renderer.chart.timeScale().getVisibleLogicalRange();
    const first = Math.max(0, Math.ceil(range?.from ?? 0));
    const last = Math.min(rows.length - 1, Math.floor(range?.to ?? rows.length));
    const names = Object.keys(rows.columns);
    const lines = [names.join(",")];
    for (let row = first; row <= last; row += 1) {
      lines.push(names.map((name) => (name === "time" ? new Date(rows.get(name, row) / 1000).toISOString() : rows.get(name, row) ?? "")).join(","));
    }
    return lines.join("\n") + "\n";
  }

  close() {
    if (this.number !== undefined) this.socket.close(this.number);
    for (const other of this.compared.values()) this.socket.close(other.number);
    this.renderer.close();
    this.element.remove();
  }
}
