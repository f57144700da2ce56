"""Signs of backtracking, reflection and questioning: what counts, in five languages, and what does not."""

import time

import pytest

from trajectories.core.records import StepKind
from trajectories.core.text.marks import OPENINGS, READ, find_signs

B, R, Q = StepKind.BACKTRACK, StepKind.REFLECTION, StepKind.QUESTION


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The rows are mirrored. Wait, the second pair differs.", [R]),
        ("Hmm, but that doesn’t fit the third pair.", [B]),
        ("I rotate it.\nLet me check: 3 + 4 = 7. So it holds.", [R]),
        ("What if the colours are swapped? Let's go back to the first pair.", [Q, B]),
        ("- Actually, it is a shift.", [R]),
        ("## Step 2\n\n1. Let me verify the shape.", [R]),
        ("No, that is another rule.", [B]),
        ("Die Zeilen sind gespiegelt. Moment, das passt nicht. Was wenn es eine Drehung ist?", [R, Q]),
        ("Das passt nicht zum zweiten Paar.", [B]),
        ("Les lignes changent. Attendons. Et si c'était une rotation ? Ça ne marche pas.", [R, Q, B]),
        ("Espera, esto no es lo mismo. Y si giramos la figura?", [R, Q]),
        ("颜色被交换了。等一下，让我检查。不对，重新开始。", [R, B]),
    ],
)
def test_sentences_that_begin_like_it_are_found(text, kinds):
    assert [sign.kind for sign in find_signs(text)] == kinds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "There is no reason to wait.",
        "The check fails for the second pair, and I know why.",
        "We can actually see it.",
        "The rule is to go back and forth.",
        "waiting rooms",
        "Waiter, the bill.",
        "He said that this is wrong in general.",
        "Warten Sie hier im Text.",
    ],
)
def test_words_inside_a_sentence_are_no_signs(text):
    assert list(find_signs(text)) == []


def test_the_place_and_the_words_are_those_of_the_text():
    text = "It is a mirror. Hmm, wait, no."
    (sign,) = find_signs(text)
    assert text[sign.start :].startswith("wait")
    assert sign.words == "wait"


def test_every_kind_has_words_and_each_is_found_at_the_start():
    assert {kind for kind, _ in OPENINGS} == {B, R, Q}


def test_only_the_beginning_of_a_text_is_read_and_hostile_texts_take_no_time():
    assert list(find_signs(" " * READ + "\nWait, no.")) == []
    for text in ("but " * 100_000, "\n" * 100_000, ". " * 100_000, "如果" * 50_000, "\n> * # - 1.)" * 20_000):
        started = time.process_time()
        list(find_signs(text))
        assert time.process_time() - started < 1.0


def test_words_are_told_as_they_stand_and_characters_that_grow_in_lower_case_move_nothing():
    text = "İİ başla. WAIT, That’s wrong. İ"
    found = [(sign.words, text[sign.start : sign.start + len(sign.words)]) for sign in find_signs(text)]
    assert found == [("WAIT", "WAIT")]
