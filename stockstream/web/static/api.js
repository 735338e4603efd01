// Requests to the server: JSON, with the token that shows that they come from a page of this session.

import { end } from "./session.js";

let csrf = "";

export async function call(method, path, body) {
  const headers = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) {
    end();
    throw new Error("your session has ended");
  }
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok) {
    const detail = value?.detail;
    throw new Error(typeof detail === "string" ? detail : detail?.[0]?.msg ?? `the server answered ${answer.status}`);
  }
  return value;
}

export const get = (path) => call("GET", path);

export async function me() {
  const who = await get("/api/me");
  csrf = who.csrf;
  return who;
}
