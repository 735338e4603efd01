// Rows: the columns of a chart, by time. The server sends the newest ones first, then what changes, and older ones on demand.

export class Rows {
  constructor(columns) {
    this.columns = columns;
  }

  get length() {
    return this.columns.time.length;
  }

  get(name, row) {
    const column = this.columns[name];
    return column === undefined ? null : column[row];
  }

  // Index of the first row that does not begin before a time.
  place(time) {
    const times = this.columns.time;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Whether columns have all those that are held.
  fits(columns) {
    return Object.keys(this.columns).every((name) => Array.isArray(columns[name]));
  }

  // Replaces the rows from the first changed one on; returns its index. Rows older than all that are held are ignored.
  update(columns) {
    const from = this.length ? columns.time.findIndex((time) => time >= this.columns.time[0]) : 0;
    if (from < 0) return this.length;
    const place = this.place(columns.time[from]);
    for (const name of Object.keys(this.columns)) {
      this.columns[name].length = place;
      for (let row = from; row < columns[name].length; row += 1) this.columns[name].push(columns[name][row]);
    }
    return place;
  }

  // Lets go of the first rows.
  drop(count) {
    for (const name of Object.keys(this.columns)) this.columns[name] = this.columns[name].slice(count);
  }

  // Puts older rows before the others, without those that are held already; returns how many.
  prepend(columns) {
    const count = this.length ? new Rows(columns).place(this.columns.time[0]) : columns.time.length;
    for (const name of Object.keys(this.columns)) this.columns[name] = columns[name].slice(0, count).concat(this.columns[name]);
    return count;
  }
}
