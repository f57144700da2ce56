"""How well-known data sets lay out their questions, and which of them a file looks like.

A layout says in which columns the fields of a question are, and turns a row whose values are nested or spread over
several columns into a plain one. It changes no answer: how an answer is read is the same for every file.
"""

import json
import re
from collections.abc import Sequence
from string import ascii_uppercase

from trajectories.core.answers.references import answer_of_solution
from trajectories.core.identity import text_hash
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.layout_rows import CHOICES, RIGHT, Layout, get, has, is_whole
from trajectories.core.problems.question_choices import read_choices_of
from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing, read_text
from trajectories.core.problems.sentence_layouts import SENTENCE_LAYOUTS
from trajectories.core.records import JSON, ProblemKind

PLAIN = "plain"
"""What is chosen for a file that is to be read by its columns alone, whatever it looks like."""
LOOKED_AT = 200
"""Rows that decide what a file looks like."""
GROUND_TRUTH, SPLIT = "reward_model.ground_truth", "extra_info.split"
"""Columns that the layout of verl puts into plain rows."""

_WRONG = re.compile(r"(?:incorrect answer|incorrect_answer|distractor)[ _]?\d+")
_AIME_ID = re.compile(r"\d{4}-I{1,2}-\d+|aime", re.IGNORECASE)
_THREE_DIGITS = re.compile(r"\d{1,3}")
NO_ANSWERS = frozenset({"proof", "notfound", "not found"})
"""What data sets of mathematics have in place of an answer that is none."""
_LETTERED = re.compile(r"(?:option|choice|answer|op)?[ _]?([a-j])")
_LETTERED_ANSWERS = ("answer", "cop", "target", "correct", "correct option", "answerkey", "label")


def find_layout(rows: Sequence[Row]) -> Layout | None:
    """The layout that nine of ten rows look like; None where there is none."""
    lowered = [{column.lower(): value for column, value in row.items()} for row in rows[:LOOKED_AT]]
    needed = 0.9 * len(lowered)
    fitting = (layout for layout in LAYOUTS if sum(layout.fits(row) for row in lowered) >= needed)
    return next(fitting, None) if lowered else None


def get_layout(name: str) -> Layout | None:
    """The layout of that name; None where there is none."""
    return next((layout for layout in LAYOUTS if layout.name == name), None)


def describe_rows(row: Row) -> str:
    """What rows without a question are, where that is known: "" else."""
    data = row.get("data")
    if isinstance(data, dict) and "game_id" in data:
        return "found a recording of an ARC-AGI-3 game, expected questions or ARC tasks; recordings are not read"
    if isinstance(row.get("messages"), list) or isinstance(row.get("conversations"), list):
        return "found conversations, expected questions; what models answered is imported as traces"
    return ""


def _inside(row: Row, column: str, key: str) -> JSON:
    """What an object in a column has under a key; None where there is no object."""
    value = row.get(column)
    return value.get(key) if isinstance(value, dict) else None


def _is_verl(row: Row) -> bool:
    model = row.get("reward_model")
    return isinstance(model, dict) and "ground_truth" in model and has(row, "prompt")


def _plain_verl(row: Row) -> Row:
    """The last message of the user as the question; answer and split out of their objects."""
    truth, split = _inside(row, "reward_model", "ground_truth"), _inside(row, "extra_info", "split")
    if isinstance(truth, dict) and "target" in truth:
        truth = truth["target"]
    truth = _listed(truth)
    prompt = row.get("prompt")
    if isinstance(prompt, list):
        users = [each for each in prompt if isinstance(each, dict) and each.get("role") == "user"]
        if not users:
            raise ProblemError("prompt", f"found {describe(prompt)}, expected a message of the user among them")
        prompt = users[-1].get("content")
        if isinstance(prompt, list):  # parts of a content
            texts = [part["text"] for part in prompt if isinstance(part, dict) and isinstance(part.get("text"), str)]
            prompt = "\n".join(texts)
    return {**row, "prompt": prompt, GROUND_TRUTH: truth, SPLIT: split}


def _listed(truth: JSON) -> JSON:
    """The answers of a list that is written as text (Skywork-OR1), the one answer where it is alone."""
    if isinstance(truth, str) and truth.strip().startswith('["'):
        try:
            found = json.loads(truth)
        except (ValueError, RecursionError):
            return truth
        truth = found if isinstance(found, list) and found and all(isinstance(one, str) for one in found) else truth
    return truth[0] if isinstance(truth, list) and len(truth) == 1 else truth


def _rights(row: Row) -> list[str]:
    return [column for column in row if column.lower().replace("_", " ") in ("correct answer", "best answer")]


