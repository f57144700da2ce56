"""From what a model that writes problems said to proposals. Total: any text gives proposals, in time linear in it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.generation.base import Order, Proposal, Recipe
from trajectories.core.generation.similarity import tokens_of
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import parse_json_text
from trajectories.core.problems.questions import Told, read_question
from trajectories.core.records import JSON
from trajectories.core.text.storable import storable_text

MAX_STATEMENT = 20_000
MAX_READ = 100
"""Problems that are read from one answer; one with more says so in a fault."""

SAID = 2_000
"""Characters of what a model said that are kept with a problem that is none."""

FIELDS = {"question": "question", "answer": "answer", "choices": "choices", "kind": "kind", "split": "split"}
ENDINGS = ("", "s", "es", "d", "ed", "ing")
"""A word occurs also with one of these behind it."""

_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\r?\n(.*?)```", re.DOTALL)


def read_problems(recipe: Recipe, order: Order, kind: str, text: str) -> list[Proposal]:
    """The problems of an answer, each a record or the fault that keeps it from being one; at least one entry."""
    try:
        items = _items(text)
    except ProblemError as fault:
        return [Proposal(None, _sentence(fault), _said(text))]
    proposals = [_read(recipe, order, kind, item, number) for number, item in enumerate(items[:MAX_READ], 1)]
    if len(items) > MAX_READ:
        unread = f"Found {len(items)} problems in one answer, read the first {MAX_READ} only."
        proposals.append(Proposal(None, unread))
    return proposals


def _items(text: str) -> list[JSON]:
    """The list under "problems", a list, or one object. Raises ProblemError."""
    value = parse_json_text(_json_part(text))
    items = value.get("problems", value) if isinstance(value, dict) else value
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or not items:
        raise ProblemError("problems", f"found {describe(items)}, expected a list of problems")
    return items


def _json_part(text: str) -> str:
    """The last fenced block, else everything from the first bracket to the last."""
    blocks = _FENCE.findall(text)
    if blocks:
        return str(blocks[-1])
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    end = max(text.rfind("}"), text.rfind("]"))
    return text[min(starts) : end + 1] if starts and end > min(starts) else text


def _read(recipe: Recipe, order: Order, kind: str, item: JSON, number: int) -> Proposal:
    said = _said(str(item))
    try:
        if not isinstance(item, dict):
            raise ProblemError("", f"found {describe(item)}, expected an object with a question")
        row = {**{name: item.get(name) for name in ("question", "answer", "choices")}, "kind": kind}
        name = f"{recipe.generator}-{order.index}-{number}"
        record = read_question(_plain(row), FIELDS, name, Told(recipe.split))
        if len(record.statement) > MAX_STATEMENT:
            found = f"found {len(record.statement):,} characters"
            raise ProblemError("question", f"{found}, expected at most {MAX_STATEMENT:,}")
        if missing := missing_words(record.statement, order.words):
            raise ProblemError("question", f"does not use {', '.join(missing)}")
    except ProblemError as fault:
        place = ProblemError(f"problem {number} {fault.path}".rstrip(), fault.detail)
        return Proposal(None, _sentence(place), said)
    return Proposal(replace(record, family=recipe.family), said=said)


def _plain(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row without choices where a question has none: models write an empty list or null."""
    return row if row["choices"] else {**row, "choices": None}


def missing_words(text: str, words: Sequence[str]) -> list[str]:
    """Those of the words that do not occur in the text, with or without one of the common endings."""
    found = set(tokens_of(text))
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in words if not _occurs(word, found, plain)]


def _occurs(word: str, found: set[str], plain: str) -> bool:
    tokens = tokens_of(word)
    if len(tokens) != 1:
        return " ".join(unicodedata.normalize("NFKC", word).casefold().split()) in " ".join(plain.split())
    stem = tokens[0]
    return any(stem + ending in found for ending in ENDINGS) or (stem.endswith("e") and f"{stem[:-1]}ing" in found)


def _sentence(fault: ProblemError) -> str:
    text = storable_text(str(fault))
    return f"{text[:1].upper()}{text[1:]}."


def _said(text: str) -> str:
    return storable_text(text[:SAID])
