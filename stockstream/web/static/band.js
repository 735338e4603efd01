// Band: the area between two lines of a pane, drawn beneath them.

class BandRenderer {
  constructor(band) {
    this.band = band;
  }

  draw(target) {
    const { rows, lower, upper, color, chart, series } = this.band;
    if (!this.band.shown || !rows || !rows.length) return;
    const scale = chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const first = Math.max(0, Math.floor(range.from) - 1);
    const last = Math.min(rows.length - 1, Math.ceil(range.to) + 1);
    target.useMediaCoordinateSpace(({ context }) => {
      context.fillStyle = color;
      let run = [];
      const fill = () => {
        if (run.length > 1) {
          context.beginPath();
          run.forEach(([x, top], index) => (index ? context.lineTo(x, top) : context.moveTo(x, top)));
          for (let index = run.length - 1; index >= 0; index -= 1) context.lineTo(run[index][0], run[index][2]);
          context.closePath();
          context.fill();
        }
        run = [];
      };
      for (let row = first; row <= last; row += 1) {
        const top = rows.get(upper, row);
        const bottom = rows.get(lower, row);
        const x = scale.timeToCoordinate(rows.columns.time[row] / 1e6);
        if (top === null || bottom === null || x === null) fill();
        else run.push([x, series.priceToCoordinate(top), series.priceToCoordinate(bottom)]);
      }
      fill();
    });
  }
}

class BandView {
  constructor(band) {
    this.band = band;
  }

  zOrder() {
    return "bottom";
  }

  renderer() {
    return new BandRenderer(this.band);
  }
}

export class Band {
  constructor(lower, upper, color) {
    Object.assign(this, { lower, upper, color, rows: null, shown: true });
    this.views = [new BandView(this)];
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  paneViews() {
    return this.views;
  }

  setShown(shown) {
    this.shown = shown;
    if (this.requestUpdate) this.requestUpdate();
  }

  setRows(rows) {
    this.rows = rows;
    if (this.requestUpdate) this.requestUpdate();
  }
}
