// Charts: histograms by powers of two, SQNR along the network, cost against accuracy.

/** A magnitude's power of two as text with a raised exponent. */
function power(exponent) {
  return `2${[...String(exponent)].map((sign) => ({ "-": "⁻" }[sign] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("")}`;
}

/** Ends of an axis of exponents that holds these histograms and the limits of the format. */
function exponents(histograms, limits) {
  const held = histograms.filter((histogram) => histogram.counts.length);
  return [
    Math.min(...limits, ...held.map((histogram) => histogram.first)) - 1,
    Math.max(...limits, ...held.map((histogram) => histogram.first + histogram.counts.length)) + 1,
  ];
}

/** Counts by power of two: one histogram as bars, a second as an outline; marks are exponents with a word. */
function histogram(title, bars, outline, marks, said) {
  const [width, height, base] = [420, 122, 96];
  const [from, to] = exponents([bars, outline].filter(Boolean), marks.map((mark) => mark.at));
  const x = (exponent) => 6 + ((width - 12) * (exponent - from)) / (to - from);
  const most = Math.log10(1 + Math.max(1, ...bars.counts, ...(outline?.counts ?? [])));
  const y = (count) => base - ((base - 20) * Math.log10(1 + count)) / most;
  const heights = (histogram) => histogram.counts.map((count, i) => [histogram.first + i, count]);
  const steps = outline && heights(outline).map(([at, count]) => `L${x(at)} ${y(count)}L${x(at + 1)} ${y(count)}`).join("");
  const ticks = [];
  for (let at = Math.ceil(from / 8) * 8; at <= to; at += 8) ticks.push(svg("text", { class: "tick", x: x(at), y: base + 14 }, power(at)));
  return svg(
    "svg",
    { class: "histogram", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${said}` },
    ...heights(bars).map(([at, count]) => svg("rect", { class: "bar", x: x(at), y: y(count), width: Math.max(1, x(at + 1) - x(at) - 1), height: base - y(count) }, svg("title", {}, `${power(at)} to ${power(at + 1)}: ${count.toLocaleString("en")}`))),
    steps ? svg("path", { class: "outline", d: `M${x(outline.first)} ${base}${steps}L${x(outline.first + outline.counts.length)} ${base}` }) : null,
    svg("line", { class: "axis", x1: 0, x2: width, y1: base, y2: base }),
    ...marks.flatMap((mark) => [
      svg("line", { class: "limit", x1: x(mark.at), x2: x(mark.at), y1: 14, y2: base }),
      svg("text", { class: "limit-text", x: x(mark.at), y: 10, "data-end": mark.end }, mark.word),
    ]),
    ...ticks,
  );
}

/** The limits of a format as marks of a histogram; the largest number is a hair below its power of two. */
function limitsOf(format) {
  const exponent = (value) => Math.round(Math.log2(value));
  return [
    { at: exponent(format.smallest), word: "smallest", end: "start" },
    { at: exponent(format.smallest_normal), word: "normal", end: "start" },
    { at: exponent(format.largest), word: magnitude(format.largest), end: "end" },
  ].filter((mark) => Math.abs(mark.at) < 64);
}

/** Numbers in round steps from one to another, some five of them. */
function rounded(from, to) {
  const rough = (to - from) / 5 || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * unit >= rough) * unit;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to + step / 1e6; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}

/** SQNR by layer in file order, before and after; what is lost stands on a line of its own at the bottom, what is exact at the top. */
class DepthChart {
  constructor(place, layers, goal, select) {
    const changed = layers.some((layer) => layer.after);
    this.place = place;
    this.layers = layers.filter((layer) => layer.loss);
    this.goal = toNumber(goal);
    this.series = [
      { name: changed ? "before" : "as it is", class: changed ? "before" : "after", of: (layer) => layer.loss.graphwise },
      ...(changed ? [{ name: "with the masks", class: "after", of: (layer) => layer.after }] : []),
    ];
    this.select = select;
    new ResizeObserver(() => this.width !== place.clientWidth && this.draw()).observe(place);
    addEventListener("beforeprint", () => this.draw(680));
    this.draw();
  }

  draw(width = this.place.clientWidth || 900) {
    this.width = width;
    const [height, left, top, bottom] = [268, 56, 26, 210];
    const values = this.layers.flatMap((layer) => this.series.map((series) => toNumber((series.of(layer) ?? { sqnr_db: "nan" }).sqnr_db)));
    const finite = [...values, this.goal].filter(Number.isFinite);
    const [low, high] = finite.length ? [Math.floor(Math.min(...finite) / 10) * 10, Math.ceil(Math.max(...finite) / 10) * 10 || 10] : [0, 100];
    this.x = (i) => left + ((width - left - 16) * (i + 0.5)) / this.layers.length;
    const y = (value) => (Number.isNaN(value) ? bottom + 18 : value === Infinity ? top - 12 : bottom - ((bottom - top) * (Math.max(low, value) - low)) / (high - low || 1));
    const grid = rounded(low, high).flatMap((at) => [svg("line", { class: "grid", x1: left, x2: width, y1: y(at), y2: y(at) }), svg("text", { class: "tick y", x: left - 8, y: y(at) + 4 }, `${at} dB`)]);
    const rows = [[NaN, "NaN"], [Infinity, "exact"]].filter(([value]) => values.some((other) => Object.is(other, value)));
    const words = rows.map(([value, word]) => svg("text", { class: "tick y", x: left - 8, y: y(value) + 4 }, word));
    const goal = Number.isFinite(this.goal) ? [svg("line", { class: "goal", x1: left, x2: width, y1: y(this.goal), y2: y(this.goal) }), svg("text", { class: "goal-text", x: width - 4, y: y(this.goal) - 4 }, `goal ${this.goal} dB`)] : [];
    this.mark = svg("line", { class: "mark", y1: top - 16, y2: bottom + 24 });
    this.place.replaceChildren(
      svg("svg", { width, height, role: "img", "aria-label": "SQNR of each layer in file order" }, ...grid, ...words, ...goal, this.mark, ...this.series.map((series) => this.curve(series, y)), ...this.numbers(height - 6)),
      html("p", { class: "keys" }, ...this.series.flatMap((series) => [html("span", { class: `key ${series.class}`, "aria-hidden": "true" }), `${series.name} `])),
    );
    this.show(this.index);
  }

  numbers(y) {
    return rounded(0, this.layers.length - 1).filter(Number.isInteger).filter((i) => this.layers[i]).map((i) => svg("text", { class: "tick", x: this.x(i), y }, `#${this.layers[i].index}`));
  }

  curve(series, y) {
    const value = (layer) => toNumber((series.of(layer) ?? { sqnr_db: "nan" }).sqnr_db);
    let open = false;
    const path = this.layers.map((layer, i) => {
      const joined = open;
      open = Number.isFinite(value(layer));
      return open ? `${joined ? "L" : "M"}${this.x(i)} ${y(value(layer))}` : "";
    });
    const dots = this.layers.map((layer, i) =>
      series.of(layer) && svg("circle", { class: Number.isNaN(value(layer)) ? "lost" : null, cx: this.x(i), cy: y(value(layer)), r: this.layers.length > 300 ? 1.5 : 2.5, onclick: () => this.select(layer.index, "depth") }, svg("title", {}, `#${layer.index} ${layer.name}, ${series.name}: ${decibels(series.of(layer))}`)),
    );
    return svg("g", { class: `curve ${series.class}` }, svg("path", { d: path.join("") }), ...dots);
  }

  show(index) {
    this.index = index;
    const place = this.layers.findIndex((layer) => layer.index === index);
    this.mark.toggleAttribute("hidden", place < 0);
    this.mark.setAttribute("visibility", place < 0 ? "hidden" : "visible");
    for (const end of ["x1", "x2"]) this.mark.setAttribute(end, place < 0 ? 0 : this.x(place));
  }
}

/** The front: time added against the SQNR of the worst output; exact points stand on a line of their own, lost ones only in the table. */
function paretoChart(points, share) {
  const [width, height, left, top, bottom] = [720, 256, 56, 32, 208];
  const shown = points.map((point) => ({ ...point, db: toNumber(point.worst_sqnr_db), cost: toNumber(point.added_us) })).filter((point) => !Number.isNaN(point.db));
  if (!shown.length) return html("p", {}, "No set of masks keeps every output finite.");
  const finite = shown.map((point) => point.db).filter(Number.isFinite);
  const [most, low, high] = [Math.max(...shown.map((point) => point.cost)) || 1, Math.floor(Math.min(...finite, 100) / 10) * 10, Math.ceil(Math.max(...finite, 10) / 10) * 10];
  const x = (cost) => left + 8 + ((width - left - 32) * cost) / most;
  const y = (db) => (db === Infinity ? top - 14 : bottom - ((bottom - top) * (db - low)) / (high - low || 1));
  const said = (point) => `${masksText(point.masks.map((change) => change.mask))}: ${share(point.cost)}, ${decibels({ sqnr_db: point.worst_sqnr_db })}`;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "pareto", role: "img", "aria-label": "Cost against accuracy" },
    ...rounded(low, high).flatMap((at) => [svg("line", { class: "grid", x1: left, x2: width, y1: y(at), y2: y(at) }), svg("text", { class: "tick y", x: left - 8, y: y(at) + 4 }, `${at} dB`)]),
    finite.length < shown.length ? svg("text", { class: "tick y", x: left - 8, y: y(Infinity) + 4 }, "exact") : null,
    ...shown.map((point) => svg("text", { class: "tick", x: x(point.cost), y: bottom + 18 }, share(point.cost))).filter((_, i) => !i || x(shown[i].cost) - x(shown[i - 1].cost) > 48),
    svg("text", { class: "tick", x: (left + width) / 2, y: bottom + 40 }, "time added"),
    svg("g", { class: "curve after" }, svg("path", { d: shown.map((point, i) => `${i ? "L" : "M"}${x(point.cost)} ${y(point.db)}`).join("") }), ...shown.map((point) => svg("circle", { cx: x(point.cost), cy: y(point.db), r: 4 }, svg("title", {}, said(point))))),
  );
}
