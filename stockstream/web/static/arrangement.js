// Arrangement: a layout as plain data. What comes from a link or the browser's storage is checked field by field.

const MOST_CHARTS = 4;
const MOST_NAMES = 20;
const MOST_AIRLINES = 100;

export const MOST_LEVELS = 100;
export const MOST_COMPARED = 3; // with each of four charts: the server opens 16 for a page

const text = (value) => (typeof value === "string" && value.length <= 200 ? value : null);
const listed = (value, most) => (Array.isArray(value) ? value.slice(0, most) : []);
const texts = (value, most = MOST_NAMES) => listed(value, most).filter((each) => text(each) !== null);
const object = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});

export function isZone(zone) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function levels(value) {
  const isLevel = ({ panel, value: at }) => ["string", "number"].includes(typeof panel) && Number.isFinite(at);
  return Object.fromEntries(Object.entries(object(value)).map(([symbol, each]) => [symbol, listed(each, MOST_LEVELS).map(object)
    .filter(isLevel).map(({ panel, value: at, once }) => ({ panel, value: at, once: once === true }))]));
}

function chart(value) {
  const found = object(value);
  return {
    view: found.view === "flights" ? "flights" : "chart",
    airlines: texts(found.airlines, MOST_AIRLINES),
    symbol: text(found.symbol),
    interval: text(found.interval),
    feed: text(found.feed),
    resample: text(found.resample),
    studies: Array.isArray(found.studies) ? texts(found.studies) : ["volume"],
    compare: texts(found.compare).slice(0, MOST_COMPARED),
    mode: [0, 1, 2].includes(found.mode) ? found.mode : 0,
    levels: levels(found.levels),
  };
}

// A layout with defaults for whatever cannot be used.
export function arrangement(value, themes) {
  const found = object(value);
  const linked = object(found.linked);
  const charts = listed(found.charts, MOST_CHARTS);
  return {
    theme: typeof found.theme === "string" && Object.hasOwn(themes, found.theme) ? found.theme : null,
    zone: text(found.zone) && isZone(found.zone) ? found.zone : "",
    linked: Object.fromEntries(["symbol", "time", "crosshair"].map((what) => [what, linked[what] !== false])),
    charts: (charts.length ? charts : [{}]).map(chart),
  };
}
