// Cursor: the crosshair of a panel, moved by keys: bar by bar, and up and down the prices.

const STEP = 4; // pixels

export class Cursor {
  constructor(panel) {
    this.panel = panel;
    this.place = null; // {time, value}
    panel.body.addEventListener("pointermove", () => { this.place = null; });
  }

  get rows() {
    return this.panel.renderer.rows;
  }

  // The row, or null where the cursor is not shown.
  get row() {
    return this.place && this.rows.length ? Math.min(this.rows.place(this.place.time), this.rows.length - 1) : null;
  }

  leave() {
    this.place = null;
    this.panel.renderer.chart.clearCrosshairPosition();
  }

  move(key) {
    const { renderer } = this.panel;
    if (!renderer.main || !this.rows.length) return;
    const across = { "shift+left": -1, "shift+right": 1 }[key] ?? 0;
    const row = Math.max(0, Math.min(this.rows.length - 1, (this.row ?? this.begin()) + across));
    const own = this.valueAt(row);
    let value = across || !this.place ? own ?? this.place?.value : this.place.value;
    if (value === null || value === undefined) return;
    if (!across && this.place) {
      const y = renderer.main.priceToCoordinate(value) + (key === "shift+up" ? -STEP : STEP);
      value = renderer.main.coordinateToPrice(y) ?? value;
    }
    this.panel.pointer = null;
    this.place = { time: this.rows.columns.time[row], value };
    renderer.view.reach(row);
    this.draw(row, value);
    this.panel.page.tell([...renderer.legends[0].children].map((each) => each.textContent).join(", "));
  }

  // The price of a row, or the first value that it has.
  valueAt(row) {
    const names = this.panel.renderer.spec.panels[0].marks.map((mark) => mark.column);
    return ["close", ...names].map((name) => this.rows.get(name, row)).find((value) => typeof value === "number");
  }

  draw(row, value) {
    const { renderer } = this.panel;
    const { time } = this.rows.columns;
    renderer.pointed = null;
    renderer.chart.setCrosshairPosition(value, time[row] / 1e6, renderer.main);
    renderer.hovered = row;
    renderer.describe();
    renderer.emit("crosshair", time[row]);
  }

  // The newest row in view.
  begin() {
    return Math.min(this.rows.length - 1, Math.floor(this.panel.renderer.view.stretch?.to ?? this.rows.length));
  }
}
