// Watched levels of a chart as a list: set, moved, made to end with their first crossing, and removed, without a mouse.

import { MOST_LEVELS } from "./arrangement.js";
import { node, show } from "./dialogs.js";

function number(value, label) {
  return node("input", { type: "number", step: "any", required: true, value, size: 10, "aria-label": label });
}

export function levels(page) {
  const { levels: own } = page.active;
  const again = () => levels(page);
  const rows = own.own.map((level) => {
    const value = number(level.value, `Level of ${level.panel}`);
    value.addEventListener("change", () => {
      if (value.value !== "") own.change(level, { value: Number(value.value) });
      again();
    });
    const once = node("input", { type: "checkbox", checked: level.once, onchange: () => { own.change(level, { once: !level.once }); again(); } });
    return node("li", {}, node("b", {}, level.panel), value, node("label", {}, once, " once"),
      node("button", { type: "button", onclick: () => { own.remove(level); again(); }, "aria-label": `Remove ${level.value}` }, "Remove"));
  });
  const panels = own.watched;
  if (!panels.length) {
    show("Levels", "this chart has no panel with levels");
    return;
  }
  const panel = node("select", { "aria-label": "Panel" }, ...panels.map((name) => node("option", {}, name)));
  const value = number("", "New level");
  const once = node("input", { type: "checkbox" });
  const add = node("form", {
    onsubmit: (event) => {
      event.preventDefault();
      if (own.own.length >= MOST_LEVELS) page.say(`a chart has ${MOST_LEVELS} levels at most`);
      else own.add({ panel: panel.value, value: Number(value.value), once: once.checked });
      again();
    },
  }, panel, value, node("label", {}, once, " once"), node("button", {}, "Watch"));
  show(`Levels of ${page.active.settings.symbol}`, node("ul", { class: "chosen" }, ...rows), add);
}
