// The drawn network: boxes and lines where the drawing has them, coloured by loss, to zoom, move and walk in.

const STEPS = [30, 40, 50, 60, 70];
const CLASSES = [
  ["lost", "NaN: elements lost"],
  ["step-0", "below 30 dB"],
  ...STEPS.slice(0, -1).map((from, i) => [`step-${i + 1}`, `${from} to ${STEPS[i + 1]}`]),
  ["step-5", "70 dB or more"],
  ["exact", "exact"],
  ["unmeasured", "not measured"],
];
const [NAME_WIDTH, TYPE_WIDTH] = [21, 15];
const READABLE = 0.42;

/** The class of a colour. */
function lossClass(figures) {
  if (!figures) return "unmeasured";
  const value = toNumber(figures.sqnr_db);
  if (Number.isNaN(value)) return "lost";
  return value === Infinity ? "exact" : `step-${STEPS.filter((step) => value >= step).length}`;
}

/** How wide a character is about, in small letters. */
function charWidth(character) {
  if (character >= "\u2e80") return 2;
  return /[mwMW@%]/.test(character) ? 1.7 : /[A-Z]/.test(character) ? 1.2 : 1;
}

/** A text that is too wide for its place: its beginning and its end. */
function shortened(text, most) {
  const characters = [...text];
  const width = (some) => some.reduce((sum, character) => sum + charWidth(character), 0);
  if (width(characters) <= most) return text;
  const [head, tail] = [[], []];
  while (width([...head, ...tail]) + 2 < most) {
    if (head.length > tail.length) tail.unshift(characters[characters.length - 1 - tail.length]);
    else head.push(characters[head.length]);
  }
  return `${head.join("")}…${tail.join("")}`;
}

/** A line: straight down, in a curve to another place, or along a lane. */
function linePath(points) {
  return points
    .map(([x, y], i) => {
      if (!i) return `M${x} ${y}`;
      const [left, top] = points[i - 1];
      if (left === x || top === y) return `L${x} ${y}`;
      const middle = (top + y) / 2;
      return `C${left} ${middle} ${x} ${middle} ${x} ${y}`;
    })
    .join("");
}

class GraphView {
  constructor(place, drawing, layers, select) {
    this.drawing = drawing;
    this.layers = layers;
    this.select = select;
    this.boxes = layers.map((layer) => this.box(layer));
    const lines = drawing.lines.map((line) => svg("path", { d: linePath(line.points), "data-from": line.from, "data-to": line.to }));
    this.lines = lines;
    this.moved = svg("g", {}, svg("g", { class: "lines" }, ...lines), svg("g", {}, ...this.boxes));
    this.svg = svg("svg", { role: "group", "aria-label": "Graph of the network", tabindex: "0" }, this.moved);
    place.replaceChildren(this.svg);
    this.touched = false;
    this.listen(place);
    this.fit();
  }

  box(layer) {
    const [x, y] = this.drawing.boxes[layer.index];
    const { box_width: width, box_height: height } = this.drawing;
    const mask = layer.proposed;
    const changed = mask !== layer.mask;
    const token = maskToken(mask) || (changed ? "31=0" : "");
    const pill = token && [
      svg("rect", { class: "pill", x: width - 8 * token.length, y: -8, width: 8 * token.length + 4, height: 16, rx: 8 }),
      svg("text", { class: "pill-text", x: width - 4 * token.length + 2, y: 4 }, token),
    ];
    return svg(
      "g",
      { class: "layer", transform: `translate(${x} ${y})`, tabindex: "-1", role: "button", "data-index": layer.index, "data-mask": changed ? "proposed" : mask ? "kept" : null },
      svg("title", {}, `#${layer.index} ${layer.name} (${layer.type})`),
      svg("rect", { class: "body", width, height, rx: 4 }),
      svg("text", { class: "name", x: 8, y: 14 }, shortened(layer.name, NAME_WIDTH)),
      svg("text", { class: "type", x: 8, y: 27 }, shortened(layer.put_in ? `${layer.type}, put in` : layer.type, TYPE_WIDTH)),
      svg("text", { class: "figure", x: width - 8, y: 27 }),
      ...(pill || []),
    );
  }

  /** Colours the boxes and says the figure on each. */
  colour(measure) {
    this.layers.forEach((layer, i) => {
      const box = this.boxes[i];
      const figures = measure?.of(layer);
      box.setAttribute("class", `layer ${lossClass(figures)}`);
      box.querySelector(".figure").textContent = decibels(figures) && (decibels(figures) + (/^[-\d]/.test(decibels(figures)) ? " dB" : ""));
      const mask = layer.proposed;
      const change = mask ? `, mask ${mask} proposed` : `, mask ${layer.mask} taken away`;
      const marked = mask !== layer.mask ? change : mask ? `, mask ${mask}` : "";
      box.setAttribute("aria-label", `#${layer.index} ${layer.name}, ${layer.type}, ${decibels(figures) || "not measured"}${marked}`);
    });
  }

