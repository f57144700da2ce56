"""Segmentations: where texts are cut, what stays whole, and that a version never changes."""

import json
import time

import pytest

from trajectories.core.completions.parts import completion_of
from trajectories.core.curation.spans import step_spans
from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.core.prompts.responses import steps_of
from trajectories.core.prompts.segmentation import MOST_STEPS, SEGMENTATIONS, carry_labels, cut_steps
from trajectories.core.records import StepKind
from trajectories.services.traces.storing import step_json

THOUGHTS = "Okay, let me see. We need f(3), e.g. by $x = 1. 5$. Wait, that is wrong.\n\nTry again."
SAID = """## Plan

First sentence. Second one!
1. Take 2. It is even.
2. Take 3.

```python
x = 1.

y = 2. Z
```
So the answer is 4. Done.

### Check
Dr. Who agrees (i.e. nods). \\(a. B\\) holds.
"""
WORDS = {
    "paragraphs:1": [
        "Okay, let me see. We need f(3), e.g. by $x = 1. 5$. Wait, that is wrong.",
        "Try again.",
        "## Plan",
        "First sentence. Second one!\n1. Take 2. It is even.\n2. Take 3.",
        "```python\nx = 1.\n\ny = 2. Z\n```\nSo the answer is 4. Done.",
        "### Check\nDr. Who agrees (i.e. nods). \\(a. B\\) holds.",
    ],
    "numbered:1": [
        THOUGHTS,
        "## Plan\n\nFirst sentence. Second one!",
        "1. Take 2. It is even.",
        "2. Take 3.\n\n```python\nx = 1.\n\ny = 2. Z\n```\nSo the answer is 4. Done.",
        "### Check\nDr. Who agrees (i.e. nods). \\(a. B\\) holds.",
    ],
    "sentences:1": [
        *("Okay, let me see.", "We need f(3), e.g. by $x = 1. 5$.", "Wait, that is wrong.", "Try again."),
        *("## Plan", "First sentence.", "Second one!", "1. Take 2.", "It is even.", "2. Take 3."),
        *("```python\nx = 1.\n\ny = 2. Z\n```", "So the answer is 4.", "Done."),
        *("### Check", "Dr. Who agrees (i.e. nods).", "\\(a. B\\) holds."),
    ],
}


def stored(text: str, thoughts: str = "") -> tuple[str, tuple, list]:
    came = completion_of(text, thoughts)
    return came.text, came.parts, [step_json(step) for step in steps_of(came.parts)]


@pytest.fixture
def both() -> tuple[str, tuple, list]:
    """Thoughts and a response, with a tool call and a program behind them."""
    text, parts, steps = stored(SAID, THOUGHTS)
    call = {"kind": StepKind.TOOL_CALL.value, "title": "run", "body": "```\nSecond one!\n```", "depth": 0, "data": {}}
    return text, parts, [*steps, call, {**call, "kind": "program", "title": "Program"}]


@pytest.mark.parametrize("name", WORDS)
def test_texts_are_cut_where_the_way_of_cutting_says(name, both):
    text, parts, steps = both

    cut = cut_steps(name, text, parts, steps)

    assert cut[0] == steps[0]
    assert [step["body"] for step in cut[1:-2]] == WORDS[name]
    assert cut[-2:] == steps[-2:]
    thinking = WORDS[name].index("## Plan") if "## Plan" in WORDS[name] else 1
    assert [step.get("part") for step in cut] == ["thinking"] * (1 + thinking) + [None] * (len(cut) - 1 - thinking)


@pytest.mark.parametrize("name", [name for name in SEGMENTATIONS if name])
def test_nothing_of_the_text_is_lost(name, both):
    text, parts, steps = both
    cut = cut_steps(name, text, parts, steps)
    placed = [span for span in step_spans(text, cut) if span is not None]
    at = 0
    for start, end in placed:
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()


def test_a_version_never_changes(both):
    # Labels hang on it. Where this fails, keep the version as it was and add another one.
    text, parts, steps = both
    hashes = {name: text_hash(json.dumps(cut_steps(name, text, parts, steps)))[:12] for name in SEGMENTATIONS}
    assert hashes == {
        "": "433da4fd07a9",
        "paragraphs:1": "a2f1eb5d2f1e",
        "numbered:1": "682285e34065",
        "sentences:1": "ec62bab77d1a",
    }


def test_what_stands_nowhere_in_the_text_stays_a_step(both):
    _, _, steps = both
    for name in SEGMENTATIONS:
        assert cut_steps(name, "something else", (), steps) == steps


def test_a_trace_that_was_stored_without_steps_is_cut_all_the_same(both):
    text, parts, steps = both
    for name in WORDS:
        assert cut_steps(name, text, parts, []) == cut_steps(name, text, parts, steps[:-2])
    assert cut_steps("", text, parts, []) == []


def test_a_way_of_cutting_that_is_not_known_is_refused(both):
    with pytest.raises(Fault, match="found 'words:9', expected nothing or one of paragraphs:1, numbered:1"):
        cut_steps("words:9", *both)


def test_a_long_text_is_cut_in_time_and_ends_in_one_step():
    text, parts, steps = stored("Ab. " * 60_000 + "The end")
    begun = time.monotonic()
    cut = cut_steps("sentences:1", text, parts, steps)
    assert time.monotonic() - begun < 5
    assert len(cut) == MOST_STEPS
    assert cut[-1]["body"].endswith("The end")


def test_labels_say_of_other_steps_what_is_known_of_them():
    # Two paragraphs of two sentences each; the second sentence of the second one is bad.
    sentences, paragraphs = [(0, 5), (6, 10), (12, 20), (21, 30)], [(0, 10), (12, 30)]
    labels = {"0": "good", "1": "neutral", "2": "good", "3": "bad"}
    spans = {str(index): list(span) for index, span in enumerate(sentences)}

    assert carry_labels(labels, spans, paragraphs) == {"0": "neutral", "1": "bad"}
    assert carry_labels({"0": "good"}, spans, paragraphs) == {}
    assert carry_labels(labels, spans, [*sentences, None]) == labels
    whole = {"0": [0, 10], "1": [12, 30]}
    assert carry_labels({"0": "good", "1": "bad"}, whole, sentences) == {"0": "good", "1": "good"}
    assert carry_labels({"0": "good"}, {}, sentences) == {}
