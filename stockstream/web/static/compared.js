// Compared: other symbols in a chart, as lines in percent over its own. They are drawn at the times of its rows.

import * as library from "./vendor/lightweight-charts.js";
import { Rows } from "./rows.js";

class Line {
  constructor(panel, symbol, index) {
    const { renderer } = panel;
    Object.assign(this, { panel, symbol, index, rows: new Rows({ time: [], close: [] }), more: false, said: "" });
    this.series = renderer.chart.addSeries(library.LineSeries, {
      color: renderer.color(index + 3), lineWidth: 2, title: symbol, priceLineVisible: false,
    }, 0);
    this.point = (row) => this.pointAt(row);
    renderer.invite(this);
    this.open();
  }

  open() {
    const { panel, symbol } = this;
    const request = panel.request(symbol);
    const key = JSON.stringify(request);
    if (key === this.key) return;
    if (this.number !== undefined) panel.socket.close(this.number);
    this.key = key;
    this.number = panel.socket.open(request, (message) => this.take(message));
  }

  pointAt(row) {
    const { time } = this.panel.renderer.rows.columns;
    const place = this.rows.place(time[row]);
    const close = this.rows.columns.time[place] === time[row] ? this.rows.get("close", place) : null;
    return { time: time[row] / 1e6, ...(close === null ? {} : { value: close }) };
  }

  take(message) {
    const { panel } = this;
    if (message.type === "problem") {
      if (message.text !== this.said) panel.page.say(`compare with ${this.symbol}: ${message.text}`);
      this.said = message.text;
    } else if (message.type === "snapshot" || (message.type === "update" && !panel.page.paused)) {
      const { time, close } = message.columns;
      if (message.type === "update") {
        this.rows.update({ time, close });
        this.drawSince(time[0]);
        return;
      }
      this.rows = new Rows({ time, close });
      this.more = message.more;
      this.said = "";
      this.draw();
    } else if (message.type === "older" && message.before === this.rows.columns.time[0]) {
      const { time, close } = message.columns;
      this.rows.prepend({ time, close });
      this.more = message.more;
      this.draw();
    }
  }

  draw() {
    this.panel.renderer.setPoints(this);
    this.reach();
  }

  drawSince(time) {
    const { rows } = this.panel.renderer;
    const first = rows.place(time);
    if (rows.length - first > 50) this.draw();
    else for (let row = first; row < rows.length; row += 1) this.series.update(this.point(row), row < rows.length - 1);
  }

  // The chart holds no rows before a time. One row before it stays, so that no other is asked for.
  letGo(time) {
    const count = this.rows.place(time) - 1;
    if (count < 1) return;
    this.rows.drop(count);
    this.more = true;
    this.asked = null;
  }

  // Asks for rows as old as the chart's own.
  reach() {
    const { renderer, socket } = this.panel;
    const first = this.rows.columns.time[0];
    if (this.more && first > renderer.rows.columns.time[0] && this.asked !== first) {
      this.asked = first;
      socket.older(this.number, first);
    }
  }

  close() {
    this.panel.socket.close(this.number);
    this.panel.renderer.dismiss(this);
  }
}

export class Compared {
  constructor(panel) {
    this.panel = panel;
    this.lines = new Map();
  }

  get size() {
    return this.lines.size;
  }

  // Shows these symbols, from the series of the chart's interval and feed.
  choose(symbols) {
    const wanted = symbols.filter((symbol) => symbol !== this.panel.settings.symbol);
    for (const [symbol, line] of this.lines) {
      if (wanted.includes(symbol)) continue;
      line.close();
      this.lines.delete(symbol);
    }
    wanted.forEach((symbol, index) => {
      const line = this.lines.get(symbol);
      if (line) line.open();
      else this.lines.set(symbol, new Line(this.panel, symbol, index));
    });
  }

  // The chart has other rows.
  reach() {
    for (const line of this.lines.values()) line.reach();
  }

  // Their newest rows, after a pause.
  again() {
    for (const { number } of this.lines.values()) this.panel.socket.again(number);
  }

  paint() {
    const { renderer } = this.panel;
    for (const { series, index } of this.lines.values()) series.applyOptions({ color: renderer.color(index + 3) });
  }

  close() {
    for (const line of this.lines.values()) this.panel.socket.close(line.number);
  }
}
