// Socket: one connection of the page, over which charts are opened; it connects again by itself, and opens them again.

const FIRST = 250;
const LONGEST = 10_000; // milliseconds between two attempts
const SILENT = 8_000; // a server says its status each second: so long a silence means that it has gone

export class Socket {
  constructor(onState) {
    this.onState = onState;
    this.charts = new Map(); // number -> {request, listener}
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
      this.wait = FIRST;
      this.heard = performance.now();
      this.say(true);
      for (const [number, { request }] of this.charts) this.send({ type: "open", chart: number, request });
    };
    socket.onmessage = ({ data }) => {
      this.heard = performance.now();
      const { chart, message } = JSON.parse(data);
      if (message.type === "reset") {
        const opened = this.charts.get(chart);
        if (opened) setTimeout(() => this.send({ type: "open", chart, request: opened.request }), 1_000);
      } else {
        this.charts.get(chart)?.listener(message);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      if (code === 4401 || code === 1008) {
        location.assign("/login");
        return;
      }
      this.say(false);
      setTimeout(() => this.connect(), this.wait * (0.5 + Math.random()));
      this.wait = Math.min(LONGEST, this.wait * 2);
    };
  }

  check() {
    if (this.connected && this.charts.size && performance.now() - this.heard > SILENT) this.socket.close();
  }

  say(connected) {
    if (connected !== this.connected) this.since = new Date();
    this.connected = connected;
    this.onState(connected, this.since);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  open(request, listener) {
    const number = this.next;
    this.next += 1;
    this.charts.set(number, { request, listener });
    this.send({ type: "open", chart: number, request });
    return number;
  }

  close(number) {
    if (this.charts.delete(number)) this.send({ type: "close", chart: number });
  }

  older(number, before) {
    this.send({ type: "older", chart: number, before });
  }
}
