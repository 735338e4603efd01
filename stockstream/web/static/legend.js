// Legend: what a panel says of a row: its time, prices, values, and why a value is undefined.

import { count, formatted, moment, number, seen } from "./format.js";

const PRICES = [["O", "open"], ["H", "high"], ["L", "low"], ["C", "close"]];

export function legendWords(renderer, panel, index, row) {
  const parts = [];
  const say = (text, color) => {
    const part = document.createElement("span");
    part.textContent = text;
    if (color) part.style.color = color;
    parts.push(part);
  };
  if (index === 0) {
    for (const text of renderer.notes.at(renderer.rows.columns.time[row])) say(text, renderer.theme.alarm);
    const doubts = [["forming", renderer.rows.get("final", row) === 0], ["doubtful", renderer.rows.get("doubtful", row)],
      ["after a gap", renderer.rows.get("gap", row)]].filter(([, so]) => so).map(([word]) => word);
    say(moment(renderer.rows.columns.time[row], renderer.zone, renderer.daily) + (doubts.length ? ` (${doubts.join(", ")})` : ""));
    if (renderer.rows.columns.close) {
      for (const [short, name] of PRICES) say(`${short} ${number(renderer.rows.get(name, row), renderer.spec.decimals)}`);
    }
    if (renderer.rows.columns.volume) say(`V ${count(renderer.rows.get("volume", row))}`);
  } else if (panel.title || panel.ylabel) {
    say(panel.title || panel.ylabel);
  }
  const forms = Object.fromEntries(panel.readouts.map((readout) => [readout.column, readout.form]));
  const worded = (column) => {
    const value = renderer.rows.get(column, row);
    if (value === null || value === undefined) return renderer.spec.undefined?.[column] ? "undefined" : "-";
    return forms[column] ? formatted(value, forms[column]) : panel.percent ? `${number(value * 100, 2)}%`
      : number(value, index === 0 ? renderer.spec.decimals : seen(Math.abs(value)));
  };
  const told = new Set();
  for (const mark of panel.marks) {
    if (mark.kind === "line" && mark.label) {
      say(`${mark.label} ${worded(mark.column)}`, renderer.color(mark.color));
      told.add(mark.column);
    } else if (mark.kind === "band" && mark.label) {
      say(`${mark.label} ${worded(mark.lower)} to ${worded(mark.upper)}`, renderer.color(mark.color));
    } else if (mark.kind === "dots" && mark.label) {
      say(mark.label, renderer.color(mark.color));
    } else if (mark.kind === "groups") {
      for (const group of renderer.spec.groups) {
        say(`${group.label} ${count(renderer.rows.get(`${mark.column} ${group.key}`, row))}`, renderer.color(group.color));
      }
    }
  }
  for (const readout of panel.readouts) {
    if (told.has(readout.column)) continue;
    const value = renderer.rows.get(readout.column, row);
    const { verdict } = readout;
    if (verdict && value !== null && value !== undefined) {
      say((value < verdict.limit ? verdict.below : verdict.otherwise).replace("{}", worded(readout.column)));
    } else {
      say(`${readout.label} ${worded(readout.column)}`);
    }
  }
  const reasons = Object.entries(renderer.spec.undefined ?? {})
    .filter(([column]) => renderer.rows.get(column, row) === null && panel.marks.some((mark) => [mark.column, mark.lower].includes(column)));
  for (const why of new Set(reasons.map(([, each]) => each))) say(`undefined: ${why}`);
  return parts;
}
