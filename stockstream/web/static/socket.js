// Socket: one connection of the page, over which charts are opened; it connects again by itself, and opens them again.

import { end, hasEnded } from "./session.js";

const FIRST = 250;
const LONGEST = 10_000; // milliseconds between two attempts
const SILENT = 8_000; // a server says each second or two that it is there: so long a silence means that it has gone
const RETRY = 1_000;
const LONGEST_RETRY = 30_000; // milliseconds until a chart that could not be opened is tried again

export class Socket {
  constructor(onState) {
    this.onState = onState;
    this.charts = new Map(); // number -> {request, listener, opened, retry, timer}
    this.next = 1;
    this.wait = FIRST;
    this.since = new Date();
    this.connect();
    setInterval(() => this.check(), 1_000);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.socket = socket;
    socket.onopen = () => {
      this.heard = performance.now();
      this.say(true);
      for (const [number, opened] of this.charts) {
        opened.retry = RETRY;
        this.again(number);
      }
    };
    socket.onmessage = ({ data }) => {
      this.heard = performance.now();
      this.wait = FIRST; // not before: a server may admit no further page, and say so by closing at once
      const { chart, message } = JSON.parse(data);
      const opened = this.charts.get(chart);
      if (opened) this.take(chart, opened, message);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.say(false);
      if (code === 4401 || code === 1008) end();
      if (hasEnded()) return;
      setTimeout(() => this.connect(), this.wait * (0.5 + Math.random()));
      this.wait = Math.min(LONGEST, this.wait * 2);
    };
  }

  take(number, opened, message) {
    if (message.type === "reset") {
      this.later(number, opened, RETRY);
      return;
    }
    if (message.type === "snapshot") {
      opened.opened = true;
      opened.retry = RETRY;
    } else if (message.type === "problem" && (message.retry || !opened.opened)) {
      opened.opened = false;
      // Its series may come: a server that was started again reads its history first.
      this.later(number, opened, opened.retry);
      opened.retry = Math.min(LONGEST_RETRY, opened.retry * 2);
    }
    opened.listener(message);
  }

  check() {
    if (this.connected && this.charts.size && performance.now() - this.heard > SILENT) this.socket.close();
  }

  say(connected) {
    if (connected !== this.connected) this.since = new Date();
    this.connected = connected;
    this.onState(connected, this.since);
  }

  // Returns whether it could be sent.
  send(message) {
    const open = this.socket.readyState === WebSocket.OPEN;
    if (open) this.socket.send(JSON.stringify(message));
    return open;
  }

  open(request, listener) {
    const number = this.next;
    this.next += 1;
    this.charts.set(number, { request, listener, opened: false, retry: RETRY });
    this.again(number);
    return number;
  }

  // Opens a chart once more: the answer is a snapshot.
  again(number) {
    const opened = this.charts.get(number);
    if (!opened) return;
    clearTimeout(opened.timer);
    opened.opened = false;
    this.send({ type: "open", chart: number, request: opened.request });
  }

  later(number, opened, wait) {
    clearTimeout(opened.timer);
    opened.timer = setTimeout(() => this.again(number), wait);
  }

  close(number) {
    clearTimeout(this.charts.get(number)?.timer);
    if (this.charts.delete(number)) this.send({ type: "close", chart: number });
  }

  older(number, before) {
    this.send({ type: "older", chart: number, before });
  }
}
