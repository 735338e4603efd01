// Dashboard: its tiles, each drawn by the kind of its mark.

import { get } from "./api.js";
import { node, show, whileOpen } from "./dialogs.js";
import { formatted, number } from "./format.js";

const BARS = 12;
const ROWS = 20;

function worded(value, { kind, form }) {
  if (value === null || value === undefined) return "-";
  if (kind === "text") return String(value);
  if (kind === "day") return new Date(value / 1000).toISOString().slice(0, 10);
  if (kind === "clock") return new Date(value / 1000).toISOString().slice(11, 19);
  if (kind !== "percent") return formatted(value, form, 0);
  return `${number(value * 100, Number(/\.(\d+)/.exec(form)?.[1] ?? 0))}%`;
}

function bars(columns, label, value, words) {
  const rows = [...(columns[value] ?? []).keys()].filter((row) => columns[value][row] !== null)
    .sort((one, other) => columns[value][other] - columns[value][one]).slice(0, BARS);
  const most = Math.max(0, ...rows.map((row) => columns[value][row]));
  return rows.length ? node("ul", { class: "bars" }, ...rows.map((row) => node("li", {}, node("span", {}, columns[label][row]),
    node("meter", { min: 0, max: most || 1, value: columns[value][row], "aria-label": columns[label][row] }),
    node("span", {}, words(columns[value][row]))))) : null;
}

function listing(columns, cells) {
  const size = Object.values(columns)[0]?.length ?? 0;
  const line = (row) => node("tr", {}, ...cells.map((cell) => node("td", {}, worded(columns[cell.column]?.[row], cell))));
  return size ? node("table", {}, node("tr", {}, ...cells.map((cell) => node("th", {}, cell.title))),
    ...[...Array(Math.min(size, ROWS)).keys()].map(line)) : null;
}

const text = (column) => ({ column, title: column, kind: "text" });

const DRAWN = {
  heights: (columns, mark) => bars(columns, mark.label, mark.value, (value) => number(value, 0)),
  shares: (columns, mark) => bars(columns, mark.label, mark.value, (value) => `${number(value * 100, 1)}%`),
  profile: (columns, mark) => listing(columns, [text(mark.label), ...mark.values.map(([column, title, form]) => ({
    column, title, form, kind: form.endsWith("%") ? "percent" : "number",
  }))]),
  points: (columns, mark) => listing(columns, [text(mark.label), { column: mark.across, title: mark.across_label, kind: "number", form: ",.2f" },
    { column: mark.up, title: mark.up_label, kind: "percent", form: ".3f" }]),
  listing: (columns, mark) => listing(columns, mark.cells),
};

function tiled({ tiles, tables }) {
  return tiles.map(({ kind, mark, title, table, lacking }) => node("section", {}, node("h3", {}, title),
    DRAWN[kind](tables[table] ?? {}, mark) ?? (lacking || "-")));
}

export async function dashboard(group) {
  const fetched = () => get(`/api/dashboard${group ? `?group=${encodeURIComponent(group)}` : ""}`);
  const found = await fetched();
  const groups = node("select", { "aria-label": "Interval and feed", onchange: (event) => dashboard(event.target.value) },
    ...found.groups.map((each) => node("option", { selected: each === found.group }, each)));
  const place = node("div", { class: "tiles" }, ...tiled(found));
  show(`Dashboard${found.simulated ? ", SIMULATED" : ""}`, found.groups.length ? groups : found.reading ? "the bars are being read" : "there are no bars yet", place);
  whileOpen(async (still) => {
    const next = await fetched();
    if (String(next.groups) === String(found.groups)) place.replaceChildren(...tiled(next));
    else if (still()) await dashboard(group);
  });
}
