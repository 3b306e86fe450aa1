"use strict";
// Zooming, one cursor for all pictures, the reasons behind a cell, and the way from a mark to its row.
// Everything is there without this; it only moves two numbers (--from, --to) and reads out figures.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const first = Date.parse(data.first + "T00:00:00Z");
  const date = (x) => new Date(first + Math.floor(x) * 864e5);
  const say = (x) => { const d = date(x); return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`; };
  const place = (year, month) => (Date.UTC(year, month, 1) - first) / 864e5;
  const round = (value) => value.toFixed(value < 2 ? 2 : value < 100 ? 1 : 0).replace(/\.?0+$/, value < 100 ? "" : "$&");
  const short = (n) => n < 999.5 ? String(Math.round(n)) : n < 999500 ? `${round(n / 1e3)} k` : n < 999.5e6 ? `${round(n / 1e6)} M` : n < 999.5e9 ? `${round(n / 1e9)} bn` : `${round(n / 1e12)} tn`;
  root.classList.add("js");

  // --- the stretch of time shown -------------------------------------------------------------------
  let from = 0, to = data.days;
  const domain = (element) => {
    const style = getComputedStyle(element);
    return [parseFloat(style.getPropertyValue("--from")), parseFloat(style.getPropertyValue("--to"))];
  };

  function drawTicks(holder) {
    const [low, high] = domain(holder), width = holder.clientWidth;
    if (!width) return;
    const months = (high - low) / 30.44;
    const step = [1, 3, 12, 24, 60, 120].find((s) => width / (months / s) >= (s < 12 ? 34 : 44)) || 120;
    const start = date(low), end = date(high);
    const ticks = [];
    for (let year = start.getUTCFullYear(); year <= end.getUTCFullYear(); year++) {
      if (step > 12 && year % (step / 12)) continue;
      for (let month = 0; month < 12; month += Math.min(step, 12)) {
        const x = place(year, month);
        if (x < low || x >= high || (high - x) / (high - low) * width < 32) continue;
        const tick = document.createElement("span");
        tick.style.setProperty("--x", x);
        tick.textContent = month ? MONTHS[month] : String(year);
        tick.className = month ? "minor" : "";
        ticks.push(tick);
      }
    }
    holder.replaceChildren(...ticks);
  }

  const at = (xs, x) => { let n = 0; while (n + 1 < xs.length && xs[n + 1] <= x) n++; return n; };

  // The vertical scale follows what is shown, and labels at the right edge follow the last month shown.
  function fit(figure) {
    const picture = data.pictures[figure.dataset.picture], plot = figure.querySelector(".tall .plot, .low .plot");
    if (!picture || !plot) return;
    const a = at(picture.xs, from), b = at(picture.xs, to - 1);
    let most = 1;
    for (let n = a; n <= b; n++) most = Math.max(most, picture.line ? picture.line[n] : 0, picture.bands.reduce((sum, band) => sum + band[n + 1], 0));
    for (const other of picture.more || []) for (let n = a; n <= b; n++) most = Math.max(most, other[n + 1]);
    const whole = from === 0 && to === data.days;
    const steps = [...Array(13).keys()].flatMap((e) => [1, 2, 2.5, 5].map((f) => f * 10 ** e)).filter((s) => s >= 1);
    const step = steps.find((s) => most / s <= (plot.clientHeight < 200 ? 3 : 5));
    const top = whole ? picture.top : Math.ceil(most / step) * step;
    plot.style.setProperty("--yview", top);
    const ys = figure.querySelector(".ys");
    if (!ys.kept) ys.kept = [...ys.children], plot.kept = all(".grid", plot);
    all(".grid", plot).forEach((line) => line.remove());
    if (whole) { ys.replaceChildren(...ys.kept); plot.prepend(...plot.kept); }
    else {
      const lines = [], labels = [];
      for (let value = 0; value <= top; value += step) {
        const line = document.createElement("i"), label = document.createElement("span");
        line.className = "grid"; label.textContent = short(value);
        line.style.bottom = label.style.bottom = `${100 * value / top}%`;
        lines.push(line); labels.push(label);
      }
      ys.replaceChildren(...labels); plot.prepend(...lines);
    }
    const ends = figure.querySelector(".ends");
    if (!ends) return;
    if (!ends.kept) ends.kept = [...ends.children];
    if (whole) { ends.replaceChildren(...ends.kept); return; }
    const chips = all(".legend li:has(.chip)", figure).reverse().map((item) => item.querySelector(".chip"));
    const key = (kind) => { const mark = document.createElement("i"); mark.className = `key ${kind}`; return mark; };
    const height = plot.clientHeight, gap = 17, labels = [];
    let base = 0;
    picture.bands.forEach((band, n) => {
      const value = band[b + 1];
      if (value) labels.push({ at: base + value / 2, mark: chips[n].cloneNode(true), name: band[0], value });
      base += value;
    });
    if (picture.gap?.[b]) labels.push({ at: picture.line[b] - picture.gap[b] / 2, mark: key("gap"), name: "missing", value: picture.gap[b] });
    if (picture.line?.[b]) labels.push({ at: picture.line[b] + top * gap / 2 / height, mark: key("line"), name: "wanted", value: picture.line[b] });
    labels.sort((one, other) => one.at - other.at);
    let level = -Infinity, limit = height - gap / 2;
    for (const label of labels) level = label.at = Math.max(label.at / top * height, level + gap, gap / 2);
    for (const label of [...labels].reverse()) { label.at = Math.min(label.at, limit); limit = label.at - gap; }
    ends.replaceChildren(...labels.filter((label) => label.at > 0).map((label) => {
      const span = document.createElement("span"), name = document.createElement("b"), value = document.createElement("small");
      name.textContent = label.name; value.textContent = short(label.value);
      span.append(label.mark, name, " ", value);
      span.style.bottom = `${100 * label.at / height}%`;
      return span;
    }));
  }

  // A reason stands after its mark in the left half of what is shown, and before it in the right half.
  function turn(reason) {
    const middle = (parseFloat(reason.style.getPropertyValue("--x")) + parseFloat(reason.style.getPropertyValue("--e"))) / 2;
    reason.classList.toggle("before", middle - from > (to - from) / 2);
  }

  function redraw() { all(".say").forEach(turn); all(".ticks").forEach(drawTicks); all("figure[data-picture]").forEach(fit); }

  const select = document.getElementById("zoom");
  function zoom(low, high) {
    from = Math.max(0, Math.round(low)); to = Math.min(data.days, Math.round(high));
    if (to - from < 7) { from = 0; to = data.days; }
    const whole = from === 0 && to === data.days;
    root.style.setProperty("--from", from); root.style.setProperty("--to", to);
    root.toggleAttribute("data-zoom", !whole);
    const named = [...select.options].find((option) => option.value === (whole ? "" : `${low} ${high}`));
    all("option.drawn", select).forEach((option) => option.remove());
    if (named) named.selected = true;
    else {
      const option = new Option(`${say(from)} to ${say(to)}`, "", true, true);
      option.className = "drawn"; select.append(option);
    }
    redraw();
  }
  select.addEventListener("change", () => { const [low, high] = select.value.split(" ").map(Number); select.value ? zoom(low, high) : zoom(0, data.days); });

  // --- the cursor ----------------------------------------------------------------------------------
  const when = document.querySelector(".ruler .when");
  function point(x, figure) {
    if (x === null) { root.removeAttribute("data-cursor"); when.hidden = true; all(".readout").forEach((out) => { out.textContent = ""; }); return; }
    root.style.setProperty("--cursor", x); root.setAttribute("data-cursor", x);
    const version = data.versions.filter(([start]) => start <= x).pop();
    when.hidden = false; when.textContent = say(x) + (version ? ` · ${version[1]}` : "");
    when.style.transform = `translateX(${-100 * (x - from) / (to - from)}%)`;
    const picture = figure && data.pictures[figure.dataset.picture], out = figure && figure.querySelector(".readout");
    all(".readout").forEach((other) => { if (other !== out) other.textContent = ""; });
    if (!picture || !out) return;
    const n = at(picture.xs, x), parts = picture.bands.filter((band) => band[n + 1]).map((band) => `${band[0]} ${short(band[n + 1])}`);
    if (picture.line) parts.push(`wanted ${short(picture.line[n])}`);
    if (picture.gap && picture.gap[n]) parts.push(`missing ${short(picture.gap[n])}`);
    for (const other of picture.more || []) parts.push(`${other[0]} ${short(other[n + 1])}`);
    const d = date(Math.max(picture.xs[n], 0));
    const head = document.createElement("b"); head.textContent = `${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}: `;
    out.replaceChildren(head, parts.join(" · ") || "nothing");
  }
  const plotOf = (field) => field.querySelector(":scope > .over") || field;
  function follow(event) {
    const field = event.target.closest(".field, .ruler .plot");
    if (!field) return point(null);
    const box = plotOf(field).getBoundingClientRect(), [low, high] = domain(plotOf(field));
    const x = low + (event.clientX - box.left) / box.width * (high - low);
    if (x < low || x > high) return point(null);
    point(Math.max(0, Math.min(data.days - 1, x)), field.closest("figure"));
  }
  addEventListener("pointermove", follow, { passive: true });
  all("figure.time").forEach((figure) => figure.addEventListener("keydown", (event) => {
    if (event.target !== figure) return;
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
    if (event.key === "Escape") { zoom(0, data.days); point(null); }
    if (!move) return;
    event.preventDefault();
    const now = root.dataset.cursor === undefined ? Math.min(data.known, to) : Number(root.dataset.cursor), d = date(now);
    const x = Math.max(from, Math.min(to - 1, place(d.getUTCFullYear(), d.getUTCMonth() + move)));
    figure.querySelector(".readout")?.setAttribute("aria-live", "polite");
    point(x, figure);
  }));

  // Drag over the ruler or over a plot to look at that stretch alone; a double click shows everything.
  let start = null, pick = null;
  addEventListener("pointerdown", (event) => {
    const field = event.target.closest(".field, .ruler .plot");
    if (!field || event.pointerType === "touch" || event.button || event.target.closest("a") && !field.matches(".ruler .plot")) return;
    const box = plotOf(field).getBoundingClientRect(), [low, high] = domain(plotOf(field));
    if (event.clientX < box.left || event.clientX > box.right) return;
    start = { field, box, low, high, x: event.clientX };
  });
  addEventListener("pointermove", (event) => {
    if (!start || Math.abs(event.clientX - start.x) < 6) return;
    const value = (px) => start.low + (Math.max(start.box.left, Math.min(start.box.right, px)) - start.box.left) / start.box.width * (start.high - start.low);
    const ends = [value(start.x), value(event.clientX)].sort((a, b) => a - b);
    if (!pick) { pick = document.createElement("i"); pick.className = "pick"; document.querySelector(".ruler .plot").append(pick); document.body.style.userSelect = "none"; }
    pick.style.setProperty("--x", ends[0]); pick.style.setProperty("--e", ends[1]); pick.ends = ends;
  });
  addEventListener("pointerup", () => { if (pick) { const ends = pick.ends; pick.remove(); pick = null; document.body.style.userSelect = ""; zoom(...ends); } start = null; });
  addEventListener("dblclick", (event) => { if (event.target.closest(".field, .ruler")) zoom(0, data.days); });

  // --- what a mark is ------------------------------------------------------------------------------
  const tip = document.getElementById("tip");
  const name = (event) => {
    const mark = event.target.closest?.("[title], [data-tip]");
    if (mark?.title) { mark.dataset.tip = mark.title; if (!mark.getAttribute("aria-label") && mark.matches("a")) mark.setAttribute("aria-label", mark.title); mark.removeAttribute("title"); }
    tip.hidden = !mark?.dataset.tip;
    if (tip.hidden) return;
    tip.textContent = mark.dataset.tip;
    const box = mark.getBoundingClientRect(), x = event.clientX || box.left + box.width / 2, y = event.clientY || box.bottom;
    tip.style.left = `${Math.max(8, Math.min(innerWidth - tip.offsetWidth - 8, x + 12))}px`;
    tip.style.top = `${y + 16 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 10 : y + 16}px`;
  };
  addEventListener("pointerover", name); addEventListener("focusin", name); addEventListener("focusout", () => { tip.hidden = true; }); addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  // --- from a mark to its row ----------------------------------------------------------------------
  function find() {
    const id = decodeURIComponent(location.hash.slice(1)), target = id && document.getElementById(id);
    all(".found").forEach((row) => row.classList.remove("found"));
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target.matches(".wording")) document.getElementById(`f-${[...target.parentElement.querySelectorAll(".wording")].indexOf(target)}`).checked = true;
    if (target.matches("tr")) target.classList.add("found");
    target.scrollIntoView({ block: target.matches("tr") ? "center" : "start" });
  }
  addEventListener("hashchange", find);

  // --- the reasons behind a cell -------------------------------------------------------------------
  const because = document.getElementById("because");
  const ANSWERS = { permitted: "may run", offer_first: "may run only after it was offered first", refused: "may not run", undetermined: "the agreement does not say" };
  function explain(cell) {
    all("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    cell.setAttribute("aria-current", "true");
    const row = cell.closest("tr"), table = cell.closest("table"), column = [...row.cells].indexOf(cell.parentElement);
    const work = table.tHead.rows[0].cells[column].textContent.trim(), host = row.querySelector(".host").firstChild.textContent, version = cell.closest(".sheet").dataset.version;
    const reasons = data.whys[cell.getAttribute("href").slice(5)], head = document.createElement("p");
    head.className = "say"; head.textContent = `Under ${version}, ${work} on ${host}: ${ANSWERS[reasons[0][0]]}.`;
    because.replaceChildren(head, ...reasons.map(([, code, clause, text, where]) => {
      const quote = document.createElement("blockquote"), words = document.createElement("p"), source = document.createElement("small");
      words.textContent = text;
      if (clause) { const link = document.createElement("a"); link.href = `#clause-${clause}`; link.textContent = clause; source.append(link, " · "); }
      source.append([code, where].filter(Boolean).join(" · "));
      quote.append(words, source);
      return quote;
    }));
    if (innerWidth <= 760) because.scrollIntoView({ block: "nearest" });
  }
  all("table.matrix").forEach((table) => {
    const cells = all(".cell", table);
    cells.forEach((cell, n) => { cell.tabIndex = n ? -1 : 0; cell.setAttribute("role", "button"); });
    table.addEventListener("click", (event) => { const cell = event.target.closest(".cell"); if (cell) { event.preventDefault(); explain(cell); } });
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      if (event.key === " " || event.key === "Enter") { event.preventDefault(); return explain(cell); }
      const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] || [0, 0];
      if (!down && !right) return;
      event.preventDefault();
      const rows = [...table.tBodies[0].rows], row = rows.indexOf(cell.closest("tr")) + down, column = [...cell.closest("tr").cells].indexOf(cell.parentElement) + right;
      const next = rows[row]?.cells[column]?.querySelector(".cell");
      if (next) { cell.tabIndex = -1; next.tabIndex = 0; next.focus(); }
    });
  });

  addEventListener("resize", redraw);
  all('input[name="by"]').forEach((input) => input.addEventListener("change", redraw));
  redraw();
  find();
})();
