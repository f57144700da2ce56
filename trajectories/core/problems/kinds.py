"""Kinds of problems as objects: what each is called, how its answer is asked for, found in a text, and compared.

What is not said of a kind is as for a question whose answer is a short text. docs/architecture.md says how to add one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.answers.choices import letters_of, read_choices
from trajectories.core.answers.finding import Found, find_choice, find_json, find_numeric, find_text
from trajectories.core.answers.marks import MAX_ANSWER, CutOff, find_tag
from trajectories.core.answers.texts import normalise, truth_of
from trajectories.core.answers.values import vote_key
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem

Asked = ProblemRecord | PublicProblem
ANSWERS_IN_SPEC = ("tests", "examples")
"""Keys of a spec that hold what is expected: outputs of tests, texts that a pattern matches."""

TAGGED = "End with the final answer alone between <answer> and </answer>."
MANY = 'End with a line that says "Answer: " and the letters of all right choices, parted by commas.'


def asks_for_many(problem: Asked) -> bool:
    """Whether several choices may be right together."""
    return problem.spec.get("many") is True


def _find_text(_: Asked, text: str) -> Found | None:
    return find_text(text)


def _find_free_text(_: Asked, text: str) -> Found | None:
    return find_text(text, free=True)


def _normal_text(_: JSON, answer: JSON) -> JSON:
    return normalise(answer) if isinstance(answer, str) else answer


@dataclass(frozen=True, slots=True)
class Written:
    """How a model is asked to write problems of a kind: `title` names the answer in forms, `target` says what is
    wanted, `example` is one problem as JSON that an import reads, `note` says what the answer is."""

    title: str
    target: str
    example: str
    note: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `title` names one problem in lists and forms, `plural` several.

    `find` finds the answer that a text states. `normal_form` gives an answer, with the spec of its problem, the form
    that equal answers share; None is no answer. Both are total.
    """

    title: str
    plural: str
    answer_format: str = TAGGED
    """What a model is told about the form of its answer; of an ARC task the style says it (prompts.answer_formats)."""
    find: Callable[[Asked, str], Found | None] = _find_text
    normal_form: Callable[[JSON, JSON], JSON] = _normal_text
    usual_instruction: str = "chain-of-thought"
    """The name of the shipped instruction that a run of a language model begins with."""
    is_offered: bool = True
    """Whether people can choose it in forms: something makes problems of it."""
    written: Written | None = None
    """How models are asked for such problems, which reviewers may then change; None where they are not."""
    is_question: bool = False
    """Whether a row of a file of questions may ask for it, its answer a short text that can be written in several
    ways."""
    has_choices: bool = False
    """Whether what it asks ends with the choices of its spec, one of which, or several, is the answer."""
    is_grids: bool = False
    """Whether it is a task of grids, which is shown by views, varied, drawn and answered as such (problems.arc)."""
    is_episode: bool = False
    """Whether models act in it, instead of giving an answer."""
    hidden: tuple[str, ...] = ANSWERS_IN_SPEC
    """The keys of its spec that give the answer away, so that no sampler sees them."""
    identity: tuple[str, ...] | None = None
    """The keys of its spec that count when two problems are the same; None for the whole spec."""
    ability: str = ""
    """What verl calls the ability that it takes (core.exporters.verl); "" for the kind's own word."""


def _find_number(problem: Asked, text: str) -> Found | None:
    return find_numeric(text, asked=problem.statement)


def _normal_number(spec: JSON, answer: JSON) -> JSON:
    is_number = isinstance(answer, str | int | float) and not isinstance(answer, bool)
    return vote_key(answer) if is_number else _normal_text(spec, answer)


def _find_choice(problem: Asked, text: str) -> Found | None:
    choices = problem.spec.get("choices")
    if not isinstance(choices, list | tuple):
        return find_text(text)
    return find_choice(text, [str(choice) for choice in choices], many=asks_for_many(problem))


def _normal_choice(spec: JSON, answer: JSON) -> JSON:
    """The letters; None for a statement that names no choice, or two where one is asked for."""
    choices, many = [str(choice) for choice in spec.get("choices") or ()], spec.get("many") is True
    places = read_choices(answer, choices, many=many)
    return letters_of(places) if places is not None and (many or len(places) == 1) else None


def _find_short_text(problem: Asked, text: str) -> Found | None:
    return find_json(text) if problem.spec.get("match") == "json" else find_text(text)


def _normal_short_text(spec: JSON, answer: JSON) -> JSON:
    truth = truth_of(answer) if isinstance(answer, str) else None
    return _normal_text(spec, answer) if truth is None else "yes" if truth else "no"


