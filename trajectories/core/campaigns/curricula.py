"""Curricula: families of problems that open one after the other, when those that they build on are solved."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.faults import Fault

Needs = Mapping[str, Sequence[str]]
"""By family, those that it builds on; families without any need not be there."""

FIELD = "prerequisites"


def read_needs(text: str) -> dict[str, tuple[str, ...]]:
    """Prerequisites as people write them, a family on each line: `family: one, another`. Raises Fault."""
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        family, colon, needs = line.partition(":")
        family = family.strip()
        names = tuple(dict.fromkeys(name.strip() for name in needs.split(",") if name.strip()))
        if not colon or not family:
            raise Fault(
                f"Prerequisites, line {number}: found {line.strip()[:60]!r}, expected “family: families it builds on”.",
                field=FIELD,
            )
        if family in found:
            raise Fault(
                f"Prerequisites, line {number}: found {family[:60]!r} a second time, expected it once.", field=FIELD
            )
        found[family] = names
    return {family: names for family, names in found.items() if names}


def write_needs(needs: Needs) -> str:
    """Prerequisites as `read_needs` reads them."""
    return "\n".join(f"{family}: {', '.join(names)}" for family, names in needs.items() if names)


def check_needs(needs: Needs, families: Collection[str], measured: Collection[str]) -> None:
    """Raise Fault for a family that has no training problem, a prerequisite that no held-out problem measures, or
    families that build on one another in a circle."""
    for family, names in needs.items():
        for name in (family, *names):
            if name not in families:
                known = ", ".join(sorted(families)[:8]) or "none"
                raise Fault(
                    f"Prerequisites: found the family {name[:60]!r}, expected one of the training set ({known}).",
                    field=FIELD,
                )
        for name in names:
            if name not in measured:
                raise Fault(
                    f"Prerequisites: found {name[:60]!r} without a held-out problem, expected one to measure it by.",
                    field=FIELD,
                )
    if circle := find_circle(needs):
        raise Fault(f"Prerequisites: found the circle {' → '.join(circle)}, expected none.", field=FIELD)


def find_circle(needs: Needs) -> list[str]:
    """Families that build on one another in a circle, the first one again at the end; empty where there is none."""
    done: set[str] = set()

    for start in needs:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            family, is_left = stack.pop()
            if is_left:
                done.add(path.pop())
            elif family in path:
                return [*path[path.index(family) :], family]
            elif family not in done:
                path.append(family)
                stack.append((family, True))
                stack += [(need, False) for need in needs.get(family, ())]
    return []


def open_families(
    families: Iterable[str], needs: Needs, shares: Mapping[str, float], least: float, before: Collection[str] = ()
) -> list[str]:
    """The families that may be sampled, in alphabetical order.

    `shares` has the share of right samples of each family on held-out problems, in [0, 1]; one that was not measured
    counts as 0. A family is open where all of its prerequisites reach `least`, or where it was open `before`.
    """
    return sorted(
        family
        for family in set(families)
        if family in before or all(shares.get(need, 0.0) >= least for need in needs.get(family, ()))
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a family is drawn: in which column, counted from those that build on nothing, and in which row of it."""

    family: str
    column: int
    row: int


def places(families: Iterable[str], needs: Needs) -> list[Place]:
    """The families in columns, each right of all that it builds on, in alphabetical order in each. The prerequisites
    form no circle."""
    columns: dict[str, int] = {}

    def column(family: str) -> int:
        if family not in columns:
            columns[family] = max((column(need) + 1 for need in needs.get(family, ())), default=0)
        return columns[family]

    found: list[Place] = []
    rows: dict[int, int] = {}
    for family in sorted(set(families)):
        at = column(family)
        found.append(Place(family, at, rows.get(at, 0)))
        rows[at] = rows.get(at, 0) + 1
    return sorted(found, key=lambda place: (place.column, place.row))
