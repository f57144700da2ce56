"""Thoughts and content, however they came mixed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.completions.thoughts import PartKind, content_of, split_thoughts


@pytest.mark.parametrize(
    ("text", "thinking", "content"),
    [
        ("It is 7.", [], ["It is 7."]),
        ("<think>5?</think>\n\nIt is 7.", ["5?"], ["\n\nIt is 7."]),
        ("5?\n</think>\n\nIt is 7.", ["5?\n"], ["\n\nIt is 7."]),
        ("<think>so 7, but", ["so 7, but"], []),
        ("<Think>5?</THINK>7", ["5?"], ["7"]),
        ("[THINK]5?[/THINK]7", ["5?"], ["7"]),
        ("<thinking>5?</thinking>7", ["5?"], ["7"]),
        ("◁think▷5?◁/think▷7", ["5?"], ["7"]),
        ("<|START_THINKING|>5?<|END_THINKING|><|START_RESPONSE|>7<|END_RESPONSE|>", ["5?"], ["7"]),
        ("<|begin_of_thought|>5?<|end_of_thought|><|begin_of_solution|>7<|end_of_solution|>", ["5?"], ["7"]),
        ("a<think>b</think>c<think>d</think>e", ["b", "d"], ["a", "c", "e"]),
        ("<think>I put <think> here.</think>7", ["I put <think> here."], ["7"]),
        ("<think>a</think>7</think>", ["a"], ["7"]),
        ("Write `<think>` first. It is 7.", [], ["Write `<think>` first. It is 7."]),
        (
            "<|channel|>analysis<|message|>5?<|end|><|start|>assistant<|channel|>final<|message|>7<|return|>",
            ["5?"],
            ["7"],
        ),
        ("analysis<|message|>5?<|end|><|start|>assistant<|channel|>final<|message|>7", ["5?"], ["7"]),
        ("5?<|end|><|start|>assistant<|channel|>final<|message|>7", ["5?"], ["7"]),
        ("<|channel|>final<|message|>7", [], ["7"]),
        ("<|channel|>analysis<|message|>so 7", ["so 7"], []),
        (
            "<|channel|>commentary to=functions.python <|constrain|>json<|message|>{}<|call|><|start|>assistant"
            "<|channel|>final<|message|>7",
            ["{}"],
            ["7"],
        ),
        ("analysisWe add.assistantfinalIt is 7.", ["We add."], ["It is 7."]),
        ("analysisWe add", ["We add"], []),
        ("analysis of the task: 7", [], ["analysis of the task: 7"]),
        ('<think id="1">5?</think>7', ["5?"], ["7"]),
        ("<scratchpad>5?</scratchpad>7", ["5?"], ["7"]),
        ("<mm:think>5?</mm:think>7", ["5?"], ["7"]),
        ("<longcat_think>5?</longcat_think>7", ["5?"], ["7"]),
        ("<|think|>5?<|/think|>7", ["5?"], ["7"]),
        ("<unused94>thought\n5?<unused95>7", ["\n5?"], ["7"]),
        ("5?<unused95>7", ["5?"], ["7"]),
        ("<ctrl94>thought\n5?<ctrl95>7", ["\n5?"], ["7"]),
        ("<|channel>thought\n5?<channel|>7", ["\n5?"], ["7"]),
        ("<|channel>thought\nso 7", ["\nso 7"], []),
        ("<|begin_of_thinking|>5?<|end_of_thinking|>7", ["5?"], ["7"]),
        ("<|think_start|>5?<|think_end|>7", ["5?"], ["7"]),
        ("<｜begin▁of▁thinking｜>5?<｜end▁of▁thinking｜>7", ["5?"], ["7"]),
        ("<|inner_prefix|>5?<|inner_suffix|>7", ["5?"], ["7"]),
        ("<inner_monologue>5?</inner_monologue>7", ["5?"], ["7"]),
        ("<chain_of_thought>5?</chain_of_thought>7", ["5?"], ["7"]),
        ("<think>5?<think/>7", ["5?"], ["7"]),
        ("<think/>7", [], ["7"]),
        ("&lt;think&gt;5?&lt;/think&gt;7", ["5?"], ["7"]),
        ("5?&lt;/think&gt;7", ["5?"], ["7"]),
        ("&lt;think&gt;so 7", ["so 7"], []),
        ("Write &lt;think&gt; first. It is 7.", [], ["Write &lt;think&gt; first. It is 7."]),
        ("<analysis>5?</analysis>7", ["5?"], ["7"]),
        ("<reflection>5?</reflection>a<reflection>6?</reflection>7", ["5?", "6?"], ["a", "7"]),
        ("It is 7. <analysis> of it", [], ["It is 7. <analysis> of it"]),
        ("<think>a <analysis>b</analysis> c</think>7", ["a <analysis>b</analysis> c"], ["7"]),
        ("[THINKING]5?[/THINKING]7", ["5?"], ["7"]),
        ("[BEGIN_THINK]5?[END_THINK]7", ["5?"], ["7"]),
        ("The [thinking](x) is 7. [reasoning]", [], ["The [thinking](x) is 7. [reasoning]"]),
        (
            '<details type="reasoning" done="true">\n<summary>Thought for 2 s</summary>\n> 5?</details>7',
            ["\n> 5?"],
            ["7"],
        ),
        ("<details><summary>My thinking</summary>5?</details>7", ["5?"], ["7"]),
        ("<details><summary>Proof</summary>5</details>7", [], ["<details><summary>Proof</summary>5</details>7"]),
        ("```thinking\n5?\n```\n7", ["\n5?\n"], ["\n7"]),
        ("```python\n5\n```\n7", [], ["```python\n5\n```\n7"]),
        ("Thinking...\n5?\n...done thinking.\n\n7", ["5?\n"], ["\n\n7"]),
        ("Thinking...\nIt is 7.", [], ["Thinking...\nIt is 7."]),
        ("Here is my thought process: 5?\nHere is my response: 7", [" 5?\n"], [" 7"]),
        ("Here's my thought process: so 7", [" so 7"], []),
        ("## Thinking\n\n5?\n\n## Final Response\n\n7", ["\n5?\n\n"], ["\n\n7"]),
        ("Rule: <think twice> is 7.", [], ["Rule: <think twice> is 7."]),
        ("", [], []),
    ],
)
def test_parts(text: str, thinking: list[str], content: list[str]) -> None:
    parts = split_thoughts(text)
    assert [part.text for part in parts if part.kind is PartKind.THINKING] == thinking
    assert [part.text for part in parts if part.kind is PartKind.CONTENT] == content


@pytest.mark.parametrize(
    ("text", "is_open"),
    [("<think>so", True), ("<think>so</think>7", False), ("so</think>", False), ("[THINK]so", True)],
)
def test_a_text_cut_off_inside_its_thoughts_says_so(text: str, is_open: bool) -> None:
    assert any(part.is_open for part in split_thoughts(text)) is is_open


def test_content_knows_its_place() -> None:
    text = "a<think>b</think>cd"
    content = content_of(text)
    assert content.text == "a\ncd"
    assert [text[content.place(index)] for index in (0, 2, 3)] == ["a", "c", "d"]


pieces = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "[THINK]",
            "<|channel|>",
            "final",
            "<|message|>",
            "<|end|>",
            "analysis",
            "a",
            " ",
            "\n",
            "`",
        ]
    )
    | st.text(max_size=5)
).map("".join)


@given(pieces)
def test_parts_are_in_order_and_where_they_say(text: str) -> None:
    parts = split_thoughts(text)
    assert all(text[part.start : part.end] == part.text and part.text.strip() for part in parts)
    assert all(one.end <= other.start for one, other in pairwise(parts))
    content = content_of(text)
    for index, character in enumerate(content.text):
        assert character in ("\n", text[content.place(index)]) or character == text[content.place(index)]


def test_long_texts_are_read_in_time() -> None:
    for text in ("<think>" * 50_000, "<" * 200_000, "<|channel|>" * 20_000, "`" * 200_000, "a</think>" * 20_000):
        split_thoughts(text)
