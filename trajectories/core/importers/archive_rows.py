"""What rows of `full` say besides the trace itself: the whole problem, and the item of the release that the row is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.problems import ProblemError, describe, problem_hash
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, ProblemKind, ProblemRecord, Usage

HUMAN_EDIT = "human edit"
"""Where a trace came from that a person made by editing another one."""

ARCHIVED_AS = "archived_as"
"""The fact that keeps what a trace from an archive was called where it was sampled."""

REQUEST = ("custom_id", "alternative")
"""Facts that say which request a trace answers, and as which of several answers."""

REMEMBERED = "remembered"
"""The fact that keeps the hashes of the traces that memory showed where a trace from an archive was sampled."""

USAGE = ("input_tokens", "cached_tokens", "reasoning_tokens", "output_tokens")
HASH = re.compile(r"[0-9a-f]{64}")
SOURCES = ("", "generator", "consensus", "author", "person")
SPLITS = ("train", "eval")
ITEM_SPLITS = ("train", "validation", "eval")
MOST_ITEMS = 2**31 - 1
LARGEST_ID = 2**63
LONGEST_NAME = 200
LONGEST_SOURCE = 400
LONGEST_FAMILY = 100
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,80}")


@dataclass(frozen=True, slots=True)
class ArchivedProblem:
    """A problem as an archive has it, and the set that it came in. `content_hash` is what the row states."""

    record: ProblemRecord
    content_hash: str
    reference_source: str
    set_name: str
    set_title: str
    set_source: str


@dataclass(frozen=True, slots=True)
class ArchivedItem:
    """The item of a release that a row is.

    `release` is the release's hash, `hash` the item's own; `trace` is the content hash that its trace had there, and
    `trace_id` what names it there. `sampler` and `instruction` are what the release calls them. `original` is {"trace",
    "edit", "correctness", "decision"} of a human edit, `final` [by, decision, reason, comment] of a final decision:
    both None where there is none. `compared` is how often it won and lost against other traces, by their hashes.
    """

    release: str
    position: int
    """Which item of its release it is, from 0."""
    hash: str
    trace: str
    trace_id: int
    split: str
    score: float | None
    """The mean score, 1 to 5, of the reviews that accept it; None where none has one."""
    sampler: str | None = None
    instruction: str | None = None
    original: Mapping[str, JSON] | None = None
    final: Sequence[JSON] | None = None
    compared: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArchivedRelease:
    """A release as its `manifest.json` has it."""

    sha256: str
    manifest: Mapping[str, Any]
    title: str
    notes: str = ""
    superseded: bool = field(default=False)


def is_release(row: Mapping[str, JSON]) -> bool:
    """Whether a document is the manifest of a release."""
    return isinstance(row.get("manifest"), dict) and "sha256" in row


def read_release(row: Mapping[str, JSON]) -> ArchivedRelease:
    """A release's manifest. Raises ProblemError; whether it is what its hash says is for whoever restores it."""
    manifest: Any = row["manifest"]
    title = _text(row, "title", "", LONGEST_NAME) or f"Release {str(row['sha256'])[:10]}"
    for name in ("counts", "rule"):
        if not isinstance(manifest.get(name), dict):
            raise ProblemError(f"manifest.{name}", f"found {describe(manifest.get(name))}, expected an object")
    return ArchivedRelease(
        sha256=_hash(row, "sha256", ""), manifest=manifest, title=title, notes=_text(row, "notes", "", 100_000)
    )


def read_problem(problem: Mapping[str, JSON]) -> ArchivedProblem | None:
    """The whole problem of a row; None where the row, as those of earlier versions, has only part of it.

    Raises ProblemError; whether its content is what its hash says is for `check_problem`.
    """
    if "statement" not in problem or "set" not in problem:
        return None
    kind, spec, found = problem.get("kind"), problem.get("spec"), problem["set"]
    if kind not in tuple(ProblemKind):
        raise ProblemError("problem.kind", f"found {describe(kind)}, expected one of {', '.join(ProblemKind)}")
    for name, value in (("spec", spec), ("set", found), ("difficulty", problem.get("difficulty", {}))):
        if not isinstance(value, dict):
            raise ProblemError(f"problem.{name}", f"found {describe(value)}, expected an object")
    path, named = "problem.", dict(found) if isinstance(found, dict) else {}
    if not SLUG.fullmatch(_text(named, "name", "problem.set.", 80)):
        raise ProblemError("problem.set.name", f"found {describe(named.get('name'))}, expected the name of a set")
    record = ProblemRecord(
        kind=ProblemKind(str(kind)),
        name=_text(problem, "name", path, LONGEST_NAME),
        statement=_text(problem, "statement", path, 10_000_000),
        spec=spec if isinstance(spec, dict) else {},
        reference=problem.get("reference"),
        split=_one_of(problem, "split", path, SPLITS),
        family=_text(problem, "family", path, LONGEST_FAMILY),
        difficulty=dict(problem.get("difficulty") or {}),
    )
    return ArchivedProblem(
        record=record,
        content_hash=_hash(problem, "hash", path),
        reference_source=_one_of(problem, "reference_source", path, SOURCES),
        set_name=named["name"],
        set_title=_text(named, "title", "problem.set.", LONGEST_NAME) or named["name"],
        set_source=_text(named, "source", "problem.set.", LONGEST_SOURCE),
    )


