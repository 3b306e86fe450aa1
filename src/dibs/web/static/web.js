"use strict";
// Comfort only: times in the reader's own zone, deadlines that count down, the reasons of a cell without a new page,
// and a form that is sent once.  Everything works without this.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const skew = Date.parse(document.body.dataset.now) - Date.now();
  const now = () => Date.now() + skew;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const own = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

  for (const time of all("time[data-local]")) {
    const at = new Date(time.dateTime);
    time.title = `${time.textContent} (your time zone: ${zone})`;
    time.textContent = own.format(at);
  }

  document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

  const two = (n) => String(n).padStart(2, "0");
  const said = (ms) => {
    if (ms <= 0) return "over";
    const s = Math.floor(ms / 1000), d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    if (d >= 2) return h && d < 10 ? `${d} days ${h} h` : `${d} days`;
    if (d || h) return `${d * 24 + h} h ${two(m)} min`;
    return `${m} min ${two(s % 60)} s`;
  };
  const clocks = all("[data-until]");
  const tick = () => clocks.forEach((clock) => { clock.textContent = said(Date.parse(clock.dataset.until) - now()); });
  if (clocks.length) { tick(); setInterval(tick, 1000); }

  // A form goes out once; its key makes a second time harmless, but nobody should have to wonder.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });

  // A menu that is open closes with Escape or a click beside it.
  for (const menu of all("details.me")) {
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); } });
  }

  // The slider of days moves the date beside it; the page follows when it is let go.
  const slider = document.querySelector("input[type=range][data-first]"), day = document.querySelector("input[name=on]");
  if (slider && day) {
    const first = Date.parse(slider.dataset.first + "T00:00:00Z");
    const at = (n) => new Date(first + n * 864e5).toISOString().slice(0, 10);
    slider.hidden = false;
    slider.addEventListener("input", () => { day.value = at(Number(slider.value)); });
    slider.addEventListener("change", () => { sessionStorage.setItem("cells", JSON.stringify(letters())); slider.form.requestSubmit(); });
  }
  const letters = () => Object.fromEntries(all("[data-cell]").map((cell) => [cell.dataset.cell, cell.dataset.letter]));
  const before = JSON.parse(sessionStorage.getItem("cells") || "null");
  if (before && all("[data-cell]").length) {
    sessionStorage.removeItem("cells");
    for (const cell of all("[data-cell]")) if (before[cell.dataset.cell] && before[cell.dataset.cell] !== cell.dataset.letter) cell.classList.add("flash");
  }
})();
