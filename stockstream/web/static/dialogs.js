// Dialogs: indicators, comparison, layouts, users, the monitor, keys. Each fills the one dialog of the page.

import { call, get } from "./api.js";
import { MOST_COMPARED } from "./arrangement.js";
import { number } from "./format.js";

export function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const dialog = document.getElementById("dialog");

const EVERY = 2_000;

let shown = 0;

// What a control is called, by which it is found again after its dialog was filled anew.
const called = (control) => control.getAttribute("aria-label") ?? (control.labels?.[0] ?? control).textContent;

export function show(title, ...content) {
  shown += 1;
  const place = document.getElementById("content");
  const held = place.contains(document.activeElement) ? called(document.activeElement) : null;
  document.getElementById("heading").textContent = title;
  place.replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
  if (held === null) return;
  const controls = [...place.querySelectorAll("button, input, select")];
  (controls.find((each) => called(each) === held) ?? controls[0])?.focus(); // whoever works with keys stays where they were
}

export const hide = () => dialog.close();

export const isOpen = () => dialog.open;

// Does the work again and again while what is shown now stays open, which `still` says.
export function whileOpen(work, every = EVERY) {
  const mine = shown;
  const still = () => dialog.open && shown === mine;
  let busy = false;
  const timer = setInterval(async () => {
    if (!still()) {
      clearInterval(timer);
    } else if (!busy) {
      busy = true;
      try {
        await work(still);
      } catch { /* the strip says whether the server is there */ }
      busy = false;
    }
  }, every);
}

// Indicators of a chart: "bollinger:period=20:width=2" is a study with its parameters.

export function parsed(text) {
  const [name, ...settings] = text.split(/:(?=[\w-]+=)/);
  return { name, values: Object.fromEntries(settings.map((each) => each.split(/=(.*)/s).slice(0, 2))) };
}

export function written({ name, values }) {
  return [name, ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join(":");
}

export function indicators(known, panel) {
  const studies = panel.settings.studies.map(parsed);
  const apply = () => {
    panel.change({ studies: studies.map(written) });
    indicators(known, panel);
  };
  const listed = studies.map((study, index) => {
    const about = known.find((each) => each.name === study.name);
    const fields = (about?.parameters ?? []).map((parameter) => node("label", { title: parameter.help }, `${parameter.name} `,
      node("input", {
        value: study.values[parameter.name] ?? parameter.default ?? "", size: 6,
        onchange: (event) => {
          study.values[parameter.name] = event.target.value;
          apply();
        },
      })));
    const remove = () => {
      studies.splice(index, 1);
      apply();
    };
    return node("li", {}, node("b", {}, about?.title ?? study.name), " ", ...fields,
      node("button", { type: "button", onclick: remove, "aria-label": `Remove ${study.name}` }, "Remove"));
  });
  const search = node("input", { placeholder: "Search", "aria-label": "Search indicators", oninput: () => fill() });
  const offers = node("ul", { class: "offers" });
  const fill = () => {
    const wanted = search.value.toLowerCase();
    offers.replaceChildren(...known
      .filter((each) => `${each.name} ${each.title} ${each.help}`.toLowerCase().includes(wanted))
      .map((each) => node("li", {}, node("button", {
        type: "button",
        onclick: () => {
          studies.push({ name: each.name, values: {} });
          apply();
        },
      }, each.title), " ", each.help)));
  };
  fill();
  show("Indicators", node("ul", { class: "chosen" }, ...listed), search, offers);
}

export function compare(symbols, panel) {
  const list = symbols.filter((symbol) => symbol !== panel.settings.symbol).map((symbol) => node("li", {}, node("label", {},
    node("input", {
      type: "checkbox", checked: panel.settings.compare.includes(symbol),
      onchange: (event) => {
        const rest = panel.settings.compare.filter((each) => each !== symbol);
        const compare = event.target.checked ? [...rest, symbol] : rest;
        if (compare.length > MOST_COMPARED) {
          event.target.checked = false;
          panel.page.say(`${MOST_COMPARED} symbols are compared at most`);
        } else {
          panel.change({ compare, mode: compare.length ? 2 : 0 });
        }
      },
    }), ` ${symbol}`)));
  show("Compare in percent", list.length ? node("ul", { class: "chosen" }, ...list) : "there is no other symbol");
}

export async function layouts(page) {
  const saved = await get("/api/layouts");
  const may = page.who.role !== "viewer";
  const name = node("input", { placeholder: "Name", "aria-label": "Name of the layout", maxlength: 64 });
  const save = node("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (name.value) {
        await page.attempt(() => call("PUT", `/api/layouts/${encodeURIComponent(name.value)}`, { content: page.layout() }));
        layouts(page);
      }
    },
  }, name, node("button", {}, "Save"));
  const list = saved.map((each) => node("li", {},
    node("button", { type: "button", onclick: () => { hide(); page.restore(each.content); page.onChanged(); } }, each.name), " ",
    ...(may ? [node("button", {
      type: "button",
      onclick: async () => {
        const { shared } = await call("POST", `/api/layouts/${encodeURIComponent(each.name)}/link`);
        const link = `${location.origin}/#layout=${shared}`;
        show("Link of the layout", node("p", {}, "People with an account here can open it:"), node("input", { value: link, readonly: true, size: 60, "aria-label": "Link" }));
      },
    }, "Link"), " ", node("button", {
      type: "button",
      onclick: async () => {
        await page.attempt(() => call("DELETE", `/api/layouts/${encodeURIComponent(each.name)}`));
        layouts(page);
      },
    }, "Delete")] : [])));
  const shapes = node("div", { class: "group" }, ...[1, 2, 4].map((count) => node("button", {
    type: "button", onclick: () => { hide(); page.arrange(count); },
  }, count === 1 ? "1 chart" : `${count} charts`)));
  const links = ["symbol", "time", "crosshair"].map((what) => node("label", {}, node("input", {
    type: "checkbox", checked: page.linked[what],
    onchange: (event) => { page.linked[what] = event.target.checked; page.onChanged(); },
  }), ` ${what} `));
  show("Layouts", shapes, node("p", {}, "Linked: ", ...links), node("ul", { class: "chosen" }, ...list), may ? save : "");
}

