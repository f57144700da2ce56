"""The choices of a question as files have them, and which of them a reference means."""

import re
from dataclasses import dataclass
from string import ascii_uppercase

from trajectories.core.answers.references import final_answer
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.problems.question_values import read_json, read_text
from trajectories.core.records import JSON

MOST_CHOICES = len(ascii_uppercase)
LABEL_KEYS = ("label", "labels", "key", "letter", "id")
TEXT_KEYS = ("text", "texts", "value", "content", "option", "choice")
"""Where objects have the label and the text of a choice, best first."""
TRUTHS = ({"yes": True, "no": False}, {"true": True, "false": False})

_LETTERS = re.compile(r"[A-Za-z](?:\s*(?:,|;|&|\band\b)\s*[A-Za-z])+")


@dataclass(frozen=True, slots=True)
class Choices:
    """The texts of some choices in their order.

    `labels` are what the file calls them, () where it numbers them by their order. `keyed` says that the file states
    its answers by those labels, whatever the texts are. `numbers` says that the texts are numbers in the file.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()
    keyed: bool = False
    numbers: bool = False

    def letters(self, value: JSON, column: str) -> str | list[str]:
        """The letter of the right choice, or the letters of all right ones where several are. Raises ProblemError."""
        if isinstance(value, str) and value.strip() not in self.texts and _LETTERS.fullmatch(value.strip()):
            value = re.findall(r"\b[A-Za-z]\b", value)
        if not isinstance(value, list):
            place = self._place(value, column)
            self._check_others({place}, column)
            return ascii_uppercase[place]
        places = {self._place(entry, column) for entry in value}
        if not places:
            raise ProblemError(column, f"found {describe(value)}, expected the letters of the right choices")
        self._check_others(places, column)
        return [ascii_uppercase[place] for place in sorted(places)]

    def _check_others(self, right: set[int], column: str) -> None:
        """Raise ProblemError where a right choice stands among the wrong ones too."""
        wrong = {text for place, text in enumerate(self.texts) if place not in right}
        for place in sorted(right):
            if self.texts[place] in wrong:
                twice = f"found the right choice {self.texts[place][:40]!r} among the wrong ones too"
                raise ProblemError(column, f"{twice}, expected it once")

    def _place(self, value: JSON, column: str) -> int:
        """The place of a choice by its label, its letter, its text, or (a JSON number) its index from 0."""
        if isinstance(value, bool):
            found = self._of_truth(value)
        else:
            value = int(value) if isinstance(value, float) and value.is_integer() else value
            answer = read_text(value, column) or ""
            found = self._places_of(value, answer if answer in self.texts else final_answer(answer))
        if len(found) == 1:
            return found.pop()
        labels = self.labels or ascii_uppercase[: len(self.texts)]
        expected = f"found {describe(value)}, expected one letter from {labels[0]} to {labels[-1]} or a choice's text"
        means = " or ".join(labels[place] for place in sorted(found))
        raise ProblemError(column, f"{expected}; it may mean {means}" if found else expected)

    def _places_of(self, value: JSON, answer: str) -> set[int]:
        """Every place that an answer may mean. A number is a text only where the choices are numbers too."""
        bare = answer.strip("()[]. ").casefold()
        by_label = {place for place, label in enumerate(self.labels) if bare and label.casefold() == bare}
        if self.keyed and by_label:
            return by_label
        is_index = isinstance(value, int) and not by_label and 0 <= value < len(self.texts)
        found = set(by_label)
        if answer in self.texts and (self.numbers or not is_index):
            # Of equal wrong choices each is as wrong as the other; a right one among them is found out later.
            found.add(self.texts.index(answer))
        if is_index:
            found.add(value)
        if not self.labels and len(bare) == 1 and bare.upper() in ascii_uppercase[: len(self.texts)]:
            found.add(ascii_uppercase.index(bare.upper()))
        return found

    def _of_truth(self, value: bool) -> set[int]:
        """The place of yes or no, where these are the choices."""
        texts = [text.casefold() for text in self.texts]
        for words in TRUTHS:
            if sorted(texts) == sorted(words):
                return {place for place, text in enumerate(texts) if words[text] is value}
        return set()


def read_choices_of(value: JSON, column: str) -> Choices | None:
    """The choices of a question; None where it has none. Raises ProblemError.

    They are a list of texts, an object of texts by label, labels and texts side by side (`{"label": [...], "text":
    [...]}` or a list of such objects), objects with one label and its text each (NeMo Gym), or in tables any of these
    as JSON, or texts parted by "|".
    """
    if isinstance(value, str):
        text = value.strip()
        value = read_json(text, column) if text[:1] in ("[", "{") else text.split("|") if text else None
    if value is None:
        return None
    labels, entries, keyed = _parted(value, column)
    if not 2 <= len(entries) <= MOST_CHOICES:
        raise ProblemError(column, f"found {describe(value)}, expected 2 to {MOST_CHOICES} choices")
    texts = [read_text(entry, f"{column}[{place}]") for place, entry in enumerate(entries)]
    known = tuple(text for text in texts if text is not None)
    if len(known) != len(texts):
        raise ProblemError(column, "found an empty choice, expected a text in each")
    named = tuple(_label(label, column) for label in labels)
    if len(set(named)) != len(named):
        raise ProblemError(column, "found a label twice, expected one for each choice")
    numbers = any(isinstance(entry, int | float) for entry in entries)
    return Choices(known, named, keyed=keyed, numbers=numbers)


def _parted(value: JSON, column: str) -> tuple[list[JSON], list[JSON], bool]:
    """(labels, texts, whether answers are stated by label). Raises ProblemError."""
    if isinstance(value, dict):
        text_key, label_key = _key_of(value, TEXT_KEYS), _key_of(value, LABEL_KEYS)
        if text_key and label_key and isinstance(value[text_key], list) and isinstance(value[label_key], list):
            return _same_length(value[label_key], value[text_key], column)
        # A table of objects has all keys in every row, with null for the choices that a question does not have.
        kept = {label: entry for label, entry in value.items() if entry is not None}
        return list(kept), list(kept.values()), False
    if not isinstance(value, list):
        raise ProblemError(column, f"found {describe(value)}, expected 2 to {MOST_CHOICES} choices")
    if value and all(isinstance(entry, dict) for entry in value):
        keys = [(_key_of(entry, LABEL_KEYS), _key_of(entry, TEXT_KEYS)) for entry in value]
        if all(text for _, text in keys):
            labels = [entry[label] for entry, (label, _) in zip(value, keys, strict=True) if label]
            texts = [entry[text] for entry, (_, text) in zip(value, keys, strict=True)]
            return _same_length(labels, texts, column) if labels else ([], texts, False)
        if all(len(entry) == 1 for entry in value):
            return [key for entry in value for key in entry], [text for entry in value for text in entry.values()], True
    return [], value, False


def _key_of(entry: dict[str, JSON], keys: tuple[str, ...]) -> str:
    return next((key for key in keys if key in entry), "")


def _same_length(labels: list[JSON], texts: list[JSON], column: str) -> tuple[list[JSON], list[JSON], bool]:
    if len(labels) != len(texts):
        raise ProblemError(column, f"found {len(labels)} labels and {len(texts)} texts, expected as many of both")
    return labels, texts, True


def _label(value: JSON, column: str) -> str:
    text = (read_text(value, column) or "").strip("()[]. ")
    if not text:
        raise ProblemError(column, "found an empty label, expected one for each choice")
    return check_text(text, column)