  /** Marks the selected box and its lines; brings it into view where it is outside, and into focus if asked. */
  show(index, focus) {
    this.selected?.removeAttribute("aria-current");
    this.selected?.setAttribute("tabindex", "-1");
    this.selected = this.boxes[index];
    this.selected.setAttribute("aria-current", "true");
    this.selected.setAttribute("tabindex", "0");
    for (const line of this.lines) line.classList.toggle("near", [line.dataset.from, line.dataset.to].includes(String(index)));
    if (focus) this.selected.focus({ preventScroll: true });
    this.reveal(index);
  }

  /** Dims the boxes that a filter leaves out. */
  dim(kept) {
    this.boxes.forEach((box, i) => box.toggleAttribute("data-dim", !kept.has(this.layers[i].index)));
  }

  listen(place) {
    const { svg: root } = this;
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.grab(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("click", (event) => {
      const box = event.target.closest(".layer");
      if (box && !this.dragged) this.select(Number(box.dataset.index), "graph");
    });
    new ResizeObserver(() => this.touched || this.fit()).observe(place);
    addEventListener("beforeprint", () => this.fit());
  }

  /** The wheel zooms once the graph has the focus, or with Ctrl; before that it scrolls the page. */
  wheel(event) {
    if (!event.ctrlKey && !this.svg.contains(document.activeElement)) return;
    event.preventDefault();
    const frame = this.svg.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - frame.left, event.clientY - frame.top);
  }

  grab(event) {
    if (event.button) return;
    this.dragged = false;
    if (!this.svg.contains(document.activeElement)) this.svg.focus({ preventScroll: true });
    const start = { x: event.clientX, y: event.clientY, left: this.x, top: this.y };
    const move = (now) => {
      if (Math.hypot(now.clientX - start.x, now.clientY - start.y) > 3) this.dragged = this.touched = true;
      if (!this.dragged) return;
      [this.x, this.y] = [start.left + now.clientX - start.x, start.top + now.clientY - start.y];
      this.apply();
    };
    const drop = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", drop);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: [0, 60], ArrowDown: [0, -60], ArrowLeft: [60, 0], ArrowRight: [-60, 0] }[event.key];
    const box = event.target.closest(".layer");
    if (["+", "="].includes(event.key)) this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else if (["Enter", " "].includes(event.key) && box) this.select(Number(box.dataset.index), "graph");
    else if (step && event.shiftKey) [this.x, this.y] = [this.x + step[0], this.y + step[1]];
    else if (step) this.walk(event.key);
    else return;
    event.preventDefault();
    this.apply();
  }

  /** To the layer that made the first input, that reads the first output, or the nearest beside. */
  walk(key) {
    const from = Number(this.selected?.dataset.index ?? 0);
    const lines = this.drawing.lines;
    const [x, y] = this.drawing.boxes[from];
    const near = (wanted) =>
      this.layers
        .map((layer) => layer.index)
        .filter((index) => wanted(this.drawing.boxes[index][0] - x) && Math.abs(this.drawing.boxes[index][1] - y) < 30)
        .sort((a, b) => Math.abs(this.drawing.boxes[a][0] - x) - Math.abs(this.drawing.boxes[b][0] - x))[0];
    const to = {
      ArrowUp: () => lines.find((line) => line.to === from)?.from,
      ArrowDown: () => lines.find((line) => line.from === from)?.to,
      ArrowLeft: () => near((distance) => distance < 0),
      ArrowRight: () => near((distance) => distance > 0),
    }[key]();
    if (to !== undefined) this.select(to, "graph");
  }

  zoom(factor, x = this.svg.clientWidth / 2, y = this.svg.clientHeight / 2) {
    const scale = Math.min(4, Math.max(0.02, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.touched = true;
    this.apply();
  }

  fit() {
    const { width, height } = this.drawing;
    const [across, down] = [this.svg.clientWidth || 800, this.svg.clientHeight || 500];
    this.scale = Math.min((across - 24) / width, (down - 24) / height, 1.25);
    this.x = (across - width * this.scale) / 2;
    this.y = (down - height * this.scale) / 2;
    this.touched = false;
    this.apply();
  }

  reveal(index) {
    const [left, top] = this.drawing.boxes[index];
    const x = this.x + (left + this.drawing.box_width / 2) * this.scale;
    const y = this.y + (top + this.drawing.box_height / 2) * this.scale;
    const [across, down] = [this.svg.clientWidth, this.svg.clientHeight];
    if (x > 40 && y > 20 && x < across - 40 && y < down - 20) return;
    this.x += across / 2 - x;
    this.y += down / 2 - y;
    this.apply();
  }

  apply() {
    this.moved.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
    this.svg.classList.toggle("far", this.scale < READABLE);
  }
}
