"""Hostile texts on the pages that show problems, answers and traces: harmless, and quick.

Each text is statement, reference, answer, name, program, steps, prompt, title of the run and message of a verifier at
once, and every page that shows one of them is read.
"""

import time
from typing import Any

import pytest
from django.urls import reverse

from tests import factories
from tests.views.test_contrasts import HOSTILE
from trajectories.core.identity import canonical_json
from trajectories.core.text.titles import shown_title

pytestmark = pytest.mark.django_db

LINE = "x" * 5_000_000
TEXTS = [
    *HOSTILE,
    "<style>*{display:none}</style><div style='position:fixed;inset:0'>",
    "<svg onload=alert(1)><a href='javascript:alert(1)'>",
    "[x](javascript:alert(1)) ![x](https://evil.example/p.png) <https://evil.example>",
    "\u202eevil\u2066 \u200b\u200d\ufeff zero",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07x",
    "$\\frac{1}{0$ $$\\begin{matrix} & \\\\ $$ \\[ \\left( \\]",
    "[" * 100_000 + "]" * 100_000,
    LINE,
]
NAMES = [text[:12].encode("unicode_escape").decode() for text in TEXTS]


def pages(text: str) -> list[str]:
    """The pages of a problem and of traces that hold nothing but this text."""
    short = shown_title(text[:150])  # names with hidden characters are refused on their way in, see test_titles
    problem = factories.make_problem(kind="text", spec={}, statement=text, reference=text, name=short)
    run, step = factories.make_run(title=short), {"kind": "text", "title": short, "body": text, "depth": 3, "data": {}}
    made = {"problem": problem, "run": run, "answer": text, "program": text, "correctness": "fail", "steps": [step]}
    one, other = (factories.make_trace(reasoning=f"{number} {text}", **made) for number in range(2))
    type(one).objects.update(prompt=factories.make_text(canonical_json([{"role": "user", "content": text}])))
    factories.make_verdict(trace=one, verifier="text", outcome="fail", message=text)
    pair = f"?left={one.pk}&right={other.pk}"
    addresses: list[Any] = [
        reverse("problem_detail", args=[problem.pk]),
        reverse("problem_share", args=[problem.pk]),
        reverse("problem_diversity", args=[problem.pk]),
        reverse("trace_detail", args=[one.pk]),
        reverse("trace_share", args=[one.pk]),
        reverse("trace_compare") + pair,
        reverse("comparison_share") + pair,
        reverse("audit_detail", args=["consensus"]),
        reverse("trace_list"),
        reverse("run_detail", args=[run.pk]),
    ]
    return addresses


@pytest.mark.parametrize("text", TEXTS, ids=NAMES)
def test_hostile_texts_are_harmless_and_quick_on_every_page(client, lead, text):
    client.force_login(lead)
    for address in pages(text.replace("\0", "")):
        started = time.process_time()
        response = client.get(address)
        assert response.status_code == 200, address
        assert time.process_time() - started < 10, address
        page = response.content.decode()
        assert len(page) < 4_000_000, address
        for harm in (
            "<script>alert",
            "<img src=x",
            "<svg onload",
            "<style>*{",
            'href="javascript',
            'src="https://evil',
        ):
            assert harm not in page, (address, harm)
        assert not {"\u202e", "\u2066", "\x1b", "\u200b"} & set(page), address
