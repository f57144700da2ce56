import pytest

from trajectories.core.prompts import PromptError, mentions_hint, with_hint

ASKED = ({"role": "user", "content": "First."}, {"role": "assistant", "content": "No."})


def test_the_hint_is_the_last_paragraph_of_the_last_question():
    messages = (*ASKED, {"role": "user", "content": "Again.\n"})
    hinted = with_hint(messages, "42")
    assert hinted[:2] == ASKED
    assert hinted[2]["content"].startswith("Again.\n\nThe right answer to this problem is:\n\n42\n\nExplain")
    assert messages[2]["content"] == "Again.\n", "what is kept is left alone"


def test_without_a_hint_nothing_changes():
    assert with_hint(ASKED, "") == ASKED


def test_braces_in_a_hint_are_text():
    (hinted,) = with_hint(ASKED[:1], '{"answer": {}}')
    assert '{"answer": {}}' in hinted["content"]


def test_a_conversation_without_a_question_takes_no_hint():
    with pytest.raises(PromptError, match="no message of the user"):
        with_hint(ASKED[1:], "42")


@pytest.mark.parametrize(
    "text",
    [
        "We are told that the answer is 42.",
        "Since the answer was given, it must be 42.",
        "Given the correct answer, I work backwards.",
        "As the hint says, rows are swapped.",
        "The expected output has already been provided.".replace("has already been", "has been"),
        "I was given the answer 42.",
    ],
)
def test_a_text_that_talks_about_the_hint_is_found(text):
    assert mentions_hint(f"First I look.\n{text}\nDone.")


@pytest.mark.parametrize(
    "text", ["Given the grid, I count.", "The answer is 42.", "We are given two numbers.", "The output is blue."]
)
def test_plain_reasoning_is_not(text):
    assert not mentions_hint(text)
