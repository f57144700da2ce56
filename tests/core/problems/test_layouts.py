"""What well-known data sets look like, and what their rows become."""

import pytest

from trajectories.core.problems import ProblemError
from trajectories.core.problems.layouts import LAYOUTS, describe_rows, find_layout, get_layout
from trajectories.core.problems.question_columns import columns_of_row
from trajectories.core.problems.questions import Told, read_question

KEYED = {"label": ["A", "B"], "text": ["bed", "road"]}
WINO = {"sentence": "The cup did not fit the box as the _ was too large.", "option1": "box", "option2": "cup"}
SWAG = {"ctx": "She lifts the cup and", "endings": ["drinks.", "flies.", "sinks."], "ind": 7, "activity_label": "Tea"}
BOTH = ["box", "cup"]
SOCIAL = {"context": "Ann fell.", "question": "How is she?", "answerA": "sore", "answerB": "glad", "answerC": "rich"}
ROWS = {
    "winogrande": {**WINO, "answer": "2"},
    "hellaswag": {**SWAG, "label": "0", "split": "val"},
    "piqa": {"goal": "Cool the tea.", "sol1": "Boil it.", "sol2": "Add ice.", "label": 1},
    "social-iqa": {**SOCIAL, "label": "1"},
    "boolq": {"question": "is tea a drink", "passage": "Tea is a drink.", "answer": True},
    "race": {"article": "Tea is hot.", "question": "Tea is _ .", "options": ["hot", "cold"], "answer": "A"},
    "svamp": {"ID": "c-1", "Body": "Ann has 3 pears.", "Question": "How many?", "Answer": "3 (pears)", "Type": "Add"},
    "aqua": {"question": "Which?", "options": ["A)21", "B) 21.5", "C)x (y)"], "rationale": "...", "correct": "B"},
    "verl": {"prompt": [{"role": "user", "content": "6 x 7?"}], "reward_model": {"ground_truth": "42"}},
    "gpqa": {"Question": "Which?", "Correct Answer": "x", "Incorrect Answer 1": "y", "Record ID": "r"},
    "mmlu-pro": {"question": "Which?", "options": ["x", "y"], "answer": "B", "answer_index": 1, "category": "law"},
    "commonsense-qa": {"question": "Where?", "question_concept": "bed", "choices": KEYED, "answerKey": "A"},
    "arc-challenge": {"id": "a", "question": "Where?", "choices": KEYED, "answerKey": "B"},
    "mmlu": {"question": "Which?", "subject": "law", "choices": ["x", "y"], "answer": 1},
    "lettered": {"question": "Which?", "A": "x", "B": "y", "C": "z", "answer": "B"},
    "gsm8k": {"question": "How many?", "answer": "8 x 9\n#### 72"},
    "math": {"problem": "x?", "level": "Level 3", "type": "Algebra", "solution": r"\boxed{3}"},
    "aime": {"ID": "2099-I-1", "Problem": "x?", "Solution": "", "Answer": "042"},
    "numina-math": {"source": "olympiads", "problem": "x?", "solution": r"So \boxed{3}."},
}
"""One row of each layout."""


def read(row: dict, layout=None, file="train.jsonl"):
    """The row as a problem, by its own layout where none is given."""
    found = find_layout([row]) if layout is None else get_layout(layout)
    plain = row if found is None else found.plain(row)
    kind = "" if found is None else found.kind
    return read_question(plain, columns_of_row(plain, {}, found), "row-1", Told(kind=kind), file)


def test_every_layout_has_a_row_here():
    assert list(ROWS) == [layout.name for layout in LAYOUTS]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_told_from_those_of_all_others(name):
    found = find_layout([ROWS[name]])
    assert found is not None
    assert found.name == name
    assert found.says.endswith(".")


@pytest.mark.parametrize(
    ("name", "kind", "reference"),
    [
        ("svamp", "numeric", "3"),
        ("aqua", "choice", "B"),
        ("verl", "numeric", "42"),
        ("mmlu-pro", "choice", "B"),
        ("commonsense-qa", "choice", "A"),
        ("arc-challenge", "choice", "B"),
        ("mmlu", "choice", "B"),
        ("lettered", "choice", "B"),
        ("gsm8k", "numeric", "72"),
        ("math", "numeric", "3"),
        ("aime", "numeric", "042"),
        ("numina-math", "numeric", "3"),
    ],
)
def test_kind_and_reference(name, kind, reference):
    record = read(ROWS[name])
    assert (record.kind, record.reference) == (kind, reference)


