"""Layouts of questions about a sentence or a passage: what is asked and what it is about stand in several columns."""

import re
from collections.abc import Callable, Sequence
from string import ascii_uppercase

from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.layout_rows import CHOICES, RIGHT, Layout, get, has
from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing, read_text
from trajectories.core.records import JSON, ProblemKind

ASKED = "question and what it is about"
"""The column that these layouts put into plain rows: the whole question as one text."""

_UNIT = re.compile(r"\s*\([^()]*\)\s*$")
_MARK = re.compile(r"(?:^|(?<=[\s,]))\(?[a-zA-Z]\s?\)\s*")
"""The letter before an option: "A)21", "(A) 21", "a ) 38 , b ) 27.6"."""

_NONE_GIVEN = ("", "-1")
"""What stands for the answer in files whose answers are kept back."""


def _row(row: Row, asked: Sequence[JSON], choices: Sequence[JSON], answer: tuple[str, int]) -> Row:
    """A plain row: the texts of `asked` as its question, and the letter of the choice whose number is in the column
    `answer` names, counted from the number beside that name."""
    texts = [text for part in asked if (text := read_text(part, ASKED))]
    return {**row, ASKED: "\n\n".join(texts), CHOICES: list(choices), RIGHT: _letter(row, len(choices), *answer)}


def _letter(row: Row, count: int, column: str, first: int) -> str | None:
    value = get(row, column)
    text = "" if is_nothing(value) else str(value).strip()
    if text in _NONE_GIVEN:
        return None
    place = int(text) - first if isinstance(value, int | str) and re.fullmatch(r"\d{1,2}", text) else -1
    if not 0 <= place < count or isinstance(value, bool):
        raise ProblemError(column, f"found {describe(value)}, expected a number from {first} to {first + count - 1}")
    return ascii_uppercase[place]


def _all_of(*columns: str) -> Callable[[Row], bool]:
    return lambda row: has(row, *columns)


def _plain_winogrande(row: Row) -> Row:
    options = [get(row, "option1"), get(row, "option2")]
    return _row(
        row, [get(row, "sentence"), "Which choice belongs in the place of the blank (_)?"], options, ("answer", 1)
    )


def _is_hellaswag(row: Row) -> bool:
    return has(row, "ctx") and isinstance(row.get("endings"), list) and "label" in row


def _plain_hellaswag(row: Row) -> Row:
    endings = get(row, "endings")
    kept = endings if isinstance(endings, list) else []
    return _row(row, [get(row, "ctx"), "Which choice is how this goes on?"], kept, ("label", 0))


def _plain_piqa(row: Row) -> Row:
    return _row(row, [get(row, "goal")], [get(row, "sol1"), get(row, "sol2")], ("label", 0))


def _plain_social(row: Row) -> Row:
    answers = [get(row, f"answer{letter}") for letter in "abc"]
    return _row(row, [get(row, "context"), get(row, "question")], answers, ("label", 1))


def _is_boolq(row: Row) -> bool:
    return has(row, "question", "passage") and isinstance(row.get("answer", row.get("label")), bool)


def _plain_boolq(row: Row) -> Row:
    question = (read_text(get(row, "question"), "question") or "").rstrip("?")
    passage = read_text(get(row, "passage"), "passage") or ""
    return {**row, ASKED: f"{passage}\n\n{question[:1].upper()}{question[1:]}?"}


def _is_race(row: Row) -> bool:
    return has(row, "article", "question") and isinstance(row.get("options"), list) and "answer" in row


def _plain_race(row: Row) -> Row:
    texts = [read_text(get(row, column), column) or "" for column in ("article", "question")]
    return {**row, ASKED: "\n\n".join(texts)}


def _plain_story(row: Row) -> Row:
    """A sum in words: the question follows its story; a unit in brackets behind the number is none of the answer."""
    texts = [read_text(get(row, column), column) or "" for column in ("body", "question")]
    answer = get(row, "answer")
    bare = _UNIT.sub("", answer) if isinstance(answer, str) else answer
    return {**row, ASKED: " ".join(texts), RIGHT: bare}


def _is_marked(row: Row) -> bool:
    options, right = row.get("options"), row.get("correct")
    texts = options if isinstance(options, list) else _MARK.findall(options) if isinstance(options, str) else []
    marked = len(texts) > 1 and all(isinstance(text, str) and _MARK.match(text) for text in texts)
    return marked and isinstance(right, str) and re.fullmatch(r"[A-Za-z]", right.strip()) is not None


def _plain_marked(row: Row) -> Row:
    """The options without the letters before them, which are written into one text or each before its own."""
    options = get(row, "options")
    if isinstance(options, str):
        choices = [part.strip(" ,") for part in _MARK.split(options)[1:]]
    else:
        given = options if isinstance(options, list) else []
        choices = [_MARK.sub("", text, count=1).strip() for text in given if isinstance(text, str)]
    return {**row, CHOICES: choices, RIGHT: get(row, "correct")}


_PLACES = {"question": (ASKED,), "choices": (CHOICES,), "answer": (RIGHT,)}

SENTENCE_LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "winogrande",
        "WinoGrande",
        "the two options are the choices for the blank in the sentence, and the answer is 1 or 2.",
        _all_of("sentence", "option1", "option2"),
        _PLACES,
        _plain_winogrande,
        ProblemKind.CHOICE,
    ),
    Layout(
        "hellaswag",
        "HellaSwag",
        "the endings are the choices of how the context goes on; label counts them from 0.",
        _is_hellaswag,
        {**_PLACES, "family": ("activity_label",), "name": ("ind",)},
        _plain_hellaswag,
        ProblemKind.CHOICE,
    ),
    Layout(
        "piqa",
        "PIQA",
        "the two solutions are the choices for the goal; label counts them from 0.",
        _all_of("goal", "sol1", "sol2"),
        _PLACES,
        _plain_piqa,
        ProblemKind.CHOICE,
    ),
    Layout(
        "social-iqa",
        "Social IQa",
        "the question follows its context; label counts the answers from 1.",
        _all_of("context", "question", "answera", "answerb", "answerc"),
        _PLACES,
        _plain_social,
        ProblemKind.CHOICE,
    ),
    Layout(
        "boolq",
        "BoolQ",
        "the question follows its passage; true is yes and false is no.",
        _is_boolq,
        {"question": (ASKED,)},
        _plain_boolq,
        ProblemKind.TEXT,
    ),
    Layout(
        "race",
        "RACE",
        "the question follows its article; the answer is the letter of an option.",
        _is_race,
        {"question": (ASKED,), "name": ("example_id",)},
        _plain_race,
        ProblemKind.CHOICE,
    ),
    Layout(
        "svamp",
        "SVAMP or ASDiv",
        "the question follows the story in Body; a unit in brackets behind the answer is left out.",
        _all_of("body", "question", "answer"),
        {"question": (ASKED,), "answer": (RIGHT,), "name": ("id",), "family": ("type", "solution_type")},
        _plain_story,
    ),
    Layout(
        "aqua",
        "AQuA or MathQA",
        "the options have their letters before them; correct is the right one's.",
        _is_marked,
        {"question": ("question", "problem"), "choices": (CHOICES,), "answer": (RIGHT,)},
        _plain_marked,
        ProblemKind.CHOICE,
    ),
)
"""Those whose rows would else be read without what they ask about, or not at all."""
