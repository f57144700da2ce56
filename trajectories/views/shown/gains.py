"""What the newest challenger gained and forgot beside another generation, by family and by problem."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.campaigns.measures import Measured
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.selections import NO_FAMILY
from trajectories.models import Generation, Problem
from trajectories.selectors.campaigns import measured_of
from trajectories.views.shown.trace_links import Counted, list_traces

PROBLEMS_SHOWN = 30
FIRST = 0


@dataclass(frozen=True, slots=True)
class FamilyGain:
    """A family of held-out problems: how many there are, what each sampler solves of it, and how many only the newer
    one, or only the older one, solves."""

    family: str
    problems: Counted
    before: Counted
    after: Counted
    gained: Counted
    forgotten: Counted


@dataclass(frozen=True, slots=True)
class ProblemChange:
    """A held-out problem that only one of both solves, with (right, samples, traces) of each."""

    problem: Problem
    before: tuple[int, int, str]
    after: tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class SamplerComparison:
    """The newest challenger, `number`, beside the challenger `beside`. Of more problems than are shown the counts tell.

    `choices` are the other generations that it may stand beside: (number, title).
    """

    number: int
    beside: int
    title: str
    choices: Sequence[tuple[int, str]]
    families: Sequence[FamilyGain]
    gained: Sequence[ProblemChange]
    forgotten: Sequence[ProblemChange]
    gained_count: Counted
    forgotten_count: Counted


@dataclass(frozen=True, slots=True)
class FamilyShare:
    """The share of right samples of a family in one arm of a generation, with its band and its traces."""

    share: Estimate
    traces: str


@dataclass(frozen=True, slots=True)
class FamilyTable:
    """Families by generations: (title, whether it is a control) of each column, and of each family its shares."""

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[tuple[str, Sequence[FamilyShare]]]


def compare_with(
    rows: Sequence[Generation], beside: int = FIRST, *, all_of_them: bool = False
) -> SamplerComparison | None:
    """What the newest measured challenger gained and forgot beside another generation, by its number; None before there
    are two, and where that one is not measured."""
    measured = {row.number: (row, found) for row, found in _measured(rows) if not row.is_control}
    if len(measured) < 2:
        return None
    newest_number = max(measured)
    if beside not in measured or beside == newest_number:
        return None
    (old_row, old), (new_row, new) = measured[beside], measured[newest_number]
    before, after = ({row[0]: row for row in found.rows} for found in (old, new))
    both = [key for key in before if key in after]
    gained = [key for key in both if after[key][3] and not before[key][3]]
    forgotten = [key for key in both if before[key][3] and not after[key][3]]
    most = len(both) if all_of_them else PROBLEMS_SHOWN
    problems = (
        Problem.objects.select_related("problem_set")
        .defer("spec", "reference", "statement")
        .in_bulk([*gained[:most], *forgotten[:most]])
    )

    def change(key: int) -> ProblemChange:
        sides = [
            (found[key][3], found[key][2], list_traces([row.evaluation_id], [key]))
            for row, found in ((old_row, before), (new_row, after))
        ]
        return ProblemChange(problems[key], sides[0], sides[1])

    return SamplerComparison(
        number=newest_number,
        beside=beside,
        title=_title(beside),
        choices=_choices(new_row, measured),
        families=_families((old_row, old), (new_row, new)),
        gained=[change(key) for key in gained[:most]],
        forgotten=[change(key) for key in forgotten[:most]],
        gained_count=Counted(len(gained), _solved_alone(new_row.evaluation_id, gained, old_row.evaluation_id)),
        forgotten_count=Counted(len(forgotten), _solved_alone(old_row.evaluation_id, forgotten, new_row.evaluation_id)),
    )


def _solved_alone(run: int | None, problems: Sequence[int], other: int | None, family: str = "") -> str:
    """The right traces of a run, of the problems that it solves and another one does not."""
    return list_traces([run], problems, right=True, family=family, unsolved_by=other)


def family_table(rows: Sequence[Generation], seed: int) -> FamilyTable | None:
    """The shares of right samples by family, of every measured arm of every generation; None for a single family."""
    measured = _measured(rows)
    keys = _by_family([found for _, found in measured])
    if len(keys) < 2:
        return None
    shares = [_shares(found, list(keys), seed) for _, found in measured]
    columns = [(f"{row.number}, control" if row.is_control else str(row.number), row.is_control) for row, _ in measured]
    table = [
        (
            family,
            [
                FamilyShare(share[place], list_traces([row.evaluation_id], keys[family], family=family))
                for (row, _), share in zip(measured, shares, strict=True)
            ],
        )
        for place, family in enumerate(keys)
    ]
    return FamilyTable(columns, table)


def _measured(rows: Sequence[Generation]) -> list[tuple[Generation, Measured]]:
    return [(row, found) for row in rows if (found := measured_of(row)) is not None]


def _title(number: int) -> str:
    return "the first sampler" if number == FIRST else f"generation {number}"


def _choices(newest: Generation, measured: Mapping[int, object]) -> list[tuple[int, str]]:
    """The generations that the newest may stand beside; the champion that its gate compared it with says so."""
    champion = newest.decision.get("champion")
    return [
        (number, f"{_title(number)}{', champion before' if number == champion else ''}")
        for number in measured
        if number != newest.number
    ]


def _by_family(measured: Sequence[Measured]) -> dict[str, list[int]]:
    """The held-out problems that have samples, by family in alphabetical order."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for problem, family, samples, _ in (row for each in measured for row in each.rows):
        if samples:
            found[family or NO_FAMILY][problem] = None
    return {family: list(problems) for family, problems in sorted(found.items())}


def _shares(measured: Measured, families: Sequence[str], seed: int) -> list[Estimate]:
    """The mean share of right samples of each family, each with its band."""
    values: list[list[float | None]] = [
        [right / samples if (family or NO_FAMILY) == each else None for each in families]
        for _, family, samples, right in measured.rows
        if samples
    ]
    return mean_bands(values, [1] * len(values), seed=seed) or [Estimate(None, None, None, 0)] * len(families)


def _families(old: tuple[Generation, Measured], new: tuple[Generation, Measured]) -> list[FamilyGain]:
    runs = old[0].evaluation_id, new[0].evaluation_id
    right = [{row[0]: bool(row[3]) for row in found.rows if row[2]} for _, found in (old, new)]
    shown = []
    for family, keys in _by_family([old[1], new[1]]).items():
        both = [key for key in keys if key in right[0] and key in right[1]]
        before, after = ([key for key in both if side[key]] for side in right)
        gained, forgotten = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        shown.append(
            FamilyGain(
                family,
                problems=Counted(len(both), list_traces(runs, both, family=family)),
                before=Counted(len(before), list_traces(runs[:1], before, right=True, family=family)),
                after=Counted(len(after), list_traces(runs[1:], after, right=True, family=family)),
                gained=Counted(len(gained), _solved_alone(runs[1], gained, runs[0], family)),
                forgotten=Counted(len(forgotten), _solved_alone(runs[0], forgotten, runs[1], family)),
            )
        )
    return shown