def _find_grid(_: Asked, text: str) -> Found | None:
    """The JSON between the last tags, else the last JSON list of lists."""
    try:
        tag = find_tag(text)
    except CutOff:
        tag = None
    if tag is not None and text[tag.start : tag.end].strip():
        return Found(text[tag.start : tag.end].strip(), "tag", tag.start, tag.end)
    end = text.rfind("]]")
    while end >= 0:
        start = text.rfind("[[", max(0, end - MAX_ANSWER), end)
        if start < 0:
            return None
        try:
            return Found(json.loads(text[start : end + 2]), "last grid", start, end + 2)
        except (ValueError, RecursionError):
            end = text.rfind("]]", 0, start)
    return None


def _normal_grids(_: JSON, answer: JSON) -> JSON:
    """The grids as they are; None for a list without a single grid."""
    is_empty = isinstance(answer, list | tuple) and all(grid is None for grid in answer)
    return None if is_empty else answer


KINDS: dict[ProblemKind, Kind] = {
    ProblemKind.ARC: Kind(
        "ARC",
        "ARC tasks",
        find=_find_grid,
        normal_form=_normal_grids,
        usual_instruction="arc-program",
        is_grids=True,
        ability="abstraction",
    ),
    ProblemKind.NUMERIC: Kind(
        "Number",
        "Numbers",
        "End with the final number in \\boxed{}, with its unit where the question asks for one.",
        _find_number,
        _normal_number,
        "numeric",
        written=Written(
            "A number",
            "problems whose answer is one number",
            '{"question": "...", "answer": "42"}',
            "The answer is a number alone, with its unit where the question asks for one.",
        ),
        is_question=True,
        ability="math",
    ),
    ProblemKind.CHOICE: Kind(
        "Choice",
        "Choices",
        'End with a line that says "Answer: " and the letter of the right choice alone.',
        _find_choice,
        _normal_choice,
        "choice",
        written=Written(
            "A choice",
            "multiple-choice questions, each with one right choice",
            '{"question": "...", "choices": ["...", "...", "...", "..."], "answer": "B"}',
            "The answer is the letter of the right choice, A for the first.",
        ),
        is_question=True,
        has_choices=True,
    ),
    ProblemKind.TEXT: Kind(
        "Text",
        "Texts",
        find=_find_short_text,
        normal_form=_normal_short_text,
        usual_instruction="text",
        written=Written(
            "A short text",
            "questions whose answer is a word or a short phrase",
            '{"question": "...", "answer": "..."}',
            "The answer is as short as it can be.",
        ),
        is_question=True,
    ),
    ProblemKind.PROCEDURAL: Kind(
        "Procedural",
        "Procedural",
        find=_find_free_text,
        usual_instruction="procedural",
        hidden=("entry", "seed", "index"),
        identity=("family",),
        ability="reasoning",
    ),
    ProblemKind.ENVIRONMENT: Kind(
        "Episode of a world",
        "Episodes of worlds",
        "Act by calling the tool `act` with the name of an action, again and again, until the goal is reached.",
        usual_instruction="acting",
        is_offered=False,
        is_episode=True,
        ability="agent",
    ),
}
"""Every kind, in the order of forms."""

GRIDS = tuple(word for word, kind in KINDS.items() if kind.is_grids)
EPISODES = tuple(word for word, kind in KINDS.items() if kind.is_episode)
QUESTIONS = tuple(word for word, kind in KINDS.items() if kind.is_question)
"""The kinds that are tasks of grids, episodes of worlds, and questions of files."""

ASKS_FOR, PROGRAM = "asks_for", "program"
"""What a public spec says of a problem that is verified by tests, which are not public."""


def is_grids(word: str) -> bool:
    """Whether problems of the kind are tasks of grids; no kind, "", is none."""
    return word in GRIDS


def is_episode(word: str) -> bool:
    """Whether models act in problems of the kind."""
    return word in EPISODES


def choices_of(kind: str, spec: JSON) -> list[str]:
    """The choices that a problem of the kind ends with; none of a kind without, nor of a spec that lists none."""
    choices = spec.get("choices") if KINDS[ProblemKind(kind)].has_choices else None
    return [str(choice) for choice in choices] if isinstance(choices, list | tuple) else []


def public_problem(kind: str, name: str, statement: str, spec: JSON, content_hash: str) -> PublicProblem:
    """What a sampler may see of a problem: no reference answer, and nothing of the spec that gives it away."""
    word = ProblemKind(kind)
    told = {ASKS_FOR: PROGRAM} if "tests" in spec else {}
    shown = {key: value for key, value in spec.items() if key not in KINDS[word].hidden}
    return PublicProblem(word, name, statement, {**shown, **told}, content_hash)
