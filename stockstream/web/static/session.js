// Session: its use by a person, which the server is told of, and its end, which is said with the way back in. What is drawn stays.

const TOLD_EVERY = 60_000;

let over = false;

export const hasEnded = () => over;

export function end() {
  if (over) return;
  over = true;
  const link = document.createElement("a");
  link.href = `/login${location.hash}`;
  link.textContent = "Log in";
  document.getElementById("dialog").close(); // nothing outside of it could be reached
  document.getElementById("ended").replaceChildren("Your session has ended. ", link, " to go on: this browser keeps your charts.");
}

// Whoever works on the page uses the session, even where all that is asked for comes over the socket.
export function watchUse(tell) {
  let told = -Infinity;
  const use = () => {
    const now = performance.now();
    if (now - told < TOLD_EVERY) return;
    if (tell()) told = now;
  };
  for (const event of ["pointerdown", "keydown", "wheel"]) document.addEventListener(event, use, { capture: true, passive: true });
}
