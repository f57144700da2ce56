"""What templates say in data-key must be what js/keys.js understands."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "templates"
UNDERSTOOD = re.compile(
    r"[^\sA-Z]|Enter|Shift\+Enter|Ctrl\+Enter|Home|Arrow(Left|Right|Up|Down)|\{\{ [\w.]+(\|default:'\w')? \}\}|"
    r"\{% if \w+ %\}[^\sA-Z]\{% else %\}[^\sA-Z]\{% endif %\}"
)


def test_every_key_in_a_template_is_understood():
    found = {
        (str(path.relative_to(TEMPLATES)), key)
        for path in TEMPLATES.rglob("*.html")
        for key in re.findall(r'data-key="([^"]*)"', path.read_text())
    }
    assert found
    assert [pair for pair in found if not UNDERSTOOD.fullmatch(pair[1])] == []


def test_no_template_breaks_the_content_policy():
    forbidden = re.compile(r"<style|\sstyle=|<script(?![^>]*\bsrc=)|\son[a-z]+=|hx-on|href=\"javascript:")
    broken = [
        str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if forbidden.search(path.read_text())
    ]
    assert broken == []
