// View: the stretch of time and the range of values of a chart that are in sight.

export class View {
  constructor(renderer) {
    this.renderer = renderer;
    this.asked = null; // the stretch that the next frame will show
    this.frame = 0;
  }

  get away() {
    const { rows, chart } = this.renderer;
    const room = this.asked ? this.asked.to - (rows.length - 1) : chart.timeScale().scrollPosition();
    return rows.length > 0 && room < -0.5;
  }

  // The stretch of rows in view, as two places. The library shows what it is told with the next frame, and tells the former one
  // until then: of two keys in a frame the second goes on from the first.
  get stretch() {
    return this.asked ?? this.renderer.chart.timeScale().getVisibleLogicalRange();
  }

  // One callback at a time, after that of the library: a hidden tab has no frames, for days.
  moveTo(from, to) {
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from, to });
    this.asked = { from, to };
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => { this.asked = null; });
  }

  // Rows have other numbers. The library keeps what it shows in place, but not what it was told to show.
  renumbered(shift) {
    if (this.asked) this.shift(shift);
  }

  // Rows came at the end: as with the library, a stretch up to the newest row goes along, and another one stays.
  grew(before) {
    if (this.asked && Math.ceil(this.asked.to) >= before - 1) this.shift(this.renderer.rows.length - before);
  }

  // Not by the library's animation: where frames are late it ends before it has arrived.
  follow() {
    const { stretch, renderer } = this;
    this.setFit(true);
    if (!stretch) return;
    const to = renderer.rows.length - 1 + renderer.chart.timeScale().options().rightOffset;
    this.moveTo(to - (stretch.to - stretch.from), to);
  }

  get fits() {
    return this.renderer.chart.panes()[0]?.priceScale("right").options().autoScale ?? true;
  }

  // Fits the values automatically, or keeps their range.
  setFit(fits) {
    for (const pane of this.renderer.chart.panes()) pane.priceScale("right").applyOptions({ autoScale: fits });
  }

  // The times of the first and of the last row in view, in microseconds; null where there are none.
  get period() {
    const { stretch } = this;
    const { time } = this.renderer.rows.columns;
    if (!stretch || !time.length) return null;
    const at = (place) => time[Math.max(0, Math.min(time.length - 1, place))];
    return { from: at(Math.floor(stretch.from)), to: at(Math.ceil(stretch.to)) };
  }

  showPeriod({ from, to }) {
    const { rows } = this.renderer;
    const place = (time) => Math.min(rows.place(time), rows.length - 1);
    this.moveTo(place(from), place(to));
  }

  // False where rows at the begin of the period have to be asked for.
  showWhole(period) {
    if (this.renderer.more && this.renderer.rows.columns.time[0] > period.from) return false;
    this.showPeriod(period);
    return true;
  }

  // The newest time, and how many rows there would be room for after it, where the view shows it.
  get room() {
    const { rows } = this.renderer;
    return { newest: rows.columns.time.at(-1), rows: (this.stretch?.to ?? 0) - (rows.length - 1) };
  }

  // A period that another chart shows; where it goes up to the newest row, with the same room after it.
  showTimes(period, room) {
    const { rows } = this.renderer;
    const newest = rows.columns.time.at(-1); // that of the other chart may have come first
    if (room.rows > 0 && newest >= period.from && newest <= room.newest) this.moveTo(rows.place(period.from) - 0.5, rows.length - 1 + room.rows);
    else this.showPeriod(period);
  }

  showLast(rows) {
    const { length } = this.renderer.rows;
    this.moveTo(Math.max(-1, length - rows), length + 2);
  }

  showAll() {
    const { rows, chart } = this.renderer;
    this.moveTo(0, rows.length - 1 + chart.timeScale().options().rightOffset);
  }

  // From a time, in microseconds, up to the newest row.
  showSince(time) {
    const place = this.renderer.rows.place(time);
    this.moveTo(place - 0.5, this.renderer.rows.length + 2);
    return !(place === 0 && this.renderer.more);
  }

  showAround(time) {
    const place = this.renderer.rows.place(time);
    const { stretch } = this;
    const width = stretch ? stretch.to - stretch.from : 100;
    const from = Math.max(-1, place - width / 2);
    this.moveTo(from, from + width);
    return !(place === 0 && this.renderer.more);
  }

  // The row at a place across the chart; null where there is none.
  rowAt(x) {
    const place = this.renderer.chart.timeScale().coordinateToLogical(x);
    return place === null || place < 0 || place >= this.renderer.rows.length ? null : Math.round(place);
  }

  // Moves the stretch so that a row is in sight.
  reach(row) {
    const { stretch } = this;
    if (!stretch || (row >= stretch.from && row <= stretch.to)) return;
    this.shift(row < stretch.from ? row - 1 - stretch.from : row + 1 - stretch.to);
  }

  zoom(factor) {
    const { stretch } = this;
    if (stretch) this.moveTo(stretch.to - Math.max(5, (stretch.to - stretch.from) * factor), stretch.to);
  }

  pan(share) {
    const { stretch } = this;
    if (stretch) this.shift((stretch.to - stretch.from) * share);
  }

  // Moves the stretch by a number of rows.
  shift(rows) {
    const { stretch } = this;
    if (stretch) this.moveTo(stretch.from + rows, stretch.to + rows);
  }

  // Prices as they are, on a logarithmic scale, or in percent of the first one in view: 0, 1 or 2. In percent each series has a
  // base of its own, so that lines and bands over the prices would stand in wrong places: they are not drawn.
  setMode(mode) {
    const { chart, drawn, bands } = this.renderer;
    chart.panes().forEach((pane, index) => pane.priceScale("right").applyOptions({ mode: index === 0 ? mode : 0 }));
    const own = drawn.filter(({ panel }) => panel === 0);
    const isPrice = ({ series }) => series.seriesType() === "Candlestick";
    if (!own.some(isPrice)) return;
    for (const each of own) if (!isPrice(each)) each.series.applyOptions({ visible: mode !== 2 });
    for (const band of bands) if (band.panel === 0) band.setShown(mode !== 2);
  }
}
