"""The page of `analyze --html` in a real Chromium: what it shows, and what it does when somebody uses it."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.analysis.profiles import profiles
from maskctl.report.analysis import to_json
from maskctl.report.html import to_html
from tests.analysis.made import Network, samples
from tests.page.browser import Tab

FILE_ORDER = ["image", "conv1", "conv2", "pool1", "conv3", "conv4", "fc1", "fc2", "prob"]
LAYER_NAMES = "[...document.querySelectorAll('#layers tbody tr')].map((row) => row.children[1].textContent)"
COLOURS = (
    "[...document.querySelectorAll('.layer')].map((box) => ['.body', '.name']"
    ".map((part) => getComputedStyle(box.querySelector(part)).fill))"
)
"""Of each box the colours of its ground and of its text."""
TYPES = "[...document.querySelectorAll('#layers tbody tr')].map((row) => row.children[2].textContent)"
VERDICT = "document.querySelector('#verdict').textContent"
PRICE = "document.querySelector('#price').textContent"
SELECTED = "document.querySelector('#story h3').textContent"


@pytest.fixture
def page(browser: Tab, digits: Path) -> Tab:
    """The sample model's page, freshly opened."""
    browser.events.clear()
    browser.open(digits)
    return browser


def click(page: Tab, selector: str) -> None:
    """Clicks in the middle of the first element that a selector names."""
    x, y = page.run(
        f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
        "element.scrollIntoView({ block: 'center' }); const place = element.getBoundingClientRect();"
        "return [place.left + place.width / 2, place.top + place.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def test_quiet(page: Tab, digits: Path) -> None:
    """Opening the page asks for nothing but the page, and nothing ends up in the console."""
    assert [digits.resolve().as_uri()] == page.requests()
    assert [] == page.complaints()


def test_what_it_shows(page: Tab) -> None:
    """There is a box and a row for every layer, worst first, the verdict, the change of the file, and the worst layer's story."""
    assert 9 == page.run("document.querySelectorAll('#graph .layer').length")
    assert 8 == page.run("document.querySelectorAll('#graph .lines path').length")
    assert sorted(FILE_ORDER) == sorted(page.run(LAYER_NAMES))
    assert ("conv3", "image") == (page.run(LAYER_NAMES)[0], page.run(LAYER_NAMES)[-1])
    assert "With 1 mask every output reaches cosine 0.999." == page.run(VERDICT)
    assert "" == page.run("document.querySelector('#check').textContent")
    assert page.run(PRICE).startswith("It adds ")
    assert "#4 conv3 Convolution" == page.run(SELECTED)
    diff = page.run("document.querySelector('#diff').textContent").splitlines()
    assert ["Convolution", "conv3", "31=1"] == [diff[5].split()[0].lstrip("+"), diff[5].split()[1], diff[5].split()[-1]]


def test_masks_are_told_in_words(page: Tab) -> None:
    """The proposed mask stands on its box as text and in its label; no other box has one."""
    assert ["31=1"] == page.run("[...document.querySelectorAll('.pill-text')].map((text) => text.textContent)")
    label = page.run("document.querySelector('.layer[data-index=\"4\"]').getAttribute('aria-label')")
    assert "#4 conv3, Convolution, NaN, mask 1 proposed" == label


@pytest.fixture
def digits_report(digits: Path) -> dict[str, Any]:
    """The document in the sample model's page."""
    packed = re.search(r'id="data">([^<]*)<', digits.read_text(encoding="utf-8"))
    assert packed is not None
    report: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed.group(1))))["report"]
    return report


def test_a_mask_taken_away_is_none(browser: Tab, digits_report: dict[str, Any], tmp_path: Path) -> None:
    """A mask of the file that goes is told as that: in the verdict, on its box, in the table, measured or not."""
    report = digits_report
    change = {"index": 6, "name": "fc1", "type": "InnerProduct", "mask": 2, "proposed": 0}
    network = [{**layer, "mask": 2 * (layer["index"] == 6)} for layer in report["network"]]
    layers = [layer for layer in report["layers"] if layer["index"] != 6]
    path = tmp_path / "gone.html"
    gone = {**report, "masks": [*report["masks"], change], "network": network, "layers": layers}
    path.write_text(to_html(gone), encoding="utf-8")
    browser.open(path)
    assert "With 1 mask and 1 taken away every output reaches cosine 0.999." == browser.run(VERDICT)
    assert ["31=1", "31=0"] == browser.run(
        "[...document.querySelectorAll('.pill-text')].map((text) => text.textContent)"
    )
    label = browser.run("document.querySelector('.layer[data-index=\"6\"]').getAttribute('aria-label')")
    assert label.endswith(", mask 2 taken away")
    assert "2 → 0" == browser.run("document.querySelector('#layers tr[data-index=\"6\"] td.mask').textContent")
    assert "; masked layers hold 14.3 % of the multiply-adds." in browser.run(PRICE)
    path.write_text(to_html({**gone, "masks": [change]}), encoding="utf-8")
    browser.open(path)
    assert browser.run(PRICE).endswith(" time (estimated).")
    assert "With 1 mask taken away every output reaches cosine 0.999." == browser.run(VERDICT)


