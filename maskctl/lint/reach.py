"""The files that one settings file is about: those that were linted, and those that lie in its folder and below."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from maskctl.lint.discover import below
from maskctl.lint.finding import Span
from maskctl.lint.settings import Settings


class Reach:
    """Remembers which files of a settings file were linted; `seen` has them as its patterns see them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: set[str] = set()
        self._folder = Path(os.path.abspath(settings.path)).parent

    def saw(self, path: str) -> str:
        """The path of a file that is linted as the settings file's patterns see it."""
        place = self._relative(path)
        self.seen.add(place)
        return place

    def left(self) -> Iterator[str]:
        """The files in the settings file's folder and below that were not linted."""
        return (place for place in map(self._relative, below(str(self._folder))) if place not in self.seen)

    def everything(self) -> Iterator[str]:
        """All that anybody can have linted: files linted, and every file of the folder, whatever it and its folder are called."""
        yield from self.seen
        for folder, _, names in os.walk(self._folder):
            yield from (self._relative(os.path.join(folder, name)) for name in names)

    @property
    def is_whole(self) -> bool:
        """False where files outside of the settings file's folder were linted, of which nobody knows how many there are."""
        return not any(place.startswith("../") for place in self.seen)

    def span(self, key: str, table: str = "") -> Span:
        """Where a key stands in the settings file, behind the name of its table, as far as it is written plainly."""
        is_behind = not table
        for number, line in enumerate(self.settings.text.split("\n"), 1):
            start = 0
            if not is_behind and (head := re.search(rf"\b{table}\b", line)):
                is_behind, start = True, head.end()
            spelled = [re.escape(f'"{key}"'), re.escape(f"'{key}'"), rf"(?<![\w.-]){re.escape(key)}"]
            found = re.compile(rf"({'|'.join(spelled)})\s*=").search(line, start)
            if is_behind and found:
                return Span(number, found.start() + 1, len(found[1]))
        return Span()

    def _relative(self, path: str) -> str:
        return Path(os.path.relpath(os.path.abspath(path), self._folder)).as_posix()
