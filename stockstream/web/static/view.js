// View: the stretch of time and the range of values of a chart that are in sight.

export class View {
  constructor(renderer) {
    this.renderer = renderer;
    this.asked = null; // the stretch that the next frame will show
  }

  get away() {
    return this.renderer.rows.length > 0 && this.renderer.chart.timeScale().scrollPosition() < -0.5;
  }

  // The stretch of rows in view, as two places. The library shows what it is told with the next frame, and tells the former one
  // until then: of two keys in a frame the second goes on from the first.
  get stretch() {
    return this.asked ?? this.renderer.chart.timeScale().getVisibleLogicalRange();
  }

  moveTo(from, to) {
    const asked = this.asked = { from, to };
    this.renderer.chart.timeScale().setVisibleLogicalRange(asked);
    requestAnimationFrame(() => {
      if (this.asked === asked) this.asked = null;
    });
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

  // A stretch of time as the library gave it; false where rows at its begin have to be asked for.
  showStretch(range) {
    if (this.renderer.more && this.renderer.rows.columns.time[0] > range.from * 1e6) return false;
    this.renderer.chart.timeScale().setVisibleRange(range);
    return true;
  }

  // The newest time, and how many rows there would be room for after it, where the view shows it.
  get room() {
    const { rows } = this.renderer;
    return { newest: rows.columns.time.at(-1), rows: (this.stretch?.to ?? 0) - (rows.length - 1) };
  }

  // A stretch of time that another chart shows; where both end at the same time, with the same room after it.
  showTimes(range, room) {
    const { rows, chart } = this.renderer;
    if (room.rows > 0 && room.newest === rows.columns.time.at(-1)) this.moveTo(rows.place(range.from * 1e6) - 0.5, rows.length - 1 + room.rows);
    else chart.timeScale().setVisibleRange(range);
  }

  showLast(rows) {
    const { length } = this.renderer.rows;
    this.moveTo(Math.max(-1, length - rows), length + 2);
  }

  showAll() {
    this.renderer.chart.timeScale().fitContent();
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
