"""What a sampler makes of the held-out problems, as figures with bands."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from trajectories.core.campaigns.gates import Tried
from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.consolidation.variety import entropy_bits
from trajectories.core.records import JSON
from trajectories.core.selections import NO_FAMILY


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of one held-out problem.

    `samples` are those that were drawn and those for which nothing was left to draw, `right` the right ones among them.
    `answers` are the votes of each different answer, `distinct_right` how many different programs or texts are right.
    """

    problem: int
    family: str
    samples: int
    right: int
    answers: tuple[int, ...]
    distinct_right: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A sampler on the held-out problems. All figures are means over problems.

    `k` is the most samples that every problem has. `passed` is pass@1, `passed_k` pass@k, `entropy` that of the
    answers in bits, `distinct` the different right programs or texts of a problem. `rows` are the problems:
    [problem, family, samples, right]. `failed` attempts brought nothing because something broke; they count nowhere.
    """

    k: int
    passed: Estimate
    passed_k: Estimate
    entropy: Estimate
    distinct: Estimate
    rows: tuple[tuple[int, str, int, int], ...]
    failed: int

    @property
    def tried(self) -> list[Tried]:
        """The problems as a gate compares them."""
        return [Tried(problem, samples, right) for problem, _, samples, right in self.rows]

    @property
    def solved(self) -> int:
        """Problems with a right sample."""
        return sum(1 for row in self.rows if row[3])

    def at(self, k: int) -> "Measured":
        """The same with pass@k of another k, at most its own."""
        if k == self.k:
            return self
        values = [[pass_at_k(samples, right, k)] for _, _, samples, right in self.rows if samples]
        return replace(self, k=k, passed_k=mean_bands(values, [1] * len(values))[0])

    def by_family(self) -> dict[str, tuple[int, int, float]]:
        """(problems, solved ones, mean share of right samples) by family, in alphabetical order."""
        grouped: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for _, family, samples, right in self.rows:
            if samples:
                grouped[family or NO_FAMILY].append((samples, right))
        return {
            family: (
                len(rows),
                sum(1 for _, right in rows if right),
                sum(right / samples for samples, right in rows) / len(rows),
            )
            for family, rows in sorted(grouped.items())
        }

    def as_json(self) -> dict[str, JSON]:
        """The figures as a generation keeps them."""
        kept = asdict(self)
        kept["rows"] = [list(row) for row in self.rows]
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Measured":
        """The figures that a generation has kept."""
        bands = {name: Estimate(**kept[name]) for name in ("passed", "passed_k", "entropy", "distinct")}
        rows = tuple((row[0], row[1], row[2], row[3]) for row in kept["rows"])
        return cls(k=kept["k"], rows=rows, failed=kept["failed"], **bands)


def measure(outcomes: Sequence[Outcomes], *, failed: int, seed: int = 0) -> Measured:
    """The figures of an evaluation, the bands by resampling the problems."""
    counted = [each for each in outcomes if each.samples]
    k = min((each.samples for each in counted), default=0)
    values: list[list[float | None]] = [
        [
            pass_at_k(each.samples, each.right, 1),
            pass_at_k(each.samples, each.right, k),
            entropy_bits(each.answers),
            float(each.distinct_right),
        ]
        for each in counted
    ]
    nothing = Estimate(None, None, None, 0)
    bands = mean_bands(values, [1] * len(values), seed=seed) or [nothing] * 4
    rows = tuple((each.problem, each.family, each.samples, each.right) for each in outcomes)
    passed, passed_k, entropy, distinct = bands
    return Measured(k, passed, passed_k, entropy, distinct, rows, failed)


def with_one_k(found: Sequence[Measured]) -> list[Measured]:
    """Several samplers with pass@k of one k, the most that every problem of all of them has: values of different k are
    not compared."""
    k = min((each.k for each in found if each.k), default=0)
    return [each.at(k) if each.k else each for each in found]
