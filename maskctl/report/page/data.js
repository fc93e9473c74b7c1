// What the page shows: the document of the analysis, joined by layer, and its numbers as people read them.

/** The packed document and drawing of this page. */
async function unpack() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/** A number of the document; those that JSON cannot hold are strings there. */
function toNumber(value) {
  return { nan: NaN, inf: Infinity, "-inf": -Infinity }[value] ?? value;
}

/** The layers in file order, each with what it is, the mask it ends with and, where it was measured, its losses and its rank; `after` only with a proposal. */
function joinLayers(report) {
  const masks = new Map(report.masks.map((change) => [change.index, change.proposed]));
  const losses = new Map(report.layers.map((loss, rank) => [loss.index, { loss, rank }]));
  const fences = new Set((report.fences ?? []).map((fence) => fence.index));
  const joined = (layer) => ({ ...layer, proposed: masks.get(layer.index) ?? layer.mask, put_in: fences.has(layer.index), loss: null, rank: Infinity, ...losses.get(layer.index), after: report.masks.length ? layer.after : null });
  return report.network.map(joined);
}

/** Figures at several outputs as those of the worst of them: one with lost elements, else the lowest SQNR. */
function worstOf(effect) {
  const all = Object.values(effect ?? {});
  return all.sort((a, b) => decibelOrder(a) - decibelOrder(b))[0] ?? null;
}

/** A key that sorts figures from the worst to the best; NaN is the worst. */
function decibelOrder(figures) {
  const value = toNumber(figures.sqnr_db);
  return Number.isNaN(value) ? -Infinity : value;
}

/** Ways to look at a layer's loss: those the document has figures for. */
function measuresOf(layers) {
  const all = [
    { key: "layerwise", title: "layer dB", words: "this layer alone lowered", of: (layer) => layer.loss?.layerwise },
    { key: "graphwise", title: "graph dB", words: "everything lowered, read here", of: (layer) => layer.loss?.graphwise },
    { key: "after", title: "after dB", words: "the same with the proposed masks", of: (layer) => layer.after },
    { key: "alone", title: "alone dB", words: "this layer lowered, read at the outputs", of: (layer) => worstOf(layer.loss?.alone?.whole) },
    { key: "without", title: "without dB", words: "all but this lowered, read at the outputs", of: (layer) => worstOf(layer.loss?.leave_one_out) },
  ];
  return all.filter((measure) => layers.some((layer) => measure.of(layer)));
}

function decibels(figures) {
  if (!figures) return "";
  const value = toNumber(figures.sqnr_db);
  return Number.isNaN(value) ? "NaN" : value === Infinity ? "exact" : value.toFixed(1);
}

/** A cosine with six decimals, or two behind its nines; never rounded up to 1. */
function cosine(figures) {
  if (!figures) return "";
  const value = toNumber(figures.cosine);
  if (Number.isNaN(value)) return "NaN";
  if (value === 1) return "1";
  if (value <= 0.999999) return (Math.floor(value * 1e6) / 1e6).toFixed(6);
  const decimals = String(value).slice(2);
  return `0.${decimals.slice(0, Math.min(decimals.search(/[^9]|$/) + 2, 12))}`;
}

function magnitude(value) {
  const number = toNumber(value);
  if (!Number.isFinite(number)) return String(number);
  const size = Math.abs(number);
  if (size >= 999.95 && size <= 1e9) return Math.round(number).toLocaleString("en");
  return String(Number(number.toPrecision(4)));
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A mask as the file has it, "" for none. */
function maskToken(mask) {
  return mask ? `31=${mask}` : "";
}

/** The words of the mask that a layer ends with, "" for none. */
function maskWords(layer) {
  if (!layer.proposed) return "";
  return layer.loss?.proposed_words ?? layer.bits.filter((found) => found.bit & layer.proposed).map((found) => found.word).join(",");
}

/** How many masks are put in, and how many of the file's own go, told from what each becomes. */
function masksText(masks) {
  const put = masks.filter((mask) => mask > 0).length;
  const gone = masks.length - put;
  if (!gone) return counted(put, "mask");
  return put ? `${counted(put, "mask")} and ${gone} taken away` : `${counted(gone, "mask")} taken away`;
}

function shapeText(layer) {
  return (layer.shapes ?? []).map((shape) => shape.join("×")).filter((text, i, all) => all.indexOf(text) === i).join(", ");
}

/** An HTML element; attributes that are false or null are left out, and text stays text. */
function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element. */
function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const byId = (id) => document.getElementById(id);