def _wrongs(row: Row) -> list[str]:
    return [column for column in row if _WRONG.fullmatch(column.lower()) and not is_nothing(row[column])]


def _is_gpqa(row: Row) -> bool:
    return len(_rights(row)) == 1 and (len(_wrongs(row)) > 0 or isinstance(row.get("incorrect_answers"), list))


def _plain_gpqa(row: Row) -> Row:
    """The right answer and the wrong ones as choices, in an order that only the question and they decide."""
    [column] = _rights(row) or [""]
    right = read_text(row.get(column), column)
    listed = get(row, "incorrect_answers")
    wrong = listed if isinstance(listed, list) else [row[each] for each in _wrongs(row)]
    texts = [read_text(each, "incorrect answers") for each in wrong]
    if right is None or None in texts:
        raise ProblemError(column or "Correct Answer", "found nothing, expected the right answer and the wrong ones")
    if right in texts:
        raise ProblemError(column, f"found {describe(right)} among the wrong answers too, expected another text")
    question = str(get(row, "question"))
    # Not by place: where the right answer always came first, a model that says "A" would be right.
    order = sorted([right, *map(str, texts)], key=lambda text: text_hash(f"{question}\0{text}"))
    return {**row, CHOICES: order, RIGHT: ascii_uppercase[order.index(right)] if len(order) <= 26 else right}


def _is_mmlu_pro(row: Row) -> bool:
    return has(row, "question", "options", "answer") and is_whole(row.get("answer_index"))


def _plain_mmlu_pro(row: Row) -> Row:
    """The row as it is, where letter and index of its answer are of the same choice."""
    index, choices = get(row, "answer_index"), read_choices_of(get(row, "options"), "options")
    answer = get(row, "answer")
    if choices is None or index is None or is_nothing(answer):
        return row
    if choices.letters(answer, "answer") != choices.letters(index, "answer_index"):
        raise ProblemError("answer_index", f"found {index} beside the answer {answer!s:.20}, expected the same")
    return row


def _is_keyed(row: Row) -> bool:
    nested = row.get("question")
    nested = nested if isinstance(nested, dict) else {}
    choices = nested.get("choices", row.get("choices"))
    entry = choices[0] if isinstance(choices, list) and choices else choices
    # Of files whose answers are kept back the key is missing.
    keyed = "answerkey" in row or "stem" in nested
    return keyed and isinstance(entry, dict) and "label" in entry and "text" in entry


def _is_commonsense(row: Row) -> bool:
    nested = row.get("question")
    return _is_keyed(row) and ("question_concept" in row or isinstance(nested, dict))


def _plain_keyed(row: Row) -> Row:
    """Stem and choices out of the question, where they are inside."""
    question = row.get("question")
    if not isinstance(question, dict):
        return row
    inside = {CHOICES: question["choices"]} if "choices" in question else {}
    concept = {name: question[name] for name in ("question_concept",) if name in question}
    return {**row, **concept, "question": question.get("stem"), **inside}


def _is_mmlu(row: Row) -> bool:
    return isinstance(row.get("choices"), list) and has(row, "question") and is_whole(row.get("answer"))


def _lettered(row: Row) -> dict[str, JSON]:
    """The texts of choices that stand in columns by letter, from A on without a gap."""
    named = {found[1]: value for column, value in row.items() if (found := _LETTERED.fullmatch(column.lower()))}
    kept: dict[str, JSON] = {}
    for letter in ascii_uppercase:
        if is_nothing(named.get(letter.lower())):
            break
        kept[letter] = named[letter.lower()]
    return kept


def _is_lettered(row: Row) -> bool:
    """Whether there are such columns, and an answer that is one of them: "a" and "b" may be anything."""
    choices = _lettered(row)
    if len(choices) < 2 or "choices" in row or "options" in row:
        return False
    answers = [row[column] for column in _LETTERED_ANSWERS if not is_nothing(row.get(column))]
    if not answers or isinstance(answers[0], bool):
        return False
    if is_whole(answers[0]):
        return len(choices) > 2 and 0 <= answers[0] < len(choices)
    if str(answers[0]).strip().isdecimal():
        # Whether it counts from 0 or from 1 is not said, so that the row is a fault; it is no number to compute.
        return len(choices) > 2 and int(str(answers[0]).strip()[:3]) <= len(choices)
    return str(answers[0]).strip("()[]. ").upper() in choices or answers[0] in choices.values()


def _plain_lettered(row: Row) -> Row:
    return {**row, CHOICES: _lettered(row) or None}


def _is_gsm8k(row: Row) -> bool:
    answer = row.get("answer")
    return has(row, "question") and isinstance(answer, str) and "####" in answer


