// Tables that can be sorted and filtered. Without this script a page shows the same, in the order of its files.
"use strict";
(() => {
  const FILTER_FROM = 10; // rows from which on looking takes longer than typing
  const units = { k: 1e3, M: 1e6, bn: 1e9, 万: 1e4, 亿: 1e8, "%": 0.01 };
  // What the script says: the page has it in its own language.
  const says = (name, given = {}) =>
    document.body.dataset[name].replace(/\{(\w+)\}/g, (place, key) => given[key] ?? place);
  const inOrder = new Intl.Collator(document.documentElement.lang, { numeric: true });

  // "1,234 USD", "< 0.1 %", "12.3%", "-1.2 M", "3.4 万" as numbers; dates and words stay texts, an empty cell is null.
  const valueOf = (cell) => {
    const text = cell ? (cell.dataset.sort ?? cell.textContent).trim() : "";
    if (text === "") return null;
    const number = /^[<+]? ?([-−]?[\d,]*\.?\d+)(?: ?(k|M|bn|万|亿|%))?(?= |$)/.exec(text);
    if (!number) return text;
    return parseFloat(number[1].replace(/,/g, "").replace("−", "-")) * (units[number[2]] ?? 1);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : inOrder.compare(String(a), String(b));

  const make = (name, properties) => Object.assign(document.createElement(name), properties);

  const sortable = (table, rows) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.textContent.trim() === "") return;
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numbers = rows.some((row) => typeof valueOf(row.cells[column]) === "number");
        // Numbers begin with the largest, words with the first; the third click restores the page's order.
        const turns = numbers ? ["descending", "ascending", null] : ["ascending", "descending", null];
        const turn = turns[(turns.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (turn) head.setAttribute("aria-sort", turn);
        const keyed = rows.map((row) => [valueOf(row.cells[column]), row]);
        if (turn) {
          const way = turn === "ascending" ? 1 : -1;
          keyed.sort(([a], [b]) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : way * compare(a, b)));
        }
        body.append(...keyed.map(([, row]) => row));
      });
    });
  };

  const filterable = (table, rows) => {
    const what = table.caption ? table.caption.textContent.trim() : says("table");
    const field = make("input", { type: "search", placeholder: says("filter") });
    field.setAttribute("aria-label", says("filters", { what }));
    const found = make("span", { role: "status" });
    const bar = make("p", { className: "filter" });
    bar.append(field, found);
    (table.closest(".scroll") ?? table).before(bar);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      found.textContent = field.value ? says("shown", { n: shown, all: rows.length }) : "";
    });
  };

  for (const table of document.querySelectorAll("table")) {
    if (!table.tHead || table.tHead.rows.length !== 1 || table.tBodies.length !== 1) continue;
    const rows = [...table.tBodies[0].rows];
    // Cells that span rows or columns say something by where they stand.
    if (rows.length < 3 || table.matches(".heat") || table.querySelector("[rowspan], [colspan]")) continue;
    sortable(table, rows);
    if (rows.length >= FILTER_FROM) filterable(table, rows);
  }
})();
