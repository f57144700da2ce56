"""The frozen bench of endings: what models write at the end of an answer, each with what is right to make of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trajectories.adapters.expressions import ExpressionComparer
from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord, TraceRecord
from trajectories.core.verifiers import applicable_verifiers
from trajectories.core.verifiers.expressions import MathComparison

BENCH = Path(__file__).parents[2] / "data" / "answer_endings.jsonl"
MOST_MISSED = 0.02
ROWS = [json.loads(line) for line in BENCH.read_text().splitlines()]


class BenchTools:
    """Nothing but comparing expressions, by the real engine."""

    def __init__(self) -> None:
        self.comparer = ExpressionComparer(seconds=60)

    def run_program(self, job: ProgramJob) -> ProgramRun:
        raise NotImplementedError

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        raise NotImplementedError

    def compare_expressions(self, expected: str, found: str) -> MathComparison:
        return self.comparer.compare(expected, found)


@pytest.fixture(scope="module")
def tools() -> Iterator[BenchTools]:
    tools = BenchTools()
    yield tools
    tools.comparer.close()


def read(row: dict[str, Any], tools: BenchTools) -> str:
    """pass, fail, or none where no answer was found."""
    spec = {key: row[key] for key in ("choices", "many", "match") if row.get(key)}
    record = ProblemRecord(ProblemKind(row["kind"]), row["id"], "", spec, row["reference"], "train")
    trace = TraceRecord(None, "", row["ending"])
    verdicts = [verifier.verify(record, trace, tools) for verifier in applicable_verifiers(record, trace)]
    if not verdicts or verdicts[0].outcome is Outcome.UNSCORED or verdicts[0].evidence.get("found", 0) is None:
        return "none"
    return str(verdicts[0].outcome)


def test_no_wrong_pass_and_hardly_any_missed(tools: BenchTools) -> None:
    read_as = {row["id"]: read(row, tools) for row in ROWS}

    def listed(rows: list[dict[str, Any]]) -> str:
        lines = (
            f"{row['id']} wants {row['want']}, got {read_as[row['id']]}: {row['reference']!r}, {row['ending']!r}"
            for row in rows
        )
        return "\n".join(["", *lines])

    wrong = [row for row in ROWS if row["want"] != "pass" and read_as[row["id"]] == "pass"]
    missed = [row for row in ROWS if row["want"] == "pass" and read_as[row["id"]] != "pass"]
    invented = [row for row in ROWS if row["want"] == "none" and read_as[row["id"]] != "none"]
    silent = [row for row in ROWS if row["want"] == "fail" and read_as[row["id"]] != "fail"]
    print(f"{len(ROWS)} endings, missed {len(missed)}:", listed(missed))  # noqa: T201
    assert not wrong, listed(wrong)
    assert len(missed) <= MOST_MISSED * sum(row["want"] == "pass" for row in ROWS), listed(missed)
    assert not invented, listed(invented)
    assert not silent, listed(silent)


def test_the_bench_covers_every_kind_and_outcome() -> None:
    assert len(ROWS) >= 300
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert {row["kind"] for row in ROWS} == {"numeric", "choice", "text"}
    assert {row["want"] for row in ROWS} == {"pass", "fail", "none"}
    for word in ("Antwort", "réponse", "respuesta", "答案", "答え", "Ответ", "정답"):
        assert any(word in row["ending"] for row in ROWS), word
