"""What is left over behind an answer."""

import pytest

from trajectories.core.answers.endings import end_of_said, without_loose_ends


@pytest.mark.parametrize(
    "token", ["<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "<|endoftext|>", "[EOS]"]
)
def test_nothing_is_said_behind_a_token_for_the_end(token: str) -> None:
    assert end_of_said(f"Answer: 42{token}\nAnswer: 43") == len("Answer: 42")
    assert end_of_said(f"{token}Answer: 42") == len(f"{token}Answer: 42")
    assert end_of_said(f"The token `{token}` ends a text.") == len(f"The token `{token}` ends a text.")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("42)", "42"),
        ("42 ✅", "42"),
        ("42 ∎", "42"),
        ("42 \\\\", "42"),
        ("42\\n", "42"),
        ("} 42$", "42$"),
        ("42}$", "42"),
        ("(42)", "(42)"),
        ("[0, 1)", "[0, 1)"),
        ("]0, 1]", "]0, 1]"),
        ("]0, 1[", "]0, 1["),
        (r"\(42\)", r"\(42\)"),
        ("20°", "20°"),
        ("✅", ""),
        (")" * 5_000, ")" * 5_000),
    ],
)
def test_loose_ends(text: str, kept: str) -> None:
    start, end = without_loose_ends(text, 0, len(text))
    assert text[start:end] == kept
