import json

import numpy as np

from trajectories.core.problems.arc import ArcPair, ArcTask, render_prompt
from trajectories.core.rendering.texts import grid_texts

GRID = ((1, 0, 2), (3, 4, 5))


def test_json_and_digits():
    texts = grid_texts(GRID)
    assert json.loads(texts["JSON"]) == [[1, 0, 2], [3, 4, 5]]
    assert texts["Digits"] == "102\n345"


def test_the_numpy_literal_is_numpy():
    array = eval(grid_texts(GRID)["NumPy"], {"np": np})
    assert array.dtype == np.int8
    assert array.tolist() == [[1, 0, 2], [3, 4, 5]]


def test_the_prompt_form_is_what_stands_in_a_prompt():
    task = ArcTask(train=(ArcPair(GRID, GRID),), test=(ArcPair(GRID, None),))
    assert grid_texts(GRID)["As in a prompt"] in render_prompt(task)
