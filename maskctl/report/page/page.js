// Puts the page together: one selection that all its parts show.

function subtitle(report) {
  const without = report.without.length ? `, without ${report.without.join(", ")}` : "";
  const synthetic = report.samples.synthetic ? ` of seeded noise (seed ${report.samples.seed}): indicative only` : "";
  return `${report.precision} on ${report.target}${without} · ${counted(report.samples.count, "sample")}${synthetic} · ${counted(report.network.length, "layer")}`;
}

function verdict(report) {
  const words = { cosine: (value) => `cosine ${value}`, sqnr_db: (value) => `SQNR ${value} dB` };
  const targets = Object.entries(report.goal).map(([name, value]) => (words[name] ?? ((other) => `${name} ${other}`))(value));
  if (report.check) targets.push(report.check.by_status ? "exit status 0 of the check" : `the check's ${report.check.target}`);
  const goal = targets.join(" and ");
  const reaches = goal ? `reaches ${goal}` : "is finite";
  const missed = goal ? `${goal} is out of reach` : "finite values are out of reach";
  const masks = masksText(report.masks.map((change) => change.proposed));
  if (report.interrupted) return `The search for masks was interrupted; the best of what was tried takes ${masks} and ${report.reached ? reaches : `misses ${goal || "finite values"}`}.`;
  if (report.reached) return report.masks.length ? `With ${masks} every output ${reaches}.` : `Every output ${reaches} as the model is: nothing to propose.`;
  return report.masks.length ? `${missed}; the best found takes ${masks}.` : `${missed}: no mask the engine honours helps.`;
}

/** What the user's own check says of the outputs, "" without one. */
function checkText({ check, masks }) {
  const said = (score) => (check.by_status ? (toNumber(score) >= 1 ? "passed" : "failed") : String(Number(toNumber(score).toPrecision(6))));
  if (!check) return "";
  return masks.length && check.after !== null ? `Check: ${said(check.before)} before, ${said(check.after)} after.` : `Check: ${said(check.before)}.`;
}

/** Microseconds as a share of the network's time. */
function shareOf(cost) {
  return (us) => `${((100 * us) / toNumber(cost.total_us)).toFixed(1)} %`;
}

/** What the proposal costs, what it puts in, and what keeps the goal out of reach; nothing where there is nothing to say. */
function priceLines(report) {
  const { cost, fences = [], limits = [] } = report;
  const [they, s] = report.masks.length === 1 ? ["It", "s"] : ["They", ""];
  const verb = (us) => (us < 0 ? `save${s} ${shareOf(cost)(-us)} of` : `add${s} ${shareOf(cost)(us)} to`);
  const holds = report.masks.some((change) => change.proposed > 0) ? `; masked layers hold ${(100 * cost.share_of_macs).toFixed(1)} % of the multiply-adds` : "";
  const adds = cost && report.masks.length ? `${they} ${verb(toNumber(cost.added_us))} the network’s time (${cost.measured ? "measured" : "estimated"})${holds}.` : "";
  const puts = fences.length ? `Layers put in that cast to 32 bits: ${fences.map((fence) => `#${fence.index} ${fence.name}`).join(", ")}.` : "";
  return [adds, puts, ...limits.map((limit) => `Limited by #${limit.index} ${limit.name} (${limit.type}): ${limit.why}.`)].filter(Boolean);
}

function outputsTable(report) {
  const cell = (text) => html("td", { class: "number" }, text);
  const changed = report.masks.length > 0;
  const words = changed ? ["dB before", "dB after", "cosine before", "cosine after"] : ["dB", "cosine"];
  const head = words.map((word) => html("th", { scope: "col", class: "number" }, word));
  const figures = ({ before, after }) => [decibels, cosine].flatMap((text) => (changed ? [text(before), text(after)] : [text(before)]));
  const rows = report.outputs.map((output) => html("tr", {}, html("th", { scope: "row" }, output.blob), ...figures(output).map(cell)));
  return html("table", {}, html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "output"), ...head)), html("tbody", {}, ...rows));
}

