"""Which side of the train/eval line the name of a file speaks of."""

import re
from pathlib import PurePosixPath

TRAIN, EVAL = "train", "eval"

TRAIN_WORDS = frozenset({"train", "training", "trainset"})
EVAL_WORDS = frozenset(
    {"eval", "evals", "evaluation", "evaluations", "evaluate", "evalset", "validation", "heldout", "holdout"}
)
"""Words that mean the side wherever they stand, in the name of a file or of any folder above it."""
EVERYDAY_WORDS = frozenset(
    {
        *("test", "tests", "testing", "testset", "testmini", "dev", "devset", "devtest"),
        *("val", "valset", "valid", "minival", "challenges"),
    }
)
"""Words that mean the side in a file's name; in a folder's only near the file and at its end: "gsm8k_test", not
"test_of_mine". Many people keep everything they have below a folder named "dev".
"""
EMPTY_VALUES = frozenset({
    *("data", "dataset", "datasets", "set", "sets", "split", "splits", "part", "file", "files", "json", "jsonl", "csv"),
    *("questions", "problems", "tasks", "items", "examples", "public", "private", "hidden", "small", "full", "of"),
})  # fmt: skip
"""Words behind one of these that change nothing: "test_data"."""
NEAR = 2
"""Folders above a file in which everyday words count."""

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")


def said_side(path: str) -> str | None:
    """The side that a path speaks of, "train" or "eval"; None where it says nothing.

    The name nearest to the file that says something decides. A name that says both is of the evaluation side, but for
    "training_challenges": on the training side evaluation data does harm, the other way round it is only missed.
    """
    file, *folders = reversed(PurePosixPath(path.replace("\\", "/")).parts or ("",))
    words = _words(PurePosixPath(file).stem if PurePosixPath(file).suffix else file)
    side = _side(words, words)
    for height, folder in enumerate(folders):
        if side is not None:
            break
        words = _words(folder)
        side = _side(words, _ending(words) if height < NEAR else [])
    return side


def _words(name: str) -> list[str]:
    words = [word.casefold() for word in _WORD.findall(_HUMP.sub(" ", name))]
    joined = re.sub(r"\b(held|hold) out\b", r"\1out", " ".join(words))
    return joined.split()


def _ending(words: list[str]) -> list[str]:
    """The last word that says something, in a list."""
    meant = [word for word in words if word not in EMPTY_VALUES]
    return meant[-1:]


def _side(words: list[str], everyday: list[str]) -> str | None:
    found = {word for word in words if word in EVAL_WORDS} | {word for word in everyday if word in EVERYDAY_WORDS}
    trains = not TRAIN_WORDS.isdisjoint(words)
    if found - {"challenges"} or (found and not trains):
        return EVAL
    return TRAIN if trains else None
