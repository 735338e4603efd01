// Notes at rows: alerts and headlines, as markers over the main series and as words under the crosshair.

const SHAPES = { alert: ["arrowDown", "aboveBar"], seen: ["circle", "aboveBar"], withdrawn: ["circle", "aboveBar"], news: ["square", "belowBar"] };

export class Notes {
  constructor(renderer) {
    this.renderer = renderer;
    this.notes = [];
    this.markers = null;
    this.series = null;
  }

  set(notes) {
    this.notes = notes;
    this.draw();
  }

  draw() {
    const { main, library, theme } = this.renderer;
    if (!main) return;
    if (this.series !== main) {
      this.series = main;
      this.markers = library.createSeriesMarkers(main, []);
    }
    const colors = { alert: theme.alarm, seen: theme.quiet, withdrawn: theme.quiet, news: theme.text };
    const [first] = this.renderer.rows.columns.time; // the library would mark the first row in place of those before it
    this.markers.setMarkers(this.notes.filter(({ time }) => time >= first).map(({ time, kind }) => ({
      time: time / 1e6, shape: SHAPES[kind][0], position: SHAPES[kind][1], color: colors[kind],
    })));
  }

  // The texts at a row's time.
  at(time) {
    return this.notes.filter((note) => note.time === time).map((note) => note.text);
  }
}