@pytest.mark.parametrize(
    ("score", "goal", "said"),
    [
        ((1.0, 0.0, 1.0, True), "exit status 0 of the check", "Check: failed before, passed after."),
        ((0.9, "nan", 0.95, False), "the check's 0.9", "Check: NaN before, 0.95 after."),
        ((0.9, 0.5, None, False), "the check's 0.9", "Check: 0.5."),
    ],
)
def test_the_users_check(
    browser: Tab, digits_report: dict[str, Any], tmp_path: Path, score: tuple[Any, ...], goal: str, said: str
) -> None:
    """A check by exit status is told as passed or failed, one by number with its numbers."""
    path = tmp_path / "check.html"
    check = dict(zip(("target", "before", "after", "by_status"), score, strict=True))
    path.write_text(to_html({**digits_report, "goal": {}, "check": check}), encoding="utf-8")
    browser.open(path)
    assert f"With 1 mask every output reaches {goal}." == browser.run(VERDICT)
    assert said == browser.run("document.querySelector('#check').textContent")


def test_sorting(page: Tab) -> None:
    """A click on a header sorts by that column, another the other way round, and both say so."""
    state = "document.querySelector('#layers th').getAttribute('aria-sort')"
    click(page, "#layers th button")
    assert (FILE_ORDER, "ascending") == (page.run(LAYER_NAMES), page.run(state))
    click(page, "#layers th button")
    assert (FILE_ORDER[::-1], "descending") == (page.run(LAYER_NAMES), page.run(state))
    click(page, "#layers th:nth-child(3) button")
    assert (sorted(page.run(TYPES)), None) == (page.run(TYPES), page.run(state))


def test_filter(page: Tab) -> None:
    """Typing into the filter leaves the rows that hold the words, dims the other boxes, and says how many."""
    page.run("document.activeElement.blur()")
    page.key("/", "/")
    page.call("Input.insertText", text="CONV4 not finite")
    assert ["conv4"] == page.run(LAYER_NAMES)
    assert "1 of 9" == page.run("document.querySelector('#count').textContent")
    assert 8 == page.run("document.querySelectorAll('#graph .layer[data-dim]').length")
    click(page, "#masked")
    assert [] == page.run(LAYER_NAMES)
    page.run(
        "(() => { const box = document.querySelector('#filter'); box.value = ''; box.dispatchEvent(new Event('input')); })()"
    )
    assert ["conv3"] == page.run(LAYER_NAMES)


def test_keyboard_in_the_table(page: Tab) -> None:
    """Arrow keys go from row to row and select; the graph shows the same layer."""
    page.run("document.querySelector('#layers tbody tr').focus()")
    page.key("ArrowDown")
    first = page.run(LAYER_NAMES)[1]
    assert page.run(SELECTED).split()[1] == first
    current = "[...document.querySelectorAll('[aria-current]')].map((element) => element.dataset.index)"
    assert 2 == len(page.run(current))
    assert 1 == len(set(page.run(current)))
    page.key("End")
    assert "#0 image Input" == page.run(SELECTED)


def test_keyboard_in_the_graph(page: Tab) -> None:
    """Arrow keys walk along the lines, Enter keeps the layer, + and - zoom and 0 fits."""
    page.run("document.querySelector('#graph .layer[aria-current]').focus()")
    page.key("ArrowDown")
    assert "#5 conv4 Convolution" == page.run(SELECTED)
    page.key("ArrowUp")
    page.key("ArrowUp")
    page.key("Enter")
    assert "#3 pool1 Pooling" == page.run(SELECTED)
    scale = "new DOMMatrix(getComputedStyle(document.querySelector('#graph svg > g')).transform).a"
    fitted = page.run(scale)
    page.key("+", "+")
    assert fitted < page.run(scale)
    page.key("0", "0")
    assert fitted == page.run(scale)