def test_a_story_is_asked_with_its_question_and_letters_are_none_of_their_options():
    story = read(ROWS["svamp"])
    assert (story.statement, story.name, story.family) == ("Ann has 3 pears. How many?", "c-1", "Add")
    assert read(ROWS["aqua"]).spec["choices"] == ["21", "21.5", "x (y)"]
    written = {"Problem": "Which?", "options": "a ) 38 , b ) 27.675 , c ) 1 , 000", "correct": "a", "category": "gain"}
    assert (read(written).spec["choices"], read(written).reference) == (["38", "27.675", "1 , 000"], "A")


@pytest.mark.parametrize(
    ("truth", "reference"),
    [
        ('["\\\\frac{1}{2}"]', "\\frac{1}{2}"),
        (["72"], "72"),
        (72, "72"),
        ('["iron", "tin"]', ["iron", "tin"]),
        ("[1, 2]", "[1, 2]"),
        ('["', '["'),
    ],
)
def test_the_truth_of_verl_may_be_a_list_that_is_written_as_text(truth, reference):
    assert read({"prompt": "Which?", "reward_model": {"ground_truth": truth}}).reference == reference


def test_a_prompt_of_verl_may_be_in_parts():
    prompt = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "6 x 7?"}]}]
    assert read({"prompt": prompt, "reward_model": {"ground_truth": "42"}}).statement == "6 x 7?"


def test_questions_whose_answers_are_kept_back_and_those_with_a_best_one():
    asked = {"question": {"stem": "Where?", "question_concept": "bed", "choices": [{"label": "A", "text": "x"}] * 2}}
    with pytest.raises(ProblemError, match="found a label twice"):
        read({"id": "1", **asked})
    asked["question"]["choices"] = [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]
    record = read({"id": "1", **asked})
    assert (record.kind, record.reference, record.family) == ("choice", None, "bed")
    best = read({"question": "Which?", "best_answer": "x", "incorrect_answers": ["y"], "correct_answers": ["x", "z"]})
    assert sorted(best.spec["choices"]) == ["x", "y"]


def test_nine_of_ten_rows_decide():
    rows = [ROWS["gsm8k"]] * 9 + [{"question": "?", "answer": "72"}]
    assert find_layout(rows).name == "gsm8k"
    assert find_layout([*rows, {"question": "?", "answer": "7"}]) is None
    assert find_layout([]) is None


@pytest.mark.parametrize(
    "row",
    [
        {"question": "3 + 4?", "a": 3, "b": 4, "answer": 7},
        {"question": "3 + 4?", "a": 0, "b": 1, "answer": 1},
        {"question": "Which?", "choices": ["x", "y"], "answer": "B"},
        {"problem": "x?", "answer": "42", "id": "7"},
        {"question": "#### ?", "answer": 4},
    ],
)
def test_what_only_looks_a_little_like_one_is_none(row):
    assert find_layout([row]) is None


def test_right_and_wrong_answers_become_choices_in_an_order_of_the_question():
    row = {"question": "Which?", "correct_answer": " iron ", "distractor1": "lead", "distractor2": "tin"}
    first = read(row)
    assert sorted(first.spec["choices"]) == ["iron", "lead", "tin"]
    assert first.spec["choices"]["ABC".index(first.reference)] == "iron"
    assert read({**row, "distractor1": "tin", "distractor2": "lead"}) == first
    places = {read({**row, "question": f"Which, {number}?"}).reference for number in range(20)}
    assert places == {"A", "B", "C"}


def test_wrong_answers_may_be_a_list():
    record = read({"question": "Which?", "correct_answer": "x", "incorrect_answers": ["y", "z", "z"]})
    assert sorted(record.spec["choices"]) == ["x", "y", "z", "z"]


@pytest.mark.parametrize(
    ("layout", "row", "message"),
    [
        ("gpqa", {"question": "?", "correct_answer": "x", "distractor1": "x"}, "among the wrong answers too"),
        ("gpqa", {"question": "?", "answer": "x"}, "Correct Answer: found nothing, expected the right answer"),
        ("mmlu-pro", {**ROWS["mmlu-pro"], "answer_index": 0}, "answer_index: found 0 beside the answer B"),
        (
            "gsm8k",
            {"question": "?", "answer": "72"},
            "answer: found the text '72', expected a solution that ends in",
        ),
        ("verl", {**ROWS["verl"], "prompt": []}, "prompt: found an empty list, expected a message of the user"),
        ("mmlu", {"question": "?", "answer": 1}, "choices: found nothing, expected a list of choices"),
        (
            None,
            {"question": "?", "answerA": "x", "answerB": "y", "answerC": "z", "label": "2"},
            "label: found the text '2', expected one letter from A to C",
        ),
        (
            "lettered",
            {"question": "?", "A": "x", "answer": "A"},
            "choices: found an object with 1 keys, expected 2",
        ),
    ],
)
def test_rows_that_are_none_of_a_layout_are_faults(layout, row, message):
    with pytest.raises(ProblemError) as fault:
        read(row, layout)
    assert message in str(fault.value)