def check_problem(problem: ArchivedProblem) -> None:
    """Raise ProblemError where a problem is not what its hash says."""
    own = problem_hash(problem.record)
    if own != problem.content_hash:
        found = f"found {problem.content_hash[:12]}…, but its content has {own[:12]}…"
        raise ProblemError("problem.hash", found)


def read_item(item: JSON) -> ArchivedItem | None:
    """The item that a row is; None for a row of an earlier version. Raises ProblemError."""
    if item is None:
        return None
    if not isinstance(item, dict):
        raise ProblemError("item", f"found {describe(item)}, expected an object")
    position, score = item.get("position"), item.get("score")
    if type(position) is not int or not 0 <= position <= MOST_ITEMS:
        raise ProblemError("item.position", f"found {describe(position)}, expected a whole number of 0 or more")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise ProblemError("item.score", f"found {describe(score)}, expected a number")
    trace_id = item.get("trace_id")
    if type(trace_id) is not int or not 0 < trace_id < LARGEST_ID:
        raise ProblemError("item.trace_id", f"found {describe(trace_id)}, expected the number of a trace")
    original, final = item.get("original"), item.get("final")
    if original is not None and not isinstance(original, dict):
        raise ProblemError("item.original", f"found {describe(original)}, expected an object")
    if final is not None and not isinstance(final, list):
        raise ProblemError("item.final", f"found {describe(final)}, expected a list")
    return ArchivedItem(
        release=_hash(item, "release", "item."),
        position=position,
        hash=_hash(item, "hash", "item."),
        trace=_hash(item, "trace", "item."),
        trace_id=trace_id,
        split=_one_of(item, "split", "item.", ITEM_SPLITS),
        score=score,
        sampler=_text(item, "sampler", "item.", LONGEST_NAME) or None,
        instruction=_text(item, "instruction", "item.", LONGEST_NAME) or None,
        original=original,
        final=final,
        compared=_compared(item.get("compared", {})),
    )


def _compared(value: JSON) -> dict[str, Sequence[int]]:
    if not isinstance(value, dict):
        raise ProblemError("item.compared", f"found {describe(value)}, expected an object")
    for other, counts in value.items():
        is_pair = isinstance(counts, list) and len(counts) == 2 and all(type(count) is int for count in counts)
        if not HASH.fullmatch(other) or not is_pair or min(counts) < 0:
            raise ProblemError("item.compared", f"found {describe(counts)}, expected how often it won and lost")
    return value


def read_facts(trace: Mapping[str, JSON], item: ArchivedItem | None) -> dict[str, JSON]:
    """What a row tells of how its trace came to be: that its model was given the answer, that a person made it, and
    what it was called there, so that two traces with the same words stay two."""
    facts: dict[str, JSON] = {"hinted": True} if trace.get("hinted") is True else {}
    facts |= {"origin": HUMAN_EDIT} if trace.get("origin") == HUMAN_EDIT else {}
    if item is None:
        return facts
    found = trace.get("found")
    looked = isinstance(found, dict) and "rule" not in found and type(found.get("rules")) is int
    # That an answer was looked for and none found is known too.
    facts |= {"found": found} if looked else {}
    shown = trace.get("memory")
    is_shown = isinstance(shown, list) and all(isinstance(each, str) and HASH.fullmatch(each) for each in shown)
    facts |= {REMEMBERED: shown} if is_shown else {}
    request = {name: trace[name] for name in REQUEST if isinstance(trace.get(name), str | int)}
    return facts | (request or {ARCHIVED_AS: item.trace_id})


def model_of(item: ArchivedItem) -> str:
    """Who sampled the trace of an item: "" where a person made it, and where that is not told."""
    return "" if item.sampler in (None, HUMAN_EDIT) else str(item.sampler)


def read_end(trace: Mapping[str, JSON]) -> FinishReason | None:
    """Why a trace ended, as an archive has it; None for a row of an earlier version. Raises ProblemError."""
    value = trace.get("finish_reason")
    if value is None:
        return None
    if value not in tuple(FinishReason):
        raise ProblemError("trace.finish_reason", f"found {describe(value)}, expected one of {', '.join(FinishReason)}")
    return FinishReason(str(value))


def read_usage(value: JSON) -> Usage:
    """How many tokens an archived trace took. Raises ProblemError for what is no number of tokens."""
    told = value if isinstance(value, dict) else {}
    for name, count in told.items():
        if name not in USAGE or type(count) is not int or not 0 <= count <= MOST_ITEMS:
            raise ProblemError("trace.usage", f"found {name[:40]}: {describe(count)}, expected a number of tokens")
    return Usage(**told)


def _text(row: Mapping[str, Any], name: str, path: str, longest: int) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise ProblemError(f"{path}{name}", f"found {describe(value)}, expected text of at most {longest:,} characters")
    return check_text(value, f"{path}{name}")


def _one_of(row: Mapping[str, Any], name: str, path: str, known: Sequence[str]) -> str:
    value = row.get(name, "")
    if value not in known:
        expected = ", ".join(word or "nothing" for word in known)
        raise ProblemError(f"{path}{name}", f"found {describe(value)}, expected one of {expected}")
    return str(value)


def _hash(row: Mapping[str, Any], name: str, path: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not HASH.fullmatch(value):
        raise ProblemError(f"{path}{name}", f"found {describe(value)}, expected a SHA-256 of 64 digits")
    return value
