import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems.arithmetic import Sum, scratchpad
from trajectories.core.prompts.steps import MAX_DEPTH, MAX_STEPS, kind_of_title, parse_steps
from trajectories.core.records import StepKind

TREE = """Some words before.

## Subtask 1: look at the sizes
They stay.

### Question: is black the ground?
Yes.

### Backtrack: the rule is not a shift
It is a mirror.

## Subtask 2: write the rule
```python
# not a heading
## neither
```
### Reflection: check the rule
#### Deeper
## Answer
42
"""


def test_headings_make_a_tree():
    steps = parse_steps(TREE)
    assert [(step.kind.value, step.title, step.depth) for step in steps] == [
        ("text", "", 0),
        ("subtask", "Subtask 1: look at the sizes", 0),
        ("question", "Question: is black the ground?", 1),
        ("backtrack", "Backtrack: the rule is not a shift", 1),
        ("subtask", "Subtask 2: write the rule", 0),
        ("reflection", "Reflection: check the rule", 1),
        ("text", "Deeper", 2),
        ("answer", "Answer", 0),
    ]
    assert "# not a heading" in steps[4].body
    assert steps[-1].body == "42"


def test_levels_that_are_left_out_do_not_deepen_the_tree():
    assert [step.depth for step in parse_steps("# a\n#### b\n###### c\n## d\n")] == [0, 1, 2, 1]


def test_bold_lines_are_headings_below_all_others():
    steps = parse_steps("## Subtask 1\n**Backtrack:**\nno\n**Reflection**\nyes")
    assert [(step.kind.value, step.depth) for step in steps] == [("subtask", 0), ("backtrack", 1), ("reflection", 1)]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Subtask 3: Verify the rule", StepKind.REFLECTION),
        ("Subtask 3: find the objects", StepKind.SUBTASK),
        ("Step 2", StepKind.SUBTASK),
        ("2. Backtracking", StepKind.BACKTRACK),
        ("Self-evaluation", StepKind.REFLECTION),
        ("What if it is a rotation?", StepKind.QUESTION),
        ("Final answer", StepKind.ANSWER),
        ("The answer", StepKind.ANSWER),
        ("Hypothesis A", StepKind.HYPOTHESIS),
        ("Observations", StepKind.OBSERVATION),
        ("Python implementation", StepKind.PROGRAM),
        ("Grid sizes", StepKind.TEXT),
    ],
)
def test_a_heading_says_what_its_step_does(title, kind):
    assert kind_of_title(title) is kind


@pytest.mark.parametrize(
    ("paragraph", "kind"),
    [
        ("Wait, the sizes differ.", StepKind.REFLECTION),
        ("Let me check this on pair 2.", StepKind.REFLECTION),
        ("Hmm, that doesn't work for pair 2.", StepKind.BACKTRACK),
        ("Let me try another idea.", StepKind.BACKTRACK),
        ("But what if black is not the ground?", StepKind.QUESTION),
        ("The output is mirrored.", StepKind.TEXT),
    ],
)
def test_a_paragraph_says_by_its_opening_what_it_does(paragraph, kind):
    assert [step.kind for step in parse_steps(f"{paragraph}\nMore.\n\nEnd.")] == [kind, StepKind.TEXT]


def test_a_blank_line_in_code_parts_no_paragraphs():
    steps = parse_steps("So:\n```\na\n\nb\n```\n\nDone.")
    assert [step.body for step in steps] == ["So:\n```\na\n\nb\n```", "Done."]


def test_more_steps_than_can_be_shown_are_kept_in_the_last():
    for text in ("".join(f"# h{n}\nbody {n}\n" for n in range(900)), "\n\n".join(f"body {n}" for n in range(900))):
        steps = parse_steps(text)
        assert MAX_STEPS - 1 <= len(steps) <= MAX_STEPS
        assert "body 899" in steps[-1].body
        kept = "\n".join(step.body for step in steps).split("\n")
        assert [line for line in kept if line.startswith("body")] == [f"body {n}" for n in range(900)]


@given(st.text(alphabet="#*`~ \nab1.", max_size=300))
def test_no_word_is_lost(text):
    steps = parse_steps(text)
    kept = "".join(step.title + step.body for step in steps)
    assert {word for word in ("a", "b", "1") if word in text} <= set(kept)
    assert all(step.depth <= MAX_DEPTH for step in steps)


def test_a_scratchpad_is_cut_at_its_lines_and_nothing_of_it_is_lost():
    text = f"I add them.\n\nHere: {scratchpad(Sum(7, 5))}\n\nSo it is 12."
    steps = parse_steps(text)
    titles = [step.title for step in steps]
    assert titles == ["I add them", "Here", "7 + 5 , C: 0", ", 2 C: 1", "1 2", "12", "So it is 12"]
    assert "".join("".join(step.body for step in steps).split()) == "".join(text.split())
    long = "word\n\n" * (MAX_STEPS - 4) + scratchpad(Sum(12345, 54321))
    assert len(parse_steps(long)) <= MAX_STEPS
    assert parse_steps(long)[-1].body.endswith("66666")
    flood = "<scratch>\n" + "1\n" * 100 + "</scratch>"
    assert [step.body for step in parse_steps(flood)] == [flood]
