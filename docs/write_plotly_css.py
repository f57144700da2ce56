"""Writes static/trajectories/css/plotly.css from the installed plotly.js: `python docs/write_plotly_css.py`.

plotly.js puts its rules into a style element of its own, which the content policy blocks. Served as a file they work. A
test holds that the file is what this writes, so that a new version of the package cannot leave it behind.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "static/trajectories/css/plotly.css"
HEAD = """/* The rules that plotly.js (MIT licence) would put into a style element of its own. Written by
   docs/write_plotly_css.py from the installed package; a test keeps the two equal. */
"""
UNUSED = ("modebar", "data-title", "cloud-dialog")
"""Parts of selectors of what no figure here shows: the bar of buttons, its tooltips, a dialog of a web service."""


def rules(script: str) -> list[tuple[str, str]]:
    """(selector, declarations) in the order in which they apply: the script puts each before the others."""
    table = re.search(r'=\{("X,X div":.*?)\};for\(', script, re.DOTALL)
    if table is None:
        raise ValueError("plotly.js: found no table of style rules, expected one that begins with “X,X div”")
    pairs = re.findall(r"""(?:"([^"]+)"|(\w+)):("[^"]*"|'[^']*')""", table.group(1))
    found = [(quoted or bare, text[1:-1]) for quoted, bare, text in pairs]
    named = [
        (name.replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier"), text) for name, text in found
    ]
    return [(name, text) for name, text in reversed(named) if not any(word in name for word in UNUSED)]


def written(script: str) -> str:
    """The style sheet."""
    return HEAD + "".join(f"{name} {{ {text} }}\n" for name, text in rules(script))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from webapp.static_files import SCRIPT, plotly_folder

    TARGET.write_text(written((plotly_folder() / SCRIPT).read_text(encoding="utf-8")), encoding="utf-8")
