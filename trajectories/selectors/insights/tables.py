"""Samples as columns of numbers: what the estimates of a budget are worked out from, a row for each sample."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from trajectories.core.consolidation.stored import Stored, answers_of
from trajectories.core.consolidation.ways import Group, Value
from trajectories.core.consolidation.ways.base import Flags, Floats, Ints
from trajectories.core.problems.kinds import QUESTIONS
from trajectories.core.records import FinishReason, Outcome
from trajectories.selectors.insights.columns import Fetched, Kind, fetch_columns
from trajectories.selectors.insights.samples import NOTHING
from trajectories.selectors.insights.scopes import INDEPENDENT, RIGHT, SCORED, InsightScope, from_samples

UNFINISHED = (FinishReason.LENGTH, FinishReason.REFUSAL, FinishReason.FILTER, FinishReason.EMPTY)
"""Why a sample gave no answer: it was paid for, and is not wrong."""

_GIVEN = "CASE WHEN t.outputs IS NULL THEN t.answer ELSE t.outputs END"
_ASKED = (
    "CASE WHEN q.kind = 'arc' AND jsonb_typeof(q.reference) = 'array' THEN jsonb_array_length(q.reference) ELSE 0 END"
)
_COLUMNS = (
    Fetched("key", "t.id", Kind.WHOLE),
    Fetched("problem", "t.problem_id", Kind.WHOLE),
    Fetched("run", "t.run_id", Kind.WHOLE),
    Fetched("sampler", "t.sampler_id", Kind.WHOLE),
    Fetched("first", INDEPENDENT, Kind.FLAG),
    Fetched("right", RIGHT, Kind.FLAG),
    Fetched("scored", SCORED, Kind.FLAG),
    Fetched("unfinished", "t.correctness = %(unscored)s AND t.finish_reason = ANY(%(unfinished)s)", Kind.FLAG),
    Fetched("answered", "t.answer_hash <> %(nothing)s", Kind.FLAG),
    Fetched(
        "meaning", "CASE WHEN t.answer_hash <> %(nothing)s THEN hashtextextended(t.answer_hash, 0) END", Kind.WHOLE
    ),
    Fetched(
        "written",
        f"""CASE WHEN t.answer_hash = %(nothing)s THEN NULL WHEN q.kind = ANY(%(written)s)
        THEN hashtextextended(({_GIVEN})::text, 0) ELSE hashtextextended(t.answer_hash, 0) END""",
        Kind.WHOLE,
    ),
    Fetched("fits", "t.train_passed::float / nullif(t.train_total, 0)", Kind.NUMBER),
    Fetched("closeness", "1 - t.train_error", Kind.NUMBER),
    Fetched(
        "certainty",
        "CASE WHEN jsonb_typeof(t.facts -> 'mean_logprob') = 'number' THEN (t.facts ->> 'mean_logprob')::float END",
        Kind.NUMBER,
    ),
    Fetched("cost", "t.cost", Kind.NUMBER),
    Fetched("tokens", "t.input_tokens::bigint + t.output_tokens", Kind.NUMBER),
    Fetched("seconds", "t.latency_seconds", Kind.NUMBER),
    Fetched("asked", _ASKED, Kind.WHOLE),
)
"""What is read of a sample; a number that is not known is nan, a whole number 0."""
_SCORES = """LEFT JOIN LATERAL (SELECT v.score FROM trajectories_verdict v
    WHERE v.trace_id = t.id AND v.verifier = %(scorer)s ORDER BY v.id DESC LIMIT 1) word ON TRUE"""
_OUTPUTS = (
    Fetched("key", "t.id", Kind.WHOLE),
    Fetched("place", "output.place", Kind.WHOLE),
    Fetched("hash", f"hashtextextended((({_GIVEN}) -> output.place)::text, 0)", Kind.WHOLE),
    Fetched("given", f"jsonb_typeof(({_GIVEN}) -> output.place) = 'array'", Kind.FLAG),
    Fetched("right", f"({_GIVEN}) -> output.place = q.reference -> output.place", Kind.FLAG),
)


@dataclass(frozen=True, slots=True, eq=False)
class SampleTable:
    """All samples of a scope that were verified, problem by problem, in columns of N.

    `run` and `sampler` are ids, 0 for none. `first` marks those drawn without looking at verdicts on earlier ones,
    `scored` those that are right or wrong, `unfinished` those cut off, refused, filtered or empty. `meaning` and
    `written` are hashes of answers where `answered`; `cost` is nan where no price is known. `output_row`,
    `output_place`, `output_hash`, `output_given` and `output_right` are the test outputs of ARC tasks that ask for
    several.
    """

    key: Ints
    problem: Ints
    run: Ints
    sampler: Ints
    first: Flags
    right: Flags
    scored: Flags
    unfinished: Flags
    answered: Flags
    meaning: Ints
    written: Ints
    values: dict[Value, Floats]
    cost: Floats
    tokens: Floats
    seconds: Floats
    asked: Ints
    output_row: Ints
    output_place: Ints
    output_hash: Ints
    output_given: Flags
    output_right: Flags

    @property
    def nbytes(self) -> int:
        """The memory that the columns take."""
        columns = [getattr(self, name) for name in self.__dataclass_fields__ if name != "values"]
        return sum(each.nbytes for each in (*columns, *self.values.values()))


def read_table(scope: InsightScope, *, scorer: str = "", without: Collection[int] = ()) -> SampleTable:
    """Read the samples of a scope, but those of the problems `without`; `scorer` names the verifier whose newest score
    each has. Two queries."""
    given = {
        "unscored": Outcome.UNSCORED.value,
        "unfinished": [reason.value for reason in UNFINISHED],
        "nothing": NOTHING,
        "written": [kind.value for kind in QUESTIONS],
        "without": list(without),
        "scorer": scorer,
    }
    source, _, where = from_samples(scope).partition(" WHERE ")
    source += " JOIN trajectories_problem q ON q.id = t.problem_id"
    where += " AND t.correctness <> '' AND NOT t.problem_id = ANY(%(without)s)"
    joined, score = (_SCORES, "word.score") if scorer else ("", "NULL")
    rows = fetch_columns(
        (*_COLUMNS, Fetched("score", score, Kind.NUMBER)),
        f"{source} {joined} WHERE {where}",
        scope,
        **given,
    )
    outputs = fetch_columns(
        _OUTPUTS,
        f"{source} CROSS JOIN LATERAL generate_series(0, {_ASKED} - 1) AS output (place)"
        f" WHERE {where} AND {_ASKED} > 1",
        scope,
        **given,
    )
    # A sample that was verified between the two is in the second alone.
    known = np.isin(outputs["key"], rows["key"])
    return _table(rows, {name: column[known] for name, column in outputs.items()})


def _table(rows: dict[str, NDArray[Any]], outputs: dict[str, NDArray[Any]]) -> SampleTable:
    keys, found = rows["key"], outputs["key"]
    order = np.argsort(keys)
    values = {
        Value.FITS: rows.pop("fits"),
        Value.CLOSENESS: rows.pop("closeness"),
        Value.CERTAINTY: np.exp(np.minimum(rows.pop("certainty"), 0.0)),
        Value.SCORE: rows.pop("score"),
    }
    return SampleTable(
        **rows,
        values=values,
        output_row=order[np.searchsorted(keys, found, sorter=order)] if len(found) else np.zeros(0, np.int64),
        output_place=outputs["place"],
        output_hash=outputs["hash"],
        output_given=outputs["given"],
        output_right=outputs["right"],
    )


def store_samples(table: SampleTable, chosen: Flags) -> Stored:
    """The chosen samples of a table as they are drawn from."""
    rows = np.flatnonzero(chosen)
    problems, begins, sizes = np.unique(table.problem[rows], return_index=True, return_counts=True)
    place = np.repeat(np.arange(len(problems)), sizes)
    right, answered = table.right[rows], table.answered[rows]
    meaning = answers_of(place, len(problems), _numbered(place, table.meaning[rows], answered), right)
    same = np.array_equal(table.meaning, table.written)
    written = (
        meaning if same else answers_of(place, len(problems), _numbered(place, table.written[rows], answered), right)
    )
    asked = table.asked[rows][begins] if len(rows) else np.zeros(0, np.int64)
    stored = Stored(
        problems=problems,
        starts=np.concatenate([begins, [len(rows)]]).astype(np.int64),
        right=right,
        answers={Group.MEANING: meaning, Group.WRITTEN: written},
        values={name: column[rows] for name, column in table.values.items()},
        asked=asked,
    )
    outputs = [
        answers_of(place, len(problems), *_output(table, rows, place, at)) for at in range(int(asked.max(initial=0)))
    ]
    return Stored(
        stored.problems, stored.starts, stored.right, stored.answers, stored.values, outputs=outputs, asked=asked
    )


def _output(table: SampleTable, rows: Ints, place: Ints, at: int) -> tuple[NDArray[np.int32], Flags]:
    """What the samples give for the test output at a place: numbered, and whether it is right."""
    hashes, given, right = (np.zeros(len(table.key), dtype=kind) for kind in (np.int64, bool, bool))
    if at == 0:
        single = table.asked == 1
        hashes[single], given[single], right[single] = (
            table.meaning[single],
            table.answered[single],
            table.right[single],
        )
    there = table.output_place == at
    row = table.output_row[there]
    hashes[row], given[row], right[row] = table.output_hash[there], table.output_given[there], table.output_right[there]
    return _numbered(place, hashes[rows], given[rows]), right[rows]


def _numbered(place: Ints, hashes: Ints, given: Flags) -> NDArray[np.int32]:
    """Number the different hashes of each problem from 0; -1 where nothing is given."""
    keys = np.full(len(place), -1, dtype=np.int32)
    there = np.flatnonzero(given)
    if not len(there):
        return keys
    order = there[np.lexsort((hashes[there], place[there]))]
    problem = place[order]
    another = np.ones(len(order), dtype=bool)
    another[1:] = (hashes[order][1:] != hashes[order][:-1]) | (problem[1:] != problem[:-1])
    number = np.cumsum(another) - 1
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = problem[1:] != problem[:-1]
    firsts = number[np.flatnonzero(begins)]
    keys[order] = number - np.repeat(firsts, np.diff(np.append(np.flatnonzero(begins), len(order))))
    return keys


@dataclass(frozen=True, slots=True)
class Price:
    """What one counted sample takes on average over problems; everything that was paid for is in it, also samples that
    are not counted. `cost` is None where a price is not known, or nothing was spent. Of what went by verdicts it is$
    what a problem takes, `samples` among it: steps of a search that answer nothing are samples too."""

    cost: float | None
    tokens: float
    seconds: float
    samples: float = 1.0


def price_of(table: SampleTable, paid: Flags, counted: Flags, *, each: bool = True) -> Price:
    """The mean over problems of what all `paid` samples took: for each of those `counted`, or all of them together."""
    problems, place = np.unique(table.problem[counted], return_inverse=True)
    if not len(problems):
        return Price(None, 0.0, 0.0)
    numbers = np.bincount(place, minlength=len(problems)) if each else np.ones(len(problems))
    mine = paid & np.isin(table.problem, problems)
    where = np.searchsorted(problems, table.problem[mine])

    def mean(column: Floats) -> float:
        return float((np.bincount(where, column[mine], len(problems)) / numbers).mean())

    cost = mean(table.cost)
    drawn = 1.0 if each else float(np.bincount(where, minlength=len(problems)).mean())
    return Price(None if np.isnan(cost) or not cost else cost, mean(table.tokens), mean(table.seconds), drawn)


def stamp() -> tuple[int, int]:
    """The newest trace and the newest verdict: while they are the same, no figure over samples can have changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM trajectories_trace")
        trace = cursor.fetchone()[0]
        cursor.execute("SELECT max(id) FROM trajectories_verdict")
        return trace or 0, cursor.fetchone()[0] or 0
