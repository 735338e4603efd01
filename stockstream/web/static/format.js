// Formats of numbers and times: what Python formats as ",.2f", "6.2%" or a moment in a zone.

const FIGURE = "\u2007"; // a space as wide as a digit

const formats = new Map(); // making one takes longer than all else that the legends do

function kept(kind, locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(locale, options));
  return formats.get(key);
}

const digits = (decimals, useGrouping = true) => kept(Intl.NumberFormat, "en-US", {
  minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping,
});

export function number(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  return digits(decimals).format(value);
}

// A form of Python's format(): width, thousands, precision, and f or %.
export function formatted(value, form, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  const found = /^(\d*)(,?)\.(\d+)([f%g])$/.exec(form ?? "");
  if (!found) return number(value, decimals);
  const [, width, comma, places, kind] = found;
  if (kind === "g") {
    return kept(Intl.NumberFormat, "en-US", { maximumSignificantDigits: Number(places), useGrouping: comma === "," }).format(value);
  }
  const text = digits(Number(places), comma === ",").format(kind === "%" ? value * 100 : value);
  return (text + (kind === "%" ? "%" : "")).padStart(Number(width || 0), FIGURE);
}

export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  return Number.isInteger(value) || Math.abs(value) >= 100 ? number(Math.round(value), 0) : String(Number(value.toPrecision(4)));
}

// Decimals with which a span of values can be told apart.
export function seen(span) {
  return span > 0 ? Math.max(0, Math.min(10, Math.ceil(-Math.log10(span / 500)))) : 2;
}

// How the library writes values of a panel on its axis.
export function priceFormat(panel, decimals) {
  if (panel.percent) {
    return { type: "custom", minMove: 0.0001, formatter: (value) => `${number(value * 100, 1)}%` };
  }
  if (panel.marks.some((mark) => mark.kind === "candles")) {
    return { type: "price", precision: decimals, minMove: 10 ** -decimals };
  }
  return {
    type: "custom", minMove: 1e-8,
    formatter: (value) => (Math.abs(value) >= 1e6 ? `${number(value / 1e6, 2)}M`
      : Math.abs(value) >= 1e3 ? number(value, 0) : value === 0 ? "0" : String(Number(value.toPrecision(3)))),
  };
}

const clock = (zone, options) => kept(Intl.DateTimeFormat, "en-GB", { timeZone: zone || "UTC", ...options });

// A time in microseconds: "Tue 3 Mar 2026 10:45 GMT-5", or "Tue 3 Mar 2026" for bars of days.
export function moment(time, zone, daily) {
  const date = new Date(time / 1000);
  const day = clock(daily ? "UTC" : zone, { weekday: "short", day: "numeric", month: "short", year: "numeric" })
    .format(date).replace(",", "");
  if (daily) return day;
  const seconds = date.getUTCSeconds() ? { second: "2-digit" } : {};
  return `${day} ${clock(zone, { hour: "2-digit", minute: "2-digit", ...seconds, timeZoneName: "short" }).format(date)}`;
}

// A tick label; `kind` is lightweight-charts' TickMarkType: year, month, day, minute, second.
export function tick(seconds, kind, zone, daily) {
  const date = new Date(seconds * 1000);
  const where = daily ? "UTC" : zone;
  if (kind === 0) return clock(where, { year: "numeric" }).format(date);
  if (kind === 1) return clock(where, { month: "short" }).format(date);
  if (kind === 2) return clock(where, { day: "numeric", month: "short" }).format(date);
  return clock(where, { hour: "2-digit", minute: "2-digit", ...(kind === 4 ? { second: "2-digit" } : {}) }).format(date);
}
