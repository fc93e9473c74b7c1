"""The page: valid HTML that nothing in a model can break out of, and that loads nothing."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.analysis.profiles import profiles
from maskctl.report import html
from maskctl.report.analysis import to_json
from maskctl.report.html import to_html
from tests.analysis.made import Network, samples

NASTY = "<script>alert('&\"1')</script>"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The document of a model whose path and layer are called like markup."""
    model = Network().convolution(NASTY, "data", [[1 / 3]]).model()
    analysis = analyze(model, samples(np.ones((1, 2, 2), np.float32)))
    return {**to_json(analysis, "1.0", (), profiles(analysis)), "model": f"{NASTY}$title.param"}


@pytest.fixture(scope="module")
def page(report: dict[str, Any]) -> str:
    """Its page."""
    return to_html(report)


def test_valid(page: str) -> None:
    """The standard's parser finds no error in the page."""
    html5lib.HTMLParser(strict=True).parse(page)


def test_names_stay_text(page: str) -> None:
    """What a layer or a file is called never is markup: it stands in the title escaped, and else in the packed data."""
    assert NASTY not in page
    assert 2 == page.count("<script")
    title = html5lib.parse(page, namespaceHTMLElements=False).find("head/title").text
    assert f"{NASTY}$title.param" == title


def test_nothing_is_loaded(page: str) -> None:
    """No attribute or style names anything to load, and the page's policy forbids all but its own style and script."""
    assert [] == re.findall(r"\b(?:src|href|action|srcset)\s*=|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy.group(1)


def test_no_inline_handlers(page: str) -> None:
    """The markup has no event handlers and no styles in attributes."""
    markup = page.split("<script", 1)[0]
    assert [] == re.findall(r"\s(?:on\w+|style)\s*=", markup.split("</style>")[1])


def test_the_document_is_in_the_page(page: str, report: dict[str, Any]) -> None:
    """The page carries the document whole, and the same document gives the same page."""
    packed = re.search(r'id="data">([^<]*)<', page)
    assert packed is not None
    found = json.loads(gzip.decompress(base64.b64decode(packed.group(1))))
    assert report == found["report"]
    assert len(report["network"]) == len(found["drawing"]["boxes"])
    assert page == to_html(report)


def test_every_part_is_in_the_page() -> None:
    """Every file of the page's folder goes into the page."""
    folder = Path(html.__file__).parent / "page"
    assert {path.name for path in folder.iterdir()} == {*html._SCRIPTS, "page.css", "page.html"}