def test_verl_says_the_side_in_its_extra_info():
    row = {**ROWS["verl"], "extra_info": {"split": "test"}, "ability": "math"}
    record = read(row)
    assert (record.split, record.family, record.statement) == ("eval", "math", "6 x 7?")
    assert read({**ROWS["verl"], "prompt": "6 x 7?"}).statement == "6 x 7?"
    searched = {**ROWS["verl"], "reward_model": {"ground_truth": {"target": ["Rome", "Roma"]}}}
    assert read(searched).reference == ["Rome", "Roma"]


def test_question_and_choices_may_be_one_object():
    entries = [{"label": "1", "text": "x"}, {"label": "2", "text": "y"}]
    record = read({"id": "n", "question": {"stem": "Which?", "choices": entries}, "answerKey": "2"})
    assert (record.statement, record.reference, record.spec["choices"]) == ("Which?", "B", ["x", "y"])
    assert read({"id": "n", "question": {"stem": "Which?", "choices": entries}, "answerKey": ""}).reference is None
    stem = {"question_stem": "Which?", "choices": KEYED, "answerKey": "B"}
    assert (read(stem).statement, read(stem).reference) == ("Which?", "B")


@pytest.mark.parametrize("answer", ["proof", "notfound", " Not Found "])
def test_what_numina_math_says_where_there_is_no_answer(answer):
    row = {**ROWS["numina-math"], "solution": "Clear.", "answer": answer}
    assert read(row).reference is None
    assert read({**row, "answer": "5"}).reference == "5"


def test_a_column_for_each_choice():
    cop = {"question": "Which?", "opa": "x", "opb": "y", "opc": "z", "opd": "w", "cop": 2}
    assert (read(cop).reference, read(cop).spec["choices"]) == ("C", ["x", "y", "z", "w"])
    three = {"input": "Which?", "A": "x", "B": "y", "C": "", "D": "w", "target": "y"}
    assert (read(three).reference, read(three).spec["choices"]) == ("B", ["x", "y"])


def test_rows_of_other_things_are_named():
    assert "recording of an ARC-AGI-3 game" in describe_rows({"timestamp": "", "data": {"game_id": "g"}})
    assert "imported as traces" in describe_rows({"messages": [{"role": "user"}]})
    assert describe_rows({"text": "x"}) == ""


@pytest.mark.parametrize(
    ("name", "statement", "reference", "choices"),
    [
        (
            "winogrande",
            f"{WINO['sentence']}\n\nWhich choice belongs in the place of the blank (_)?",
            "B",
            ["box", "cup"],
        ),
        ("hellaswag", f"{SWAG['ctx']}\n\nWhich choice is how this goes on?", "A", SWAG["endings"]),
        ("piqa", "Cool the tea.", "B", ["Boil it.", "Add ice."]),
        ("social-iqa", "Ann fell.\n\nHow is she?", "A", ["sore", "glad", "rich"]),
        ("boolq", "Tea is a drink.\n\nIs tea a drink?", ["yes", "true"], None),
        ("race", "Tea is hot.\n\nTea is _ .", "A", ["hot", "cold"]),
    ],
)
def test_a_question_has_what_it_is_about(name, statement, reference, choices):
    record = read(ROWS[name])
    assert (record.statement, record.reference, record.spec.get("choices")) == (statement, reference, choices)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**WINO, "answer": "3"}, "answer: found the text '3', expected a number from 1 to 2"),
        ({**WINO, "answer": "A"}, "answer: found the text 'A', expected a number from 1 to 2"),
        ({**SWAG, "label": 3}, "label: found 3, expected a number from 0 to 2"),
    ],
)
def test_a_number_of_no_choice_is_a_fault(row, said):
    with pytest.raises(ProblemError) as fault:
        read(row)
    assert said in f"{fault.value.path}: {fault.value.detail}"


@pytest.mark.parametrize("row", [{**WINO, "answer": ""}, {**SWAG, "label": ""}, {**ROWS["piqa"], "label": -1}])
def test_an_answer_that_is_kept_back_is_none(row):
    assert read(row).reference is None