export async function users(page) {
  const found = await get("/api/users");
  const rows = found.map((each) => node("tr", {}, node("td", {}, each.name), node("td", {}, node("select", {
    "aria-label": `Role of ${each.name}`,
    onchange: async (event) => {
      await page.attempt(() => call("PATCH", `/api/users/${encodeURIComponent(each.name)}`, { role: event.target.value }));
      users(page);
    },
  }, ...["viewer", "analyst", "admin"].map((role) => node("option", { selected: role === each.role }, role)))),
  node("td", {}, node("button", {
    type: "button",
    onclick: async () => {
      await page.attempt(() => call("PATCH", `/api/users/${encodeURIComponent(each.name)}`, { disabled: !each.disabled }));
      users(page);
    },
  }, each.disabled ? "Admit" : "Disable"))));
  const name = node("input", { placeholder: "Name", "aria-label": "Name", required: true });
  const password = node("input", { type: "password", placeholder: "Password", "aria-label": "Password", minlength: 10, required: true, autocomplete: "new-password" });
  const role = node("select", { "aria-label": "Role" }, ...["viewer", "analyst", "admin"].map((each) => node("option", {}, each)));
  show("Users", node("table", {}, ...rows), node("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      await page.attempt(() => call("POST", "/api/users", { name: name.value, password: password.value, role: role.value }));
      users(page);
    },
  }, name, password, role, node("button", {}, "Add")));
}

function overviewed(overview) {
  const cells = (...texts) => node("tr", {}, ...texts.map((text) => node("td", {}, text)));
  const head = (...texts) => node("tr", {}, ...texts.map((text) => node("th", {}, text)));
  const figure = (value) => (value === null ? "-" : number(value, 0));
  return overview.waiting ? [node("p", {}, `waiting for ${overview.waiting}`)] : [
    node("table", {}, head("topic", "records", "records/s"), ...overview.topics.map((topic) => cells(topic.name, figure(topic.records), figure(topic.records_per_second)))),
    node("table", {}, head("group", "state", "lag"), ...overview.groups.map((group) => cells(group.name, group.state, figure(group.lag)))),
    node("table", {}, head("dead letters", "records", "newest reason"), ...overview.dead_letters.map((each) => {
      const row = cells(each.topic, figure(each.records));
      row.append(node("td", { class: "long" }, each.newest?.reason ?? ""));
      return row;
    })),
  ];
}

export async function monitor() {
  const place = node("div");
  const fill = async () => place.replaceChildren(...overviewed(await get("/api/monitor")));
  await fill();
  show("Monitor", place);
  whileOpen(fill);
}

export function airlines(panel) {
  const shown = new Set(panel.renderer.spec.groups.map((group) => group.key));
  const { known } = panel.renderer.spec;
  show("Airlines", node("ul", { class: "menu" }, ...known.map(({ key, label }) => node("li", {}, node("label", {}, node("input", {
    type: "checkbox", checked: shown.has(key),
    onchange: (event) => {
      if (event.target.checked) shown.add(key);
      else shown.delete(key);
      panel.change({ airlines: [...shown] });
    },
  }), ` ${label}`)))));
}

export function keys(bindings) {
  show("Keys", node("table", {}, ...bindings.map(({ label, does }) => node("tr", {}, node("th", {}, label), node("td", {}, does)))));
}