def test_wheel_and_drag(page: Tab) -> None:
    """The wheel scrolls the page until the graph has the focus, then zooms; dragging moves and selects nothing."""
    matrix = "document.querySelector('#graph svg > g').getAttribute('transform')"
    before, place = (
        page.run(matrix),
        page.run("(({ x, y }) => [x + 20, y + 20])(document.querySelector('#graph').getBoundingClientRect())"),
    )

    def mouse(kind: str, dx: float = 0.0, **params: Any) -> None:
        page.call("Input.dispatchMouseEvent", type=kind, x=place[0] + dx, y=place[1], **params)

    page.run("document.activeElement.blur()")
    mouse("mouseWheel", deltaX=0, deltaY=-10)
    assert before == page.run(matrix)
    mouse("mousePressed", button="left", clickCount=1)
    mouse("mouseMoved", dx=40, button="left", buttons=1)
    mouse("mouseReleased", dx=40, button="left", clickCount=1)
    moved = page.run(matrix)
    assert before != moved
    assert "#4 conv3 Convolution" == page.run(SELECTED)
    mouse("mouseWheel", dx=40, deltaX=0, deltaY=-100)
    page.run("new Promise(requestAnimationFrame)")
    assert moved != page.run(matrix)


def test_colour_by(page: Tab) -> None:
    """Another measure colours the boxes anew and says its figures."""
    figure = "document.querySelector('.layer[data-index=\"5\"] .figure').textContent"
    shown = "document.querySelector('.layer[data-index=\"5\"]').getAttribute('class')"
    assert page.run(figure).endswith(" dB")
    page.run(
        "(() => { const box = document.querySelector('#measure'); box.value = 'graphwise'; box.dispatchEvent(new Event('change')); })()"
    )
    assert ("NaN", "layer lost") == (page.run(figure), page.run(shown))


def test_story(page: Tab) -> None:
    """A click on a box tells its layer's story: cause, kernel, losses, distributions beside fp16's limits, and every bit."""
    click(page, ".layer[data-index='4'] .name")
    said = page.run("document.querySelector('#story').innerText")
    for part in (
        "sum reaches -",
        "convolution_3x3_direct_fp16sa",
        "this layer alone lowered",
        "the same with the proposed masks",
    ):
        assert part in said
    assert ["smallest", "normal", "65,504"] == page.run(
        "[...document.querySelectorAll('.limit-text')].map((text) => text.textContent)"
    )
    assert 2 == page.run("document.querySelectorAll('.histogram').length")
    assert 8 == page.run("document.querySelectorAll('.bits tr').length")


def test_nothing_overlaps(page: Tab) -> None:
    """The parts of the page stand one under another, none is wider than the window, and no text sticks out of its box."""
    ends = page.run(
        "[...document.querySelectorAll('section:not([hidden])')].map((part) => part.getBoundingClientRect())"
        ".map(({ top, bottom }) => [top, bottom])"
    )
    assert all(above[1] <= below[0] for above, below in itertools.pairwise(ends))
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(document.querySelector('#story'))")
    assert [] == page.run(
        "[...document.querySelectorAll('.layer .name')].filter((text) => text.getBBox().width > 142)"
        ".map((text) => text.textContent)"
    )


def test_light_and_dark(page: Tab, tmp_path: Path) -> None:
    """The page follows what the reader prefers, text is readable on its ground in both, and pictures of both differ."""
    pictures = []
    for dark in (False, True):
        page.scheme(dark=dark)
        ground = page.run("getComputedStyle(document.body).backgroundColor")
        assert ("rgb(21, 23, 26)" if dark else "rgb(255, 255, 255)") == ground
        assert min(map(_contrast, page.run(COLOURS))) >= 4.5
        page.screenshot(tmp_path / f"{dark}.png")
        pictures.append((tmp_path / f"{dark}.png").read_bytes())
    assert all(len(picture) > 20_000 for picture in pictures)
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("step", range(6))
def test_every_colour_is_readable(page: Tab, step: int) -> None:
    """The text on each colour of the scale has a contrast of 4.5 or more, in light and in dark."""
    for dark in (False, True):
        page.scheme(dark=dark)
        page.run(f"document.querySelector('.layer').setAttribute('class', 'layer step-{step}')")
        assert _contrast(page.run(COLOURS)[0]) >= 4.5


