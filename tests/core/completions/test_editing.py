"""Editing some parts of a completion leaves the others where and as they were."""

import pytest

from trajectories.core.completions.editing import edit_parts
from trajectories.core.completions.parts import (
    NOWHERE,
    Completion,
    completion_of,
    parts_from_json,
    parts_to_json,
)
from trajectories.core.completions.thoughts import Part, PartKind

TAGGED = completion_of("<think>\nTwo and two is five.\n</think>\nThe answer is 5.")


def test_marks_and_gaps_stay():
    edited = edit_parts(TAGGED, {0: "\nTwo and two is four.\n", 1: "\nThe answer is 4."})
    assert edited.text == "<think>\nTwo and two is four.\n</think>\nThe answer is 4."
    assert [part.text for part in edited.parts] == ["\nTwo and two is four.\n", "\nThe answer is 4."]


@pytest.mark.parametrize("texts", [{}, {0: "short"}, {1: "much longer than what stood there"}, {0: "", 1: "x"}])
def test_the_parts_stand_where_they_say(texts):
    edited = edit_parts(TAGGED, texts)
    assert all(edited.text[part.start : part.end] == part.text for part in edited.parts)
    assert parts_from_json(parts_to_json(edited.parts), edited.text) == edited.parts


def test_nothing_edited_is_the_same():
    assert edit_parts(TAGGED, {index: part.text for index, part in enumerate(TAGGED.parts)}) == TAGGED


def test_an_answer_can_be_added_to_thoughts_that_were_cut_off():
    cut = completion_of("<think>Two and two")
    edited = edit_parts(cut, {}, "It is 4.")
    assert [(part.kind, part.is_open) for part in edited.parts] == [
        (PartKind.THINKING, False),
        (PartKind.CONTENT, False),
    ]
    assert edited.content.text == "It is 4."


def test_thoughts_that_stand_apart_from_the_text_are_edited_too_and_lose_their_signature():
    signed = Part(PartKind.THINKING, "old", NOWHERE, NOWHERE, source="thinking", data={"signature": "abc"})
    whole = Completion("said", (signed, Part(PartKind.CONTENT, "said", 0, 4, data={"id": 1})))
    edited = edit_parts(whole, {0: "new"})
    assert (edited.parts[0].text, dict(edited.parts[0].data), edited.text) == ("new", {}, "said")
    assert dict(edited.parts[1].data) == {"id": 1}


def test_what_tools_gave_is_not_for_editing():
    whole = Completion("", (Part(PartKind.TOOL_RESULT, "7", NOWHERE, NOWHERE),))
    for index in (0, 1, -1):
        with pytest.raises(KeyError):
            edit_parts(whole, {index: "8"})
