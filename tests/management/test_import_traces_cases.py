"""More small files of users, through the product's own commands: every outcome as `expected.txt` says."""

import json
import re
import resource
import time
from decimal import Decimal
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.management.test_import_traces_answers import CASES, bring_in
from trajectories.models import Trace

pytestmark = pytest.mark.django_db


def test_b05_tokens_of_imported_completions():
    traces = bring_in("b05-reasoning-tokens-beside", "problems.jsonl", "traces.jsonl")
    by_model = {trace.facts["model"].removeprefix("b05-") if "model" in trace.facts else "": trace for trace in traces}
    found = {name: (trace.output_tokens, trace.cached_tokens) for name, trace in by_model.items()}
    assert found == {"a": (505, 0), "b": (505, 0), "c": (5, 16), "d": (5, 16), "e": (5, 0)}
    assert by_model["e"].cost == Decimal("0.0123")


def test_b16_brackets_around_mathematics(client, curator):
    (trace,) = bring_in("b16-brackets-of-mathematics", "problems.jsonl", "traces.jsonl")
    client.force_login(curator)
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    drawn = [unescape(source) for source in re.findall(r'<math [^>]*alttext="(.*?)"', page, re.DOTALL)]
    for source in (r"x_1 \neq x_2", "a*b*c", r"\frac{a_{1}}{b_{2}} = 42", "y_1"):
        assert source in drawn
    assert any(source.startswith(r"\begin{align*}") for source in drawn)
    assert "costs $5 and $10" in page
    assert r"<p>\boxed{42}</p>" in page


def test_b19_a_sample_logged_for_every_filter_is_one_trace(capsys):
    (trace,) = bring_in("b19-logged-twice", "problems.jsonl", "samples_b19_2026-01-01.jsonl")
    said = trace.imported_verdicts.order_by("pk").values_list("verifier", "score", "outcome")
    assert list(said) == [("lm-eval strict-match", 0.0, "fail"), ("lm-eval flexible-extract", 1.0, "pass")]
    assert trace.correctness == "pass"
    assert trace.verdicts.exists()
    call_command("import_traces", CASES / "b19-logged-twice" / "samples_b19_2026-01-01.jsonl")
    assert (Trace.objects.count(), trace.imported_verdicts.count()) == (1, 2)


def test_the_bench_of_endings():
    case = "bench-endings"
    wanted = {
        row["id"]: row["want"] for row in map(json.loads, (CASES / case / "endings.jsonl").read_text().splitlines())
    }
    traces = bring_in(case, "problems.jsonl", "traces.jsonl")
    assert len(traces) == len(wanted)
    found = {}
    for trace in traces:
        has_none = trace.answer is None and trace.correctness in ("unscored", "fail")
        found[trace.problem.name] = "none" if has_none else trace.correctness
    wrong = {name: (want, found[name]) for name, want in wanted.items() if found[name] != want}
    assert not [name for name, (_, got) in wrong.items() if got == "pass"], wrong
    assert len(wrong) <= 0.02 * len(wanted), wrong


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def full_row(count, size):
    kinds = ("tool_result", "tool_call")
    steps = [
        {"kind": kinds[i % 2], "title": f"call {i}", "body": "x" * size, "depth": 0, "data": {}} for i in range(count)
    ]
    trace = {"prompt": [{"role": "user", "content": "q"}], "reasoning": "Answer: 42", "program": "", "answer": "42"}
    problem = {"name": "b17", "kind": "numeric", "spec": {}, "reference": "42"}
    return {"problem": problem, "trace": {**trace, "steps": steps}, "meta": {"model": f"b17-{count}"}}


AGENT = [
    {"role": "user", "content": "q"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "t", "type": "function", "function": {"name": "python", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "t", "content": "y" * 5_000_000},
    {"role": "assistant", "content": "Answer: 42"},
]


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        (lambda: full_row(6_700, 20), "found a trace of 6,700 steps, expected at most 5,000"),
        (
            lambda: {"problem_id": "b17", "response": "x" * 9_000_000 + " Answer: 42"},
            "found more than 8 MB in one line, expected less",
        ),
    ],
)
def test_b17_what_is_too_large_is_refused_by_its_limit(row, limit, tmp_path, capsys, settings):
    settings.IMPORT_STEPS, settings.IMPORT_ROW_BYTES = 5_000, 8 * 1024 * 1024
    call_command("import_problems", CASES / "b17-large-samples" / "problems.jsonl")
    with pytest.raises(CommandError, match="1 bad"):
        call_command("import_traces", write(tmp_path / "rows.jsonl", row()), "--skip-bad")
    assert limit in capsys.readouterr().err


@pytest.mark.parametrize(
    "row",
    [
        lambda: full_row(6_700, 20),
        lambda: {"problem_id": "b17", "response": "word " * 1_400_000 + "\n\nAnswer: 42"},
        lambda: {"problem_id": "b17", "messages": AGENT},
    ],
)
def test_b17_large_samples_open_as_a_page_in_seconds(row, tmp_path, client, curator):
    (trace,) = bring_in("b17-large-samples", "problems.jsonl", str(write(tmp_path / "rows.jsonl", row())))
    assert trace.correctness == "pass"
    client.force_login(curator)
    before = time.process_time()
    page = client.get(reverse("trace_detail", args=[trace.pk])).content
    assert time.process_time() - before < 10
    assert len(page) < 5_000_000, "the heads of all steps, but long parts behind a link"


def test_b17_many_rows_take_no_more_memory_than_a_few(tmp_path):
    call_command("import_problems", CASES / "b17-large-samples" / "problems.jsonl")
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for number in range(600):
            said = f"{number} {'z ' * 50_000}Answer: 42"
            file.write(json.dumps({"problem_id": "b17", "model": "b17-rows", "response": said}) + "\n")
    write(
        tmp_path / "few.jsonl",
        *[{"problem_id": "b17", "response": f"{n} {'z ' * 50_000}Answer: 42"} for n in range(220)],
    )
    call_command("import_traces", tmp_path / "few.jsonl")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call_command("import_traces", path)
    assert Trace.objects.count() == 820
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000, "kilobytes, of a file of 60 MB"
