// Panel: one chart of the layout: its request, its renderer, its compared symbols, its measure.

import * as library from "./vendor/lightweight-charts.js";
import { Compared } from "./compared.js";
import { Cursor } from "./cursor.js";
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
    this.renderer.on("crosshair", (time) => page.onCrosshair(this, time));
    this.renderer.on("range", () => page.onRange(this));
    this.renderer.on("older", (before) => this.socket.older(this.number, before));
    this.renderer.on("built", () => this.onBuilt());
    this.renderer.setZone(page.zone);
    if (!page.grid) this.renderer.setGrid(false);
    this.cursor = new Cursor(this);
    this.levels = new Levels(this);
    this.compared = new Compared(this);
    this.status = null;
    this.drawn = false; // whether what it asked for last has been drawn
    this.missed = 0; // rows that came while the drawing was paused
    this.stale = false; // whether anything came
    this.wanted = null;
    this.body.addEventListener("click", (event) => this.onClick(event));
    for (const moved of ["pointerdown", "wheel"]) this.body.addEventListener(moved, () => { this.wanted = null; }, { passive: true });
  }

  request(symbol = this.settings.symbol) {
    const { view, airlines, interval, feed, resample, studies } = this.settings;
    if (view === "flights") return { view, airlines };
    return { symbol, interval, feed, resample, studies: symbol === this.settings.symbol ? studies : [] };
  }

  open() {
    if (this.number !== undefined) this.socket.close(this.number);
    this.drawn = false;
    this.missed = 0;
    this.stale = false;
    this.wanted = null;
    this.cursor.leave();
    if (!this.settings.symbol && this.settings.view === "chart") {
      this.say("choose a symbol");
      return;
    }
    this.number = this.socket.open(this.request(), (message) => this.take(message));
    this.compare();
  }

  take(message) {
    if (message.type === "problem") {
      this.renderer.waiting = false;
      this.say(message.text);
      return;
    }
    if (this.page.paused && this.drawn && ["snapshot", "update", "notes"].includes(message.type)) {
      this.stale = true;
      this.missed += message.type === "update" ? message.columns.time.length : 0;
      if (message.type === "snapshot") this.levels.send();
    } else {
      this.draw(message);
    }
    if (message.status) this.setStatus(message.status);
  }

  draw(message) {
    if (message.type === "snapshot") {
      this.say("");
      const lost = this.renderer.snapshot(message);
      this.drawn = true;
      this.renderer.view.setMode(this.settings.mode);
      this.setHead(message.chart);
      this.levels.draw();
      this.levels.send();
      this.page.onOpened(this);
      if (lost) this.show(() => this.renderer.view.showWhole(lost));
      else this.wanted?.();
      this.compared.reach();
    } else if (message.type === "update") {
      if (!this.renderer.update(message)) this.socket.again(this.number);
    } else if (message.type === "notes") {
      this.renderer.notes.set(message.notes);
    } else if (message.type === "watched") {
      this.levels.compared = true;
    } else if (message.type === "crossed") {
      this.levels.crossed(message.levels);
      this.page.alarm(message.texts);
    } else if (message.type === "older") {
      this.renderer.older(message);
      this.wanted?.();
      this.compared.reach();
    }
  }

  // Draws what came during a pause.
  resume() {
    if (this.stale && this.number !== undefined) this.socket.again(this.number);
    this.stale = false;
    this.missed = 0;
    this.compared.again();
  }

  // Its series are new: what hangs on them is drawn again.
  onBuilt() {
    this.levels?.draw();
    this.compared?.paint();
    this.renderer.view.setMode(this.settings.mode);
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
    this.compared.choose(this.settings.view === "chart" ? this.settings.compare : []);
    this.renderer.view.setMode(this.settings.mode);
  }

  // The measure tool: two clicks, or two places of the crosshair.

  onClick(event) {
    if (!this.page.measuring) return;
    const box = this.body.getBoundingClientRect();
    this.measure(this.renderer.view.rowAt(event.clientX - box.left), this.renderer.main?.coordinateToPrice(event.clientY - box.top));
  }

  measureHere() {
    const { row, place } = this.cursor;
    if (row === null) this.page.say("Shift and an arrow key show the crosshair: measure from there");
    else this.measure(row, place.value);
  }

  measure(row, value) {
    if (row === null || value === null || value === undefined) return;
    const here = { row, time: this.renderer.rows.columns.time[row], value };
    if (!this.from) {
      this.from = here;
      this.showMeasured(`from ${moment(here.time, this.renderer.zone, this.renderer.daily)}: now the second point`);
      return;
    }
    const change = here.value - this.from.value;
    const share = this.from.value ? ` (${number((change / this.from.value) * 100, 2)}%)` : "";
    const { rows } = this.renderer; // those of the first point may be held no longer
    const bars = this.from.time < rows.columns.time[0] ? "" : `, ${Math.abs(here.row - rows.place(this.from.time))} bars`;
    this.showMeasured(`${change >= 0 ? "+" : ""}${number(change, this.renderer.spec.decimals)}${share}${bars}`);
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

  // Shows a period; rows that are not here yet are asked for first. The action returns whether it could.
  show(action) {
    this.wanted = () => {
      if (action() || !this.renderer.more) this.wanted = null;
      else this.renderer.askOlder();
    };
    this.wanted();
  }

  // As `show`, after what was asked for last has been drawn.
  showOnceDrawn(action) {
    if (this.drawn) this.show(action);
    else this.wanted = () => this.show(action);
  }

  // The rows in view as CSV.
  csv() {
    const { rows } = this.renderer;
    const { stretch } = this.renderer.view;
    const first = Math.max(0, Math.ceil(stretch?.from ?? 0));
    const last = Math.min(rows.length - 1, Math.floor(stretch?.to ?? rows.length));
    const names = Object.keys(rows.columns);
    const lines = [names.join(",")];
    for (let row = first; row <= last; row += 1) {
      lines.push(names.map((name) => (name === "time" ? new Date(rows.get(name, row) / 1000).toISOString() : rows.get(name, row) ?? "")).join(","));
    }
    return lines.join("\n") + "\n";
  }

  close() {
    if (this.number !== undefined) this.socket.close(this.number);
    this.compared.close();
    this.renderer.close();
    this.element.remove();
  }
}
