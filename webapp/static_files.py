"""Static files that come with installed packages: plotly.js lies in the package of plotly, and is served from there."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "plotly"
SCRIPT = "plotly.min.js"


def plotly_folder() -> Path:
    """Where the package keeps the script. Found without importing it, which would take a second."""
    found = find_spec("plotly")
    assert found is not None, "plotly is not installed"
    assert found.origin is not None
    return Path(found.origin).parent / "package_data"


class PlotlyFinder(BaseFinder):
    """Finds `plotly/plotly.min.js`, and nothing else of what lies beside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=plotly_folder())
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[Any]:  # noqa: ARG002
        """Nothing can be configured wrongly."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002
        """The file's path; empty for any other."""
        if path != f"{PREFIX}/{SCRIPT}" or not self.storage.exists(SCRIPT):
            return []
        found = self.storage.path(SCRIPT)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:  # noqa: ARG002
        """The one file."""
        yield SCRIPT, self.storage