def _contrast(pair: Sequence[str]) -> float:
    """The contrast of two colours, as WCAG 2 defines it."""
    one, other = sorted((_luminance(colour) for colour in pair), reverse=True)
    return (one + 0.05) / (other + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a CSS colour, as WCAG 2 defines it."""
    parts = np.array([float(part) for part in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_nasty_names(browser: Tab, tmp_path: Path) -> None:
    """A layer called like markup is shown as text, and nothing in its name runs."""
    name = "<img/src=x/onerror=alert(1)><script>alert(2)</script>"
    analysis = analyze(Network().convolution(name, "data", [[1 / 3]]).model(), samples(np.ones((1, 2, 2), np.float32)))
    path = tmp_path / "nasty.html"
    path.write_text(to_html(to_json(analysis, "1.0", (), profiles(analysis))), encoding="utf-8")
    browser.events.clear()
    browser.open(path)
    assert name == browser.run("document.querySelectorAll('#layers td:nth-child(2)')[0].textContent")
    assert 0 == browser.run("document.querySelectorAll('img').length")
    assert ([path.resolve().as_uri()], []) == (browser.requests(), browser.complaints())


def test_long_names_fit_their_boxes(browser: Tab, tmp_path: Path) -> None:
    """Names and types that are too long are shortened, so that neither leaves its box nor runs into the figure beside it."""
    analysis = analyze(
        Network().convolution("conv", "data", [[1 / 3]]).model(), samples(np.ones((1, 2, 2), np.float32))
    )
    report = to_json(analysis, "1.0")
    long = {"name": "M" * 60, "type": "DeconvolutionDepthWise3D"}
    path = tmp_path / "long.html"
    path.write_text(
        to_html({**report, "network": [{**layer, **long} for layer in report["network"]]}), encoding="utf-8"
    )
    browser.open(path)
    name, kind, figure, body = browser.run(
        "['name', 'type', 'figure', 'body'].map((part) => document.querySelectorAll(`.layer .${part}`)[1].getBBox())"
        ".map(({ x, width }) => [x, x + width])"
    )
    assert re.fullmatch("M{5,}…M{5,}", browser.run("document.querySelectorAll('.layer .name')[1].textContent"))
    assert kind[1] < figure[0] < figure[1] < body[1]
    assert name[1] < body[1]


def test_front(browser: Tab, tmp_path: Path) -> None:
    """Where the document has a front of cost against accuracy, the page draws its points and lists them."""
    analysis = analyze(
        Network().convolution("conv", "data", [[1 / 3]]).model(), samples(np.ones((1, 2, 2), np.float32))
    )
    front = [
        {"added_us": cost, "worst_sqnr_db": db, "worst_cosine": 0.999, "masks": [{"index": 1, "mask": 1}]}
        for cost, db in ((0.0, "nan"), (1.5, 40.0), (3.0, 60.0), (6.0, "inf"))
    ]
    path = tmp_path / "front.html"
    path.write_text(to_html({**to_json(analysis, "1.0"), "pareto": front}), encoding="utf-8")
    browser.open(path)
    assert not browser.run("document.querySelector('#pareto').hidden")
    assert (3, 4) == tuple(
        browser.run(f"document.querySelectorAll('{part}').length") for part in ("#pareto circle", "#pareto tbody tr")
    )


def test_a_thousand_layers(browser: Tab, tmp_path: Path) -> None:
    """A page of a thousand layers stays under 3 MB, has every box and row, and shows far boxes without their names."""
    analysis = analyze(
        Network().convolution("conv", "data", [[1 / 3]]).model(), samples(np.ones((1, 2, 2), np.float32))
    )
    report = to_json(analysis, "1.0", (), profiles(analysis))
    loss, layer = report["layers"][0], report["network"][1]
    numbers = range(1, 1000)
    many = {
        **report,
        "layers": [{**loss, "index": number, "name": f"conv{number}"} for number in numbers],
        "network": [report["network"][0]]
        + [
            {
                **layer,
                "index": number,
                "name": f"conv{number}",
                "bottoms": [f"b{number - 1}" if number > 1 else "data"],
                "tops": [f"b{number}"],
            }
            for number in numbers
        ],
    }
    path = tmp_path / "many.html"
    path.write_text(to_html(many), encoding="utf-8")
    assert path.stat().st_size < 3_000_000
    browser.open(path)
    assert (1000, 1000) == tuple(
        browser.run(f"document.querySelectorAll('{part}').length") for part in (".layer", "#layers tbody tr")
    )
    assert "none" == browser.run("getComputedStyle(document.querySelector('.layer .name')).display")