function legend() {
  const colours = CLASSES.map(([name, words]) => html("li", {}, html("span", { class: `swatch ${name}`, "aria-hidden": "true" }), words));
  const marks = [["proposed", "31=1", "mask proposed"], ["kept", "31=1", "mask of the file"]].map(([kind, token, words]) => html("li", {}, html("span", { class: `pill-sample ${kind}` }, token), words));
  return [...colours, ...marks];
}

function diffView(report) {
  if (!report.diff) return html("p", {}, "Nothing changes.");
  const kind = (line) => (/^(---|\+\+\+)/.test(line) ? "file" : { "+": "added", "-": "removed", "@": "hunk" }[line[0]]);
  const lines = report.diff.replace(/\n$/, "").split("\n");
  return html("pre", { class: "diff", tabindex: "0" }, ...lines.map((line) => html("span", { class: kind(line) }, `${line}\n`)));
}

function showPareto(report) {
  const points = report.pareto ?? [];
  if (!points.length) return;
  byId("pareto").hidden = false;
  const share = shareOf(report.cost);
  byId("pareto-chart").replaceChildren(paretoChart(points, share));
  const cell = (text) => html("td", { class: "number" }, text);
  const head = ["time added", "worst dB", "worst cosine", "masks"].map((word) => html("th", { scope: "col", class: "number" }, word));
  const rows = points.map((point) => html("tr", {}, cell(share(toNumber(point.added_us))), cell(decibels({ sqnr_db: point.worst_sqnr_db })), cell(cosine({ cosine: point.worst_cosine })), cell(String(point.masks.filter((change) => change.mask > 0).length))));
  byId("pareto-table").replaceChildren(html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows)));
}

function fillTexts(report) {
  byId("subtitle").textContent = subtitle(report);
  byId("verdict").textContent = verdict(report);
  byId("verdict").classList.add(report.reached ? "reached" : "missed");
  byId("price").replaceChildren(...priceLines(report).map((line) => html("li", {}, line)));
  byId("outputs-table").replaceChildren(outputsTable(report));
  byId("check").textContent = checkText(report);
  byId("legend").replaceChildren(...legend());
  byId("diff").replaceChildren(diffView(report));
  byId("made").textContent = `maskctl ${report.version}`;
  showPareto(report);
}

/** The tools above the graph and the table. */
function wire(graph, table, measures) {
  const choice = byId("measure");
  choice.replaceChildren(...measures.map((measure) => html("option", { value: measure.key }, `${measure.title}: ${measure.words}`)));
  choice.addEventListener("change", () => graph.colour(measures.find((measure) => measure.key === choice.value)));
  byId("zoom-in").addEventListener("click", () => graph.zoom(1.4));
  byId("zoom-out").addEventListener("click", () => graph.zoom(1 / 1.4));
  byId("zoom-fit").addEventListener("click", () => graph.fit());
  const filter = () => {
    const kept = table.filter(byId("filter").value, byId("masked").checked);
    graph.dim(kept);
    byId("count").textContent = `${kept.size.toLocaleString("en")} of ${table.layers.length.toLocaleString("en")}`;
  };
  byId("filter").addEventListener("input", filter);
  byId("masked").addEventListener("change", filter);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, select")) return;
    event.preventDefault();
    byId("filter").focus();
  });
  filter();
}

async function start() {
  const { report, drawing } = await unpack();
  const layers = joinLayers(report);
  const measures = measuresOf(layers);
  const parts = [];
  const select = (index, from) => {
    const layer = layers[index];
    byId("story").replaceChildren(...story(layer, layers, report, select));
    byId("story").scrollTop = 0;
    for (const [name, part] of parts) part.show(index, name === from);
    document.documentElement.dataset.selected = index;
  };
  fillTexts(report);
  const graph = new GraphView(byId("graph"), drawing, layers, select);
  const table = new TableView(byId("layers-table"), layers, measures, select);
  const depth = new DepthChart(byId("depth-chart"), layers, report.goal.sqnr_db, select);
  parts.push(["graph", graph], ["table", table], ["depth", depth]);
  graph.colour(measures[0]);
  wire(graph, table, measures);
  if (layers.length) select(report.layers[0]?.index ?? 0, "start");
  document.documentElement.dataset.ready = "true";
}

await start();