def _plain_gsm8k(row: Row) -> Row:
    answer = get(row, "answer")
    if isinstance(answer, str) and answer.strip() and not answer_of_solution(answer):
        raise ProblemError("answer", f"found {describe(answer)}, expected a solution that ends in #### and its answer")
    return row


def _is_math(row: Row) -> bool:
    return has(row, "problem", "level") and "solution" in row and ("type" in row or "subject" in row)


def _is_aime(row: Row) -> bool:
    answer, name = row.get("answer"), " ".join(str(row.get(key, "")) for key in ("id", "url", "source", "year"))
    whole = _THREE_DIGITS.fullmatch(str(answer).strip()) is not None and not isinstance(answer, bool)
    return whole and (has(row, "problem") or has(row, "question")) and _AIME_ID.search(name) is not None


def _is_numina(row: Row) -> bool:
    return has(row, "problem", "source") and isinstance(row.get("solution"), str)


def _plain_numina(row: Row) -> Row:
    """Without what version 1.5 says where there is no answer."""
    return {
        column: None
        if column.lower() == "answer" and isinstance(value, str) and value.strip().lower() in NO_ANSWERS
        else value
        for column, value in row.items()
    }


LAYOUTS: tuple[Layout, ...] = (
    *SENTENCE_LAYOUTS,
    Layout(
        "verl",
        "rows of verl",
        "the question is the user's last message, the answer is reward_model.ground_truth, and extra_info.split says "
        "the side.",
        _is_verl,
        {
            "question": ("prompt",),
            "answer": (GROUND_TRUTH,),
            "split": (SPLIT,),
            "family": ("ability", "data_source"),
        },
        _plain_verl,
    ),
    Layout(
        "gpqa",
        "GPQA",
        "the right answer and the wrong ones stand in columns of their own; they become choices in an order that is "
        "always the same for the same question.",
        _is_gpqa,
        {
            "question": ("question",),
            "answer": (RIGHT,),
            "choices": (CHOICES,),
            "family": ("subdomain", "high-level domain"),
            "name": ("record id",),
        },
        _plain_gpqa,
        ProblemKind.CHOICE,
    ),
    Layout(
        "mmlu-pro",
        "MMLU-Pro",
        "the answer is a letter, and answer_index has to name the same choice.",
        _is_mmlu_pro,
        {"answer": ("answer",), "choices": ("options",), "name": ("question_id",)},
        _plain_mmlu_pro,
        ProblemKind.CHOICE,
    ),
    Layout(
        "commonsense-qa",
        "CommonsenseQA",
        "answerKey is the label of the right choice; the labels become letters in the order of the choices.",
        _is_commonsense,
        {"answer": ("answerkey",), "choices": (CHOICES,), "family": ("question_concept",)},
        _plain_keyed,
        ProblemKind.CHOICE,
    ),
    Layout(
        "arc-challenge",
        "ARC-Challenge",
        "answerKey is the label of the right choice, a letter or a number; the labels become letters in the order of "
        "the choices.",
        _is_keyed,
        {"question": ("question", "question_stem"), "answer": ("answerkey",), "choices": (CHOICES,)},
        _plain_keyed,
        ProblemKind.CHOICE,
    ),
    Layout(
        "mmlu",
        "MMLU",
        "a number as the answer is the place of the right choice, counted from 0.",
        _is_mmlu,
        {"answer": ("answer",), "choices": (CHOICES,)},
        kind=ProblemKind.CHOICE,
    ),
    Layout(
        "lettered",
        "MMLU with a column for each choice",
        "the choices stand in columns of their own, from A on.",
        _is_lettered,
        {"choices": (CHOICES,), "answer": _LETTERED_ANSWERS},
        _plain_lettered,
        ProblemKind.CHOICE,
    ),
    Layout(
        "gsm8k",
        "GSM8K",
        "the answer is what stands behind the last #### of the worked solution.",
        _is_gsm8k,
        {"answer": ("answer",)},
        _plain_gsm8k,
        ProblemKind.NUMERIC,
    ),
    Layout(
        "math",
        "MATH",
        "the answer is the answer column's, and where there is none what stands in the last box of the solution.",
        _is_math,
        {"question": ("problem",), "family": ("subject", "type")},
    ),
    Layout(
        "aime",
        "AIME",
        "every answer is a whole number; 042 is 42.",
        _is_aime,
        {"answer": ("answer",)},
        kind=ProblemKind.NUMERIC,
    ),
    Layout(
        "numina-math",
        "NuminaMath",
        "the answer is what stands in the last box of the solution, or the answer column's; proof and notfound are "
        "none.",
        _is_numina,
        {"question": ("problem",), "family": ("problem_type", "source")},
        _plain_numina,
    ),
)
"""What is looked for, in this order: the first that fits is taken."""
