// Renderer: draws any study from its marks and the columns of its frame. No line of it knows an indicator.
//
// `library` is lightweight-charts: the page imports it as a module, a notebook passes it in.

import { Band } from "./band.js";
import { priceFormat } from "./format.js";
import { legendWords } from "./legend.js";
import { chartOptions, lookOptions } from "./look.js";
import { Notes } from "./notes.js";
import { Rows } from "./rows.js";
import { candle, columnColor, pale } from "./shades.js";
import { View } from "./view.js";

const KEPT = 1_000; // rows before those in view

// What decides which series there are: a chart of the same shape keeps them.
function shaped({ panels, groups = [], decimals }) {
  return JSON.stringify([panels, groups.map(({ key, label, color, again }) => [key, label, color, again]), decimals]);
}

export class Renderer {
  constructor(library, element, theme) {
    this.library = library;
    this.element = element;
    this.theme = theme;
    this.rows = new Rows({ time: [] });
    this.notes = new Notes(this);
    this.view = new View(this);
    this.firsts = []; // the first series of each panel
    this.drawn = []; // [{series, point(row)}]
    this.bands = [];
    this.legends = [];
    this.spec = null;
    this.more = false;
    this.waiting = false; // for older rows
    this.grid = true;
    this.guests = []; // [{series, point(row), letGo(time)}] of others, drawn at the times of the rows
    this.hovered = null; // the row under the mouse
    this.pointed = null; // the row at which a linked chart has its crosshair
    this.listeners = { crosshair: [], range: [], older: [], built: [] };
    element.classList.add("chart");
    this.chart = library.createChart(element, chartOptions(this));
    this.chart.subscribeCrosshairMove((at) => this.onCrosshair(at));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.onRange(range));
    this.watch = new ResizeObserver(() => this.placeLegends());
    this.watch.observe(element);
  }

  on(event, listener) {
    this.listeners[event].push(listener);
  }

  emit(event, ...values) {
    for (const listener of this.listeners[event]) listener(...values);
  }

  // What to draw, and the newest rows. Returns the stretch of time that was in view if its rows have to be asked for.
  snapshot({ chart, columns, more, notes = [] }) {
    const shape = shaped(chart);
    const period = this.view.away ? this.view.period : null;
    const other = this.spec?.title !== chart.title;
    const lost = period && more && this.spec.symbol === chart.symbol && period.from < columns.time[0];
    this.spec = chart;
    this.zone = this.chosenZone || chart.zone;
    this.daily = chart.zone === null && columns.time.slice(-2).every((time) => time % 86_400_000_000 === 0);
    const before = this.rows.length;
    this.rows = new Rows(columns);
    this.view.renumbered(this.rows.length - before);
    this.more = more;
    this.waiting = false;
    this.hovered = this.pointed = null;
    if (shape !== this.shape) this.build();
    this.shape = shape;
    this.setAll();
    this.notes.set(notes);
    // Another symbol keeps the stretch of time in view, where it has rows there.
    if (period && !lost && period.to >= columns.time[0] && !(other && period.from < columns.time[0])) {
      this.view.showPeriod(period);
    } else if (other && !lost) {
      this.view.showLast(150);
    }
    this.describe();
    return lost ? period : null;
  }

  // Draws changed rows; returns false if they have other columns, so that a snapshot is needed.
  update({ columns, undefined: reasons }) {
    if (!this.spec) return true;
    if (!this.rows.fits(columns)) return false;
    this.spec.undefined = reasons ?? this.spec.undefined;
    const before = this.rows.length;
    const place = this.rows.update(columns);
    this.view.grew(before);
    if (place >= before - 1 && this.rows.length - place <= 50) {
      for (const { series, point } of [...this.drawn, ...this.guests]) {
        for (let row = place; row < this.rows.length; row += 1) series.update(point(row));
      }
      for (const band of this.bands) band.setRows(this.rows);
    } else {
      const { away, stretch } = this.view;
      this.setAll();
      if (away && stretch) this.view.moveTo(stretch.from, stretch.to); // the library does not keep it where more rows came than were held
    }
    this.letGo();
    this.describe();
    return true;
  }

  // Asks for rows before the first one, unless an answer is awaited or there are none.
  askOlder() {
    if (!this.more || this.waiting || !this.rows.length) return;
    this.waiting = true;
    this.emit("older", this.rows.columns.time[0]);
  }

  // Puts older rows before the others. An answer to a question about other rows is not used.
  older({ columns, more, before }) {
    this.waiting = false;
    if (before !== this.rows.columns.time[0] || !this.rows.fits(columns)) {
      this.onRange(this.chart.timeScale().getVisibleLogicalRange());
      return;
    }
    this.more = more;
    this.renumber(this.rows.prepend(columns));
  }

  // Lets go of rows far before those in view, which can be asked for again: the library goes through all rows with each change.
  letGo() {
    const spare = Math.floor(this.view.stretch?.from ?? 0) - KEPT;
    if (spare < KEPT || this.waiting || !this.listeners.older.length) return;
    this.rows.drop(spare);
    for (const guest of this.guests) guest.letGo(this.rows.columns.time[0]);
    this.more = true;
    this.renumber(-spare);
  }

  // Draws all rows after their numbers have changed; what is in view stays.
  renumber(shift) {
    const moved = (row) => (row === null || row + shift < 0 ? null : row + shift);
    this.hovered = moved(this.hovered);
    this.pointed = moved(this.pointed);
    this.view.renumbered(shift);
    this.setAll();
    this.notes.draw();
  }

  // Building: the panes and their series, from the panels and their marks.

  build() {
    for (const { series } of this.drawn) this.chart.removeSeries(series);
    while (this.chart.panes().length > 1) this.chart.removePane(this.chart.panes().length - 1);
    for (const legend of this.legends) legend.remove();
    this.drawn = [];
    this.bands = [];
    this.legends = [];
    this.main = null;
    this.last = null;
    this.firsts = [];
    this.spec.panels.forEach((panel, index) => this.buildPanel(panel, index));
    this.spec.panels.forEach((panel, index) => {
      const pane = this.chart.panes()[index];
      if (pane) pane.setStretchFactor(panel.height * 100);
    });
    this.setTitle();
    cancelAnimationFrame(this.placing);
    this.placing = requestAnimationFrame(() => this.placeLegends());
    this.emit("built");
  }

  buildPanel(panel, index) {
    const context = { panel, index, first: null };
    // Candles last in the declaration are drawn over the lines; here the first series carries guides and the scale.
    for (const mark of panel.marks) this.buildMark(mark, context);
    for (const mark of panel.marks) {
      if (mark.kind === "guide" && context.first) {
        context.first.createPriceLine({
          price: mark.value, color: this.theme.quiet, lineWidth: 1, lineStyle: 2, axisLabelVisible: false,
          title: mark.label ?? "",
        });
      }
    }
    this.firsts.push(context.first);
    const legend = document.createElement("div");
    legend.className = "legend";
    this.element.append(legend);
    this.legends.push(legend);
  }

  buildMark(mark, context) {
    const { library } = this;
    if (mark.kind === "candles") {
      const series = this.add(library.CandlestickSeries, context, {
        upColor: this.theme.background, wickUpColor: this.theme.up, borderUpColor: this.theme.up,
        downColor: this.theme.down, wickDownColor: this.theme.down, borderDownColor: this.theme.down,
      }, (row) => candle(this.rows, row, this.theme));
      // Measures, levels and marks are of the prices, whichever series came first.
      this.main = context.first = series;
      this.last = series.createPriceLine({ price: 0, color: this.theme.up, lineVisible: false, axisLabelVisible: false, title: "" });
    } else if (mark.kind === "line") {
      this.line(mark.column, mark, context);
    } else if (mark.kind === "band") {
      const edge = { color: mark.color, width: 1, dashed: false };
      this.line(mark.lower, edge, context);
      const upper = this.line(mark.upper, edge, context);
      const band = new Band(mark.lower, mark.upper, pale(this.color(mark.color)));
      upper.attachPrimitive(band);
      band.panel = context.index;
      this.bands.push(band);
    } else if (mark.kind === "columns") {
      this.add(library.HistogramSeries, context, { base: 0 }, (row) => ({
        time: this.time(row), ...this.valued(mark.column, row), color: columnColor(mark, this.rows, row, this.theme),
      }));
    } else if (mark.kind === "dots") {
      this.add(library.LineSeries, context, {
        color: this.color(mark.color), lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 3,
        crosshairMarkerVisible: false,
      }, (row) => ({ time: this.time(row), ...(this.rows.get(mark.column, row) ? this.valued(mark.at, row) : {}) }));
    } else if (mark.kind === "groups") {
      this.spec.groups.forEach((group) => {
        const column = `${mark.column} ${group.key}`;
        this.line(column, { color: group.color, width: 1.6, dashed: group.again }, context);
      });
    }
  }

  line(column, mark, context) {
    const plain = this.color(mark.color);
    const series = this.add(this.library.LineSeries, context, {
      color: plain, lineWidth: Math.max(1, Math.round(mark.width)), lineStyle: mark.dashed ? 2 : 0,
      crosshairMarkerVisible: false,
    }, (row) => {
      const point = { time: this.time(row), ...this.valued(column, row) };
      // Over rows without a value no line is drawn: the segment up to the next value is transparent.
      if (row > 0 && this.rows.get(column, row) !== null && this.rows.get(column, row - 1) === null) {
        point.color = "transparent";
      }
      return point;
    });
    return series;
  }

  add(kind, context, options, point) {
    const { panel } = context;
    const fixed = panel.limits;
    const series = this.chart.addSeries(kind, {
      lastValueVisible: false, priceLineVisible: false,
      priceFormat: priceFormat(panel, this.spec.decimals),
      autoscaleInfoProvider: (original) => {
        if (fixed) return { priceRange: { minValue: fixed[0], maxValue: fixed[1] } };
        const found = original();
        if (found && panel.from_zero) found.priceRange.minValue = Math.min(0, found.priceRange.minValue);
        return found;
      },
      ...options,
    }, context.index);
    if (!context.first) {
      // Room for the legend above the prices; a fixed range needs none.
      series.priceScale().applyOptions({ scaleMargins: fixed ? { top: 0.04, bottom: 0.04 } : { top: 0.14, bottom: 0.04 } });
    }
    context.first = context.first ?? series;
    this.main = this.main ?? series;
    this.drawn.push({ series, point, panel: context.index });
    return series;
  }

  color(index) {
    return this.theme.series[index % this.theme.series.length];
  }

  // Points.

  time(row) {
    return this.rows.columns.time[row] / 1e6;
  }

  valued(column, row) {
    const value = this.rows.get(column, row);
    return value === null || value === undefined ? {} : { value };
  }

  setAll() {
    for (const each of [...this.drawn, ...this.guests]) this.setPoints(each);
    for (const band of this.bands) band.setRows(this.rows);
  }

  setPoints({ series, point }) {
    const points = new Array(this.rows.length);
    for (let row = 0; row < points.length; row += 1) points[row] = point(row);
    series.setData(points);
  }

  // Series of others: they have points at the rows' times only, so that a row's number is its place in the chart.

  invite(guest) {
    this.guests.push(guest);
    this.setPoints(guest);
  }

  dismiss(guest) {
    this.guests = this.guests.filter((each) => each !== guest);
    this.chart.removeSeries(guest.series);
  }

  // The last price, on the axis.
  tag() {
    const row = this.rows.length - 1;
    const close = this.rows.get("close", row);
    if (!this.last || close === null || close === undefined) return;
    const rises = close >= (this.rows.get("open", row) ?? close);
    this.last.applyOptions({ price: close, color: rises ? this.theme.up : this.theme.down, axisLabelVisible: true });
  }

  // The legend of each panel, for the row under the crosshair, or the newest.

  describe() {
    if (!this.spec || !this.rows.length) return;
    this.tag();
    const shown = Math.min(this.hovered ?? this.pointed ?? Infinity, this.rows.length - 1);
    this.spec.panels.forEach((panel, index) => {
      const legend = this.legends[index];
      if (legend) legend.replaceChildren(...legendWords(this, panel, index, shown));
    });
  }

  placeLegends() {
    const panes = this.chart.panes();
    let top = 0;
    this.legends.forEach((legend, index) => {
      legend.style.top = `${top + 4}px`;
      top += panes[index] ? panes[index].getHeight() + 1 : 0;
    });
  }

  setTitle() {
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", `${this.spec.title}${this.spec.simulated ? ", SIMULATED" : ""}`);
  }

  setGrid(grid) {
    this.grid = grid;
    this.chart.applyOptions(lookOptions(this));
  }

  setTheme(theme) {
    this.theme = theme;
    this.chart.applyOptions(lookOptions(this));
    if (this.spec) {
      const { stretch } = this.view;
      this.build();
      this.setAll();
      this.notes.draw();
      if (stretch) this.view.moveTo(stretch.from, stretch.to);
      this.describe();
    }
  }

  setZone(zone) {
    this.chosenZone = zone;
    this.zone = zone || this.spec?.zone;
    this.chart.applyOptions(lookOptions(this));
    this.describe();
  }

  screenshot() {
    return this.chart.takeScreenshot(true, false);
  }

  // Events.

  onCrosshair(at) {
    // New rows tell the crosshair that a linked chart has set once more: it is not under the mouse here.
    if (this.pointed !== null && at.point !== undefined && !at.sourceEvent) return;
    const row = at.time === undefined ? null : this.rows.place(Math.round(at.time * 1e6));
    this.hovered = row !== null && row < this.rows.length ? row : null;
    if (at.sourceEvent) this.pointed = null;
    this.describe();
    this.emit("crosshair", this.hovered === null ? null : this.rows.columns.time[this.hovered]);
  }

  // Shows the crosshair of another chart at a time, in microseconds; null for none.
  point(time) {
    this.pointed = time === null || !this.rows.length ? null : Math.min(this.rows.place(time), this.rows.length - 1);
    const value = this.pointed === null ? null : this.rows.get("close", this.pointed);
    if (value === null || !this.main) this.chart.clearCrosshairPosition();
    else this.chart.setCrosshairPosition(value, this.time(this.pointed), this.main);
    this.describe();
  }

  onRange(range) {
    if (range && range.from < 20) this.askOlder();
    this.emit("range", range);
  }

  close() {
    this.watch.disconnect();
    cancelAnimationFrame(this.placing);
    this.chart.remove();
  }
}
