import html
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.figures.labels import LONGEST_LABEL, plain_label, plot_label


@given(st.text())
def test_a_label_is_one_short_line_of_what_is_seen(text):
    label = plain_label(text)
    assert len(label) <= LONGEST_LABEL
    assert not {unicodedata.category(each) for each in label} & {"Cc", "Cf", "Zl", "Zp"}
    assert "<" not in plot_label(text)
    assert html.unescape(plot_label(text)) == label or "&" in text


def test_markup_stays_text_and_overrides_are_gone():
    assert plot_label('<a href="https://evil.example">x</a>') == '&lt;a href="https://evil.example"&gt;…'
    assert plot_label("a\u202egnp.exe\u2066b") == "a gnp.exe b"
    assert plot_label("R&D <b>") == "R&amp;D &lt;b&gt;"
    assert plain_label("word " * 1_000_000).endswith("…")
