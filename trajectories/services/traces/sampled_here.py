"""Traces that were sampled here and come back in a file: what its rows say of them goes to the traces that are here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from trajectories.core.completions.parts import parts_from_json
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.records import JSON
from trajectories.models import Release, Sampler, Text, Trace
from trajectories.services.traces.staging import TRACE_COLUMNS, Request

FACTS, ANSWER, TEXT, PARTS = (TRACE_COLUMNS.index(name) for name in ("facts", "answer_hash", "reasoning_id", "parts"))
MOST_DIGITS = 10
"""A version of a sampler has fewer digits."""

_SAME = """
SELECT t.id, t.problem_id, t.content_hash, t.sampler_id FROM trajectories_trace t
JOIN unnest(%s::bigint[], %s::text[]) AS told(problem, answer)
    ON t.problem_id = told.problem AND t.answer_hash = told.answer
WHERE t.run_id IS NOT NULL AND t.content_hash = ANY(%s) ORDER BY t.id
"""
"""The traces of runs with some contents. They are found by their answers, of which there is an index."""


class Returned(NamedTuple):
    """A trace that is here: whether it was sampled here, and whether its row calls it by its number."""

    trace_id: int
    is_sampled: bool = True
    is_named: bool = False


class SampledHere:
    """Finds the traces that rows of an import mean.

    A row that gives a trace's number, as exports from here do, means that trace where problem and words are the same,
    and no release that is not here numbered it. Any other row means a trace of a run with its problem, its content and
    its sampler, under the name that exports give it, or of any sampler where people annotated a trace of no model.
    Samples that are told apart by their rows are different traces, as long as there are so many.
    """

    def __init__(self) -> None:
        self._samplers: dict[str, int | None] = {}
        self._taken: dict[int, Request] = {}

    def find(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, Returned]:
        """The trace that each of some rows means, by the row's place among them; rows that mean none are left out."""
        found = self._named(rows)
        left = {at: row for at, row in enumerate(rows) if at not in found and self._may_be_known(row)}
        return found | {at: Returned(key) for at, key in self._same(left).items()}

    def _named(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, Returned]:
        """The traces whose numbers rows give."""
        told = {at: row for at, row in enumerate(rows) if row.get("trace_id")}
        if not told:
            return {}
        releases = {row["release"] for row in told.values()} - {""}
        here = {"", *Release.objects.filter(content_hash__in=releases).values_list("content_hash", flat=True)}
        numbers = {row["trace_id"] for row in told.values() if row["release"] in here}
        traces = Trace.objects.filter(pk__in=numbers, withdrawn=False)
        columns = ("content_hash", "problem", "sampler", "run", "reasoning", "parts")
        by_number = {trace.pk: trace for trace in traces.only(*columns)}
        bodies = _bodies((row, trace) for row in told.values() if (trace := by_number.get(row["trace_id"])) is not None)
        found = {}
        for at, row in told.items():
            trace = by_number.get(row["trace_id"])
            own = self._sampler(row["model"])
            if trace is None or row["release"] not in here or own not in (None, trace.sampler_id):
                continue
            if trace.problem_id == row["trace"][0] and _is_said_by(row, trace, bodies):
                found[at] = Returned(trace.pk, is_sampled=trace.run_id is not None, is_named=True)
                self._taken.setdefault(trace.pk, Request.of(row["trace"][FACTS]))
        return found

    def _may_be_known(self, row: Mapping[str, Any]) -> bool:
        """Whether a row's content is enough: its sampler is one from here, or may be any."""
        return self._sampler(row["model"]) is not None or (row.get("of_any_model", False) and not row["model"])

    def _same(self, rows: Mapping[int, Mapping[str, Any]]) -> dict[int, int]:
        """The traces of runs that have the content of rows, by the rows' places."""
        if not rows:
            return {}
        told = {(row["trace"][0], row["trace"][ANSWER]) for row in rows.values()}
        names = sorted({name for row in rows.values() for name in row["known_as"]})
        here: dict[tuple[int, str], list[tuple[int, int | None]]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_SAME, [[problem for problem, _ in told], [answer for _, answer in told], names])
            for key, problem, name, sampler in cursor.fetchall():
                here.setdefault((problem, name), []).append((key, sampler))
        found = {}
        for at, row in rows.items():
            sampler, request = self._sampler(row["model"]), Request.of(row["trace"][FACTS])
            each = (one for name in row["known_as"] for one in here.get((row["trace"][0], name), ()))
            free = (key for key, by in each if sampler in (None, by) and self._is_free(key, row, request))
            if (key := next(free, None)) is not None:
                found[at] = key
                self._taken.setdefault(key, request)
        return found

    def _is_free(self, trace_id: int, row: Mapping[str, Any], request: Request) -> bool:
        """Whether a trace may still be the sample that a row is: no row of another sample has it."""
        taken = self._taken.get(trace_id)
        return taken is None or (not row.get("is_sample") and request.may_be(taken))

    def _sampler(self, model: str) -> int | None:
        """The id of the sampler that exports from here call so, by name and version; None for any other model."""
        if model not in self._samplers:
            name, _, version = model.rpartition(" ")
            is_number = version.isascii() and version.isdigit() and len(version) < MOST_DIGITS
            named = Sampler.objects.filter(name=name, version=int(version) if is_number else 0)
            self._samplers[model] = named.exclude(kind=Sampler.Kind.IMPORTED).values_list("pk", flat=True).first()
        return self._samplers[model]


def _is_same(row: Mapping[str, Any], trace: Trace) -> bool:
    """Whether a row has all of a trace, or its text."""
    return trace.content_hash in row["known_as"] or trace.reasoning_id == row["trace"][TEXT]


def _bodies(pairs: Iterable[tuple[Mapping[str, Any], Trace]]) -> dict[str, str]:
    """The texts of traces that their rows have not as they are, by their ids."""
    wanted = {trace.reasoning_id for row, trace in pairs if not _is_same(row, trace)}
    return dict(Text.objects.filter(pk__in=wanted).values_list("pk", "body")) if wanted else {}


def _is_said_by(row: Mapping[str, Any], trace: Trace, bodies: Mapping[str, str]) -> bool:
    """Whether a row has what a trace says: all of it, its text, or what is no thoughts of it at the end of the row's,
    which may have what an agent said before."""
    if _is_same(row, trace):
        return True
    body, text = bodies.get(trace.reasoning_id, ""), row["trace"][TEXT]
    own, said = _contents(body, trace.parts), _contents(row["texts"][text], row["trace"][PARTS])
    return bool(own) and said[-len(own) :] == own


def _contents(text: str, parts: JSON) -> list[str]:
    """What a text says outside of its thoughts, part by part; all of it where its parts are not known."""
    if parts is None:
        return [text.strip()]
    return [part.text.strip() for part in parts_from_json(parts, text) if part.kind is PartKind.CONTENT]
