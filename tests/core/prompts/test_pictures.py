"""Pictures of grids in prompts: marks in texts, parts in what is sent, digits where nobody knows marks."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rendering.test_images import grids
from tests.factories import FLIP_SPEC
from trajectories.core.identity import content_hash
from trajectories.core.problems.arc import render_grid
from trajectories.core.problems.grid_codes import encode_grid
from trajectories.core.prompts import PromptError, render_messages, shows_pictures
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.prompts.pictures import (
    PICTURE_TOKENS,
    estimate_shown,
    picture_mark,
    split_pictures,
    with_pictures,
    without_grids,
    write_out,
    written_out,
)
from trajectories.core.prompts.views import read_view
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem
from trajectories.core.rendering.images import LONGEST_SIDE, model_png
from trajectories.core.text.tokens import estimate_tokens
from trajectories.stand_ins.fake_endpoint.pictures import seen

GRID = ((1, 2), (3, 4))


def problem() -> PublicProblem:
    return PublicProblem(ProblemKind.ARC, "flip", "", FLIP_SPEC, content_hash(FLIP_SPEC))


def asked(view: str) -> str:
    instruction = InstructionRecord("with pictures", 1, view, "program")
    (message,) = render_messages(instruction, problem())
    return str(message["content"])


@given(grids)
def test_a_mark_is_its_grid(grid):
    assert split_pictures(f"Input:\n{picture_mark(grid)}\nNext") == ["Input:\n", grid, "\nNext"]
    assert write_out(f"Input:\n{picture_mark(grid)}") == f"Input:\n{render_grid(grid)}"


@given(st.text(max_size=80))
def test_any_text_without_marks_stays_as_it_is(text):
    assert write_out(text) == text
    assert with_pictures([{"role": "user", "content": text}]) == ({"role": "user", "content": text},)


@pytest.mark.parametrize("text", ["![grid](grid:AAAA)", "![grid](grid:)", "![grid](https://x.example/grid:AA)"])
def test_what_only_looks_like_a_mark_stays_text(text):
    assert split_pictures(text) == [text]


@given(grids)
def test_a_picture_shows_every_cell(grid):
    address = "data:image/png;base64," + base64.b64encode(model_png(grid)).decode()
    message = {"content": [{"type": "image_url", "image_url": {"url": address}}]}
    assert seen(message)["content"] == render_grid(grid)


def test_a_picture_of_the_largest_grid_is_as_large_as_one_tile():
    png = model_png(((0,) * 30,) * 30)
    assert int.from_bytes(png[16:20]) == 511 <= LONGEST_SIDE


def test_a_view_shows_pictures_beside_an_encoding_or_alone():
    both, alone = asked("digits-sizes-pictures"), asked("pictures")
    train = len(FLIP_SPEC["train"])
    assert both.count("![grid](grid:") == alone.count("![grid](grid:") == 2 * train + len(FLIP_SPEC["test"])
    assert "Below each is a picture of it, in the colours 0 black, 1 blue" in both
    assert "Grids are shown as pictures, in the colours 0 black" in alone
    first = tuple(map(tuple, FLIP_SPEC["train"][0]["input"]))
    assert f"Example 1 input:\n{picture_mark(first)}" in alone
    assert f"{render_grid(first)}\n{picture_mark(first)}" in both


def test_pictures_are_shown_of_grids_and_of_nothing_else():
    number = PublicProblem(ProblemKind.NUMERIC, "sum", "1 + 1", {}, "0")
    view = InstructionRecord("with pictures", 1, "digits-pictures", "program")
    assert (shows_pictures(view, problem()), shows_pictures(view, number)) == (True, False)
    with pytest.raises(PromptError, match="each word once"):
        read_view("pictures-pictures")
    with pytest.raises(PromptError, match="shows no grids, expected one of digits, json, coordinates, pictures"):
        read_view("sizes-pixels")


def test_what_is_sent_has_parts_and_what_a_model_wrote_has_none():
    mark = picture_mark(GRID)
    said = {"role": "assistant", "content": mark}
    parted, same = with_pictures([{"role": "user", "content": f"Input:\n{mark}\nOutput?"}, said])
    assert parted["content"] == [
        {"type": "text", "text": "Input:"},
        {"type": "grid", "grid": encode_grid(GRID)},
        {"type": "text", "text": "Output?"},
    ]
    assert same is said
    assert [part["text"] for part in without_grids(parted)["content"]] == ["Input:", "Output?"]
    assert written_out([said]) == ({"role": "assistant", "content": "1 2\n3 4"},)


def test_a_picture_counts_as_the_tokens_that_are_said():
    text = f"Input:\n{picture_mark(GRID)}"
    words = estimate_tokens("Input:\n")
    assert estimate_shown(text) == words + PICTURE_TOKENS
    assert estimate_shown(text, 1_000) == words + 1_000
    assert estimate_shown("1 2 3") == estimate_tokens("1 2 3")


def test_a_picture_of_the_answer_is_a_leak():
    answer = [[7, 7, 7], [7, 8, 7]]
    mark = picture_mark(tuple(map(tuple, answer)))
    assert find_leak(problem(), [answer], [{"role": "user", "content": f"Psst:\n{mark}"}]) == "the output of test 1"
