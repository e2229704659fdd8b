// Renews the page's main part every few seconds while it is looked at. Unfolded tables and scrolled ones stay as they are.
"use strict";
(() => {
  const PAUSE_MS = 5000;
  const LIMIT_MS = 10000;

  const state = (main) => new Map(Array.from(main.querySelectorAll("details[id]"), (d) => [d.id, d.open]));

  // What a person folded or unfolded by hand stays so; the rest follows the server.
  const byHand = new Map();
  let shown = state(document.getElementById("main"));

  const remember = () => {
    for (const [id, open] of state(document.getElementById("main"))) {
      if (shown.get(id) !== open) byHand.set(id, open);
    }
  };

  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = fresh.getElementById("main");
      remember();
      for (const [id, open] of byHand) {
        const details = fresh.getElementById(id);
        if (details) details.open = open;
      }
      shown = state(main);
      document.title = fresh.title;
      document.querySelector("header").replaceWith(fresh.querySelector("header"));
      document.getElementById("main").replaceWith(main);
    } catch {
      document.getElementById("stale").hidden = false;
    }
  };

  const loop = async () => {
    await renew();
    setTimeout(loop, PAUSE_MS);
  };
  setTimeout(loop, PAUSE_MS);
  document.addEventListener("visibilitychange", renew);
})();
