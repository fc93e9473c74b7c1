// The story of one layer: what it is, what it loses and why, what its blobs hold, what each mask bit would do.

/** Every loss that the document has of a layer, with its name. */
function lossesOf(layer, words) {
  const at = (key) => key.split(".").reduce((part, name) => part?.[name], layer.loss) ?? layer[key];
  const named = Object.entries(words).map(([key, name]) => [name, at(key)]);
  const alone = Object.entries(layer.loss?.alone ?? {}).map(([kind, effect]) => [`${kind}, read at the worst output`, worstOf(effect)]);
  const without = ["all but this lowered, read at the worst output", worstOf(layer.loss?.leave_one_out)];
  return [...named, ...alone, without].filter(([, figures]) => figures);
}

function costText(layer) {
  if (layer.macs === null) return "not known";
  if (!layer.macs) return "none";
  return `${layer.macs.toLocaleString("en")} (${(100 * layer.share_of_macs).toFixed(1)} % of the network)`;
}

function termsOf(layer) {
  const mask = layer.proposed;
  return [
    ["mask", mask === layer.mask ? maskCell(layer) || "none" : `${maskCell(layer)} (proposed)`],
    ["because", layer.bits.filter((found) => found.bit & mask & ~layer.mask).map((found) => `${found.bit}: ${found.effect}`).join("; ")],
    ["why it loses", layer.loss?.reason ?? (layer.cut ? `not run: ${layer.cut}` : layer.type === "Input" ? "an input: nothing to lose" : "not measured: its rows depend on what it finds")],
    ["evidence", (layer.loss?.evidence ?? []).map((found) => found.words).join("; ")],
    ["kernel", layer.type === "Input" ? null : layer.kernel_words],
    ["formats", layer.type === "Input" ? null : layer.formats_words],
    ["shape", shapeText(layer) || "not known"],
    ["multiply-adds", costText(layer)],
  ].filter(([, text]) => text);
}

/** The layers before and behind, to go to. */
function neighbours(layer, all, select) {
  const producer = all.filter((other) => other.tops.some((top) => layer.bottoms.includes(top)));
  const readers = all.filter((other) => other.bottoms.some((bottom) => layer.tops.includes(bottom)));
  const button = (other) => html("button", { type: "button", class: "link", onclick: () => select(other.index, "story") }, `#${other.index} ${other.name}`);
  const list = (word, found) => (found.length ? [html("dt", {}, word), html("dd", { class: "links" }, ...found.map(button))] : []);
  return [...list("reads", producer), ...list("read by", readers)];
}

function lossTable(layer, words) {
  const rows = lossesOf(layer, words);
  if (!rows.length) return null;
  const cell = (text) => html("td", { class: "number" }, text);
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "loss"), ...["dB", "cosine", "lost"].map((word) => html("th", { scope: "col", class: "number" }, word)))),
    html("tbody", {}, ...rows.map(([name, figures]) => html("tr", {}, html("th", { scope: "row" }, html("span", { class: `swatch ${lossClass(figures)}`, "aria-hidden": "true" }), name), cell(decibels(figures)), cell(cosine(figures)), cell(figures.lost ? figures.lost.toLocaleString("en") : "")))),
  );
}

function valueText(values, format) {
  if (!Number.isFinite(toNumber(values.smallest))) return "nothing finite";
  const parts = [`${magnitude(values.smallest)} to ${magnitude(values.largest)}`];
  const said = (count, words) => count && parts.push(`${count.toLocaleString("en")} ${words}`);
  said(values.above, `beyond ${format.name}’s ${magnitude(format.largest)}`);
  said(values.subnormal, "subnormal");
  said(values.flushed, "below its smallest");
  said(values.magnitudes.zeros, "zero");
  said(values.magnitudes.not_finite, "not finite");
  return parts.join("; ");
}

function distributions(layer, format) {
  if (!layer.values) return [];
  const said = valueText(layer.values, format);
  const found = [html("h4", {}, "Values in fp32"), histogram("Magnitudes", layer.values.magnitudes, null, limitsOf(format), said), html("p", { class: "hint" }, said)];
  if (!layer.errors) return found;
  const { before, after } = layer.errors;
  const zeros = `${before.zeros.toLocaleString("en")} without error${after.zeros === before.zeros ? "" : `, ${after.zeros.toLocaleString("en")} with the masks`}`;
  const lost = before.not_finite + after.not_finite ? `; ${before.not_finite.toLocaleString("en")} not finite, ${after.not_finite.toLocaleString("en")} with the masks` : "";
  const same = JSON.stringify(before) === JSON.stringify(after);
  return [
    ...found,
    html("h4", {}, "Errors in the lowered network"),
    histogram("Errors", before, same ? null : after, [], zeros + lost),
    html("p", { class: "hint" }, `${zeros}${lost}. ${same ? "" : "Bars: before; outline: with the masks. "}Counts by power of two, on a logarithmic scale.`),
  ];
}

function bitTable(layer) {
  if (!layer.bits.length) return [];
  const mark = (found) => (found.honoured ? (found.is_set ? "set" : "") : "unsafe");
  return [
    html("h4", {}, "What each mask bit does here"),
    html("table", { class: "bits" }, html("tbody", {}, ...layer.bits.map((found) => html("tr", { class: !found.honoured ? "unsafe" : found.changes ? null : "idle" }, html("th", { scope: "row", class: "number" }, String(found.bit)), html("td", {}, found.word), html("td", {}, [mark(found), found.effect].filter(Boolean).join(": ")))))),
  ];
}

/** Everything about one layer. */
function story(layer, all, report, select) {
  const terms = termsOf(layer).flatMap(([word, text]) => [html("dt", {}, word), html("dd", {}, text)]);
  return [
    html("h3", {}, `#${layer.index} ${layer.name} `, html("small", {}, layer.type)),
    html("dl", {}, ...terms, ...neighbours(layer, all, select)),
    lossTable(layer, report.losses),
    ...distributions(layer, report.format),
    ...bitTable(layer),
    html("pre", { class: "line" }, layer.line),
  ].filter(Boolean);
}
