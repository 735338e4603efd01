// View: the stretch of time and the range of values of a chart that are in sight.

export class View {
  constructor(renderer) {
    this.renderer = renderer;
  }

  get away() {
    return this.renderer.rows.length > 0 && this.renderer.chart.timeScale().scrollPosition() < -0.5;
  }

  follow() {
    this.renderer.chart.timeScale().scrollToRealTime();
    this.setFit(true);
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

  showLast(rows) {
    const { length } = this.renderer.rows;
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from: Math.max(-1, length - rows), to: length + 2 });
  }

  showAll() {
    this.renderer.chart.timeScale().fitContent();
  }

  // From a time, in microseconds, up to the newest row.
  showSince(time) {
    const place = this.renderer.rows.place(time);
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from: place - 0.5, to: this.renderer.rows.length + 2 });
    return !(place === 0 && this.renderer.more);
  }

  showAround(time) {
    const place = this.renderer.rows.place(time);
    const range = this.renderer.chart.timeScale().getVisibleLogicalRange();
    const width = range ? range.to - range.from : 100;
    const from = Math.max(-1, place - width / 2);
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from, to: from + width });
    return !(place === 0 && this.renderer.more);
  }

  // The row at a place across the chart; null where there is none.
  rowAt(x) {
    const place = this.renderer.chart.timeScale().coordinateToLogical(x);
    return place === null || place < 0 || place >= this.renderer.rows.length ? null : Math.round(place);
  }

  // Moves the stretch so that a row is in sight.
  reach(row) {
    const range = this.renderer.chart.timeScale().getVisibleLogicalRange();
    if (!range || (row >= range.from && row <= range.to)) return;
    const step = row < range.from ? row - 1 - range.from : row + 1 - range.to;
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from: range.from + step, to: range.to + step });
  }

  zoom(factor) {
    const range = this.renderer.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    const width = Math.max(5, (range.to - range.from) * factor);
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from: range.to - width, to: range.to });
  }

  pan(share) {
    const range = this.renderer.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    const step = (range.to - range.from) * share;
    this.renderer.chart.timeScale().setVisibleLogicalRange({ from: range.from + step, to: range.to + step });
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
