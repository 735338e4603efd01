// Shades: colours of candles and columns by what their row says: rising, falling, forming, doubtful.

const PALE = 0.18;

export function pale(color, share = PALE) {
  const alpha = Math.round(share * 255).toString(16).padStart(2, "0");
  return color + alpha;
}

export function columnColor(mark, rows, row, theme) {
  const value = rows.get(mark.column, row);
  const rises = mark.signed ? value >= 0 : rows.get("close", row) >= rows.get("open", row);
  const plain = mark.signed || rows.get("open", row) !== null;
  return pale(plain ? (rises ? theme.up : theme.down) : theme.quiet, 0.6);
}

// The point of a row as candles have it.
export function candle(rows, row, theme) {
  const time = rows.get("time", row) / 1e6;
  const [high, low, close] = ["high", "low", "close"].map((name) => rows.get(name, row));
  if (close === null) return { time };
  const open = rows.get("open", row) ?? close;
  const point = { time, open, high, low, close };
  if (rows.get("doubtful", row)) {
    Object.assign(point, { color: pale(theme.doubtful, 0.5), borderColor: theme.doubtful, wickColor: theme.doubtful });
  } else if (rows.get("final", row) === 0) {
    const own = close >= open ? theme.up : theme.down;
    Object.assign(point, { color: pale(own, 0.25), borderColor: pale(own, 0.7), wickColor: pale(own, 0.7) });
  }
  return point;
}
