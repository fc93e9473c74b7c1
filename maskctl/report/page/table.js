// The table of layers: sorted by its headers, filtered, walked through with the arrow keys.

/** Columns: how a layer reads there, and the key by which the worst comes first. */
function columnsOf(measures) {
  const number = (value) => (value === undefined || value === null ? Infinity : toNumber(value));
  return [
    { title: "#", number: true, text: (layer) => String(layer.index), key: (layer) => layer.index },
    { title: "layer", text: (layer) => layer.name, key: (layer) => layer.name },
    { title: "type", text: (layer) => layer.type, key: (layer) => layer.type },
    ...measures.map((measure) => ({
      title: measure.title,
      number: true,
      note: measure.words,
      figures: measure.of,
      text: (layer) => decibels(measure.of(layer)),
      key: (layer) => (measure.of(layer) ? decibelOrder(measure.of(layer)) : Infinity),
    })),
    { title: "cosine", number: true, note: "of graph dB", text: (layer) => cosine(layer.loss?.graphwise), key: (layer) => (decibels(layer.loss?.graphwise) === "NaN" ? -Infinity : number(layer.loss?.graphwise.cosine)) },
    { title: "largest", number: true, note: "largest magnitude in fp32", text: (layer) => (layer.loss ? magnitude(layer.loss.largest) : ""), key: (layer) => -number(layer.loss?.largest ?? -Infinity) },
    { title: "lost", number: true, note: "elements not finite in the lowered network", text: (layer) => (layer.loss?.graphwise.lost ? layer.loss.graphwise.lost.toLocaleString("en") : ""), key: (layer) => -(layer.loss?.graphwise.lost ?? 0) },
    { title: "mask", kind: "mask", text: maskCell, key: (layer) => -2 * Number(layer.proposed !== layer.mask) - Number(layer.proposed > 0) },
    { title: "reason", text: (layer) => layer.loss?.reason ?? (layer.cut ? `not run: ${layer.cut}` : "not measured"), key: (layer) => layer.loss?.reason ?? "~" },
  ];
}

function maskCell(layer) {
  const [mask, words] = [layer.proposed, maskWords(layer)];
  if (mask !== layer.mask) return `${layer.mask} → ${mask} ${words}`.trim();
  return mask ? `${mask} ${words}` : "";
}

class TableView {
  constructor(place, layers, measures, select) {
    this.layers = layers;
    this.select = select;
    this.columns = columnsOf(measures);
    this.sorted = { column: null, up: true };
    this.headers = this.columns.map((column) =>
      html("th", { scope: "col", class: column.number && "number", title: column.note }, html("button", { type: "button", onclick: () => this.sort(column) }, column.title)),
    );
    this.rows = new Map(layers.map((layer) => [layer.index, this.row(layer)]));
    this.body = html("tbody", { onclick: (event) => this.pick(event), onkeydown: (event) => this.key(event) });
    place.replaceChildren(html("table", { class: "layers" }, html("thead", {}, html("tr", {}, ...this.headers)), this.body));
    this.kept = new Set(layers.map((layer) => layer.index));
    this.arrange();
  }

  row(layer) {
    const cells = this.columns.map((column) => {
      const text = column.text(layer);
      const swatch = column.figures && text && html("span", { class: `swatch ${lossClass(column.figures(layer))}`, "aria-hidden": "true" });
      return html("td", { class: column.number ? "number" : column.kind }, swatch, text);
    });
    return html("tr", { "data-index": layer.index, tabindex: "-1", "data-mask": layer.proposed !== layer.mask ? "proposed" : null }, ...cells);
  }

  /** By a column, the worst first; again, the other way round. */
  sort(column) {
    this.sorted = { column, up: this.sorted.column === column ? !this.sorted.up : true };
    this.columns.forEach((other, i) => {
      if (other === column) this.headers[i].setAttribute("aria-sort", this.sorted.up ? "ascending" : "descending");
      else this.headers[i].removeAttribute("aria-sort");
    });
    this.arrange();
  }

  /** Only layers with these words in their cells, and with masks where asked. */
  filter(text, maskedOnly) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = (layer) => {
      const said = this.columns.filter((column) => !column.number).map((column) => column.text(layer)).join(" ").toLowerCase();
      return words.every((word) => said.includes(word)) && (!maskedOnly || layer.proposed > 0 || layer.mask > 0);
    };
    this.kept = new Set(this.layers.filter(wanted).map((layer) => layer.index));
    this.arrange();
    return this.kept;
  }

  arrange() {
    const { column, up } = this.sorted;
    const key = column ? column.key : (layer) => layer.rank;
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const shown = this.layers.filter((layer) => this.kept.has(layer.index));
    shown.sort((a, b) => (up ? 1 : -1) * order(key(a), key(b)) || a.rank - b.rank || a.index - b.index);
    this.body.replaceChildren(...shown.map((layer) => this.rows.get(layer.index)));
    if (!this.body.querySelector("[tabindex='0']")) this.body.firstElementChild?.setAttribute("tabindex", "0");
  }

  show(index, focus) {
    for (const row of this.rows.values()) {
      row.removeAttribute("aria-current");
      row.setAttribute("tabindex", "-1");
    }
    const row = this.rows.get(index);
    row.setAttribute("aria-current", "true");
    row.setAttribute("tabindex", "0");
    if (!row.isConnected) return;
    if (focus) row.focus({ preventScroll: true });
    const scroller = row.closest(".scroll");
    const [frame, place] = [scroller.getBoundingClientRect(), row.getBoundingClientRect()];
    const head = this.headers[0].offsetHeight;
    if (place.top < frame.top + head) scroller.scrollTop -= frame.top + head - place.top;
    else if (place.bottom > frame.bottom) scroller.scrollTop += place.bottom - frame.bottom;
  }

  pick(event) {
    const row = event.target.closest("tr");
    if (row) this.select(Number(row.dataset.index), "table");
  }

  key(event) {
    const row = event.target.closest("tr");
    const to = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: this.body.firstElementChild, End: this.body.lastElementChild, Enter: row, " ": row }[event.key];
    if (!to) return;
    event.preventDefault();
    this.select(Number(to.dataset.index), "table");
  }
}
