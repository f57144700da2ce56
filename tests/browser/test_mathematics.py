"""Mathematics as a reader sees it, and as it is copied."""

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = r"""So \(x_1 \neq x_2\) holds, it costs $5 and $10, and 2*3*4 is 24.

\[ \frac{a}{b} = \boxed{42} \]

\begin{align*}
x &= 40 + 2 \\
  &= 42
\end{align*}

\(\cancel{7} + \begin{array}{c|c} 1 & 2 \\ \hline 3 & 4 \end{array}\) and \(\unknown{5}\)."""


def test_formulas_are_drawn_and_copied_as_their_source(log_in, transactional_db, curator):
    trace = factories.make_trace(problem=factories.make_problem(), reasoning=TEXT, steps=[])
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    text = page.locator(".prose.rendered, .step-body").first
    expect(page.locator("math")).to_have_count(4)
    expect(text).to_contain_text("it costs $5 and $10, and 2*3*4 is 24.")
    box = page.locator("menclose[notation=box]")
    assert box.evaluate("element => getComputedStyle(element).borderTopWidth") == "1px"
    lines = page.locator("mtd.lr").first
    assert lines.evaluate("element => getComputedStyle(element).borderRightWidth") == "1px"
    copied = page.evaluate(
        """() => {
            const text = document.querySelector("math").closest(".rendered");
            document.getSelection().selectAllChildren(text);
            const clipboardData = new DataTransfer();
            const event = new ClipboardEvent("copy", { bubbles: true, cancelable: true, clipboardData });
            text.dispatchEvent(event);
            return event.clipboardData.getData("text/plain");
        }"""
    )
    assert copied.startswith(r"So \( x_1 \neq x_2 \) holds")
