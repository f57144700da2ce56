"""Literals and sources of a task: the catalogue's maps turned into bit sets over all cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from trajectories.core.problems.grids import COLOURS
from trajectories.core.samplers.symbolic.pixel.canvases import Canvas
from trajectories.core.samplers.symbolic.pixel.catalogue import catalogue, repairs
from trajectories.core.samplers.symbolic.pixel.features import Feature, Kind, Role, roles
from trajectories.core.samplers.symbolic.pixel.learning import Literal, Literals, RuleList, SourceBits
from trajectories.core.samplers.symbolic.pixel.rules import Condition, Source
from trajectories.core.samplers.symbolic.pixel.table import LARGEST, Table

_VALUES = 9  # numbers of one map that are asked for
_DENIAL_COST = 0.2
CATALOGUES_KEPT = 64
_ALIKE = 3  # literals kept that agree on all training cells


@dataclass(frozen=True, slots=True)
class Questions:
    """Conditions with their literals, and sources with their bits.

    `learned` is what was learned of them: by the default's index, the maps that were banned and the cells left out.
    """

    conditions: Sequence[Condition]
    literals: Literals
    sources: Sequence[Source]
    source_bits: Sequence[SourceBits]
    learned: dict[tuple[int, frozenset[int], int], RuleList] = field(default_factory=dict)


@dataclass
class _Collection:
    """Questions being collected."""

    conditions: list[Condition] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    source_bits: list[SourceBits] = field(default_factory=list)


def collect(table: Table, canvas: Canvas, colours: tuple[int, ...], holes: tuple[int, ...]) -> Questions:
    """Ask everything of every cell. Stops early, with fewer questions, when the budget runs out."""
    questions = _Collection()
    known = _catalogue(canvas.base, colours)
    base = known[0]
    features = [*canvas.extra, *known]
    for hole in holes:
        features += repairs(canvas.base, hole)
    named_roles = _roles(canvas.base)
    seen: dict[int, list[int]] = {}
    for number, feature in enumerate(features):
        if table.budget.exhausted:
            break
        column = table.column(feature.call)
        for condition, bits, cost in _conditions(table, feature, column, base, named_roles):
            _add_literals(questions, table, (condition, bits, cost, number), seen)
        if feature.kind is Kind.COLOUR:
            _add_source(questions, table, feature, number)
    for colour in range(COLOURS):
        if table.output_bits[colour]:
            _keep(questions, Source(colour, 1.0, total=True), (table.output_bits[colour], table.everywhere), -1)
    for number, role in enumerate(named_roles, len(features)):
        column = table.column(role.call)
        source = Source(role, role.cost, total=role.call == "background")
        _keep(questions, source, _right_and_valid(table, column), number)
    low = (table.everywhere & ~table.training).bit_count()
    literals = Literals(questions.literals, table.cells, low)
    return Questions(questions.conditions, literals, questions.sources, questions.source_bits)


@lru_cache(maxsize=CATALOGUES_KEPT)
def _catalogue(base: str, colours: tuple[int, ...]) -> tuple[Feature, ...]:
    """The catalogue of a grid, which many tasks share."""
    return tuple(catalogue(base, colours))


@cache
def _roles(base: str) -> tuple[Role, ...]:
    return tuple(roles(base))


def _add_source(questions: _Collection, table: Table, feature: Feature, number: int) -> None:
    cost = 0.4 if feature.call == feature.name else feature.cost + 0.1
    _keep(questions, Source(feature, cost, feature.total), _right_and_valid(table, table.column(feature.call)), number)


def _right_and_valid(table: Table, column: bytes) -> tuple[int, int]:
    return table.same(column, table.outputs), table.bits_from(column, 0)


def _keep(questions: _Collection, source: Source, bits: tuple[int, int], feature: int) -> None:
    right, valid = bits
    if right:
        index = len(questions.sources)
        questions.sources.append(source)
        questions.source_bits.append(SourceBits(right, valid, source.cost, index, feature, source.total))


def _conditions(
    table: Table, feature: Feature, column: bytes, base: Feature, named_roles: Sequence[Role]
) -> Iterator[tuple[Condition, int, float]]:
    """Conditions on one map with the cells where they hold and their cost."""
    values = sorted({code - 2 for code in set(column)})
    if feature.kind is Kind.FLAG:
        yield Condition(feature, 1), table.bits(column, 1), feature.cost
        return
    if feature.kind is Kind.NUMBER:
        for value in [value for value in values if value >= 0][:_VALUES]:
            if value < LARGEST:
                yield Condition(feature, value), table.bits(column, value), feature.cost + (0.3 if value == 0 else 0.5)
            yield Condition(feature, value, at_least=True), table.bits_from(column, value), feature.cost + 0.5
        return
    for value in values:
        if -1 <= value < COLOURS:
            yield Condition(feature, value), table.bits(column, value), feature.cost + (0.2 if value < 0 else 0.4)
    if feature is not base and feature.call != base.call:
        same = table.same(column, table.column(base.call))
        yield Condition(feature, base), same, feature.cost + 0.3
    for role in named_roles if feature.call == base.call else named_roles[:1]:
        same = table.same(column, table.column(role.call))
        yield Condition(feature, role), same, feature.cost + (0.3 if role.call == "background" else role.cost)


def _add_literals(
    questions: _Collection, table: Table, asked: tuple[Condition, int, float, int], seen: dict[int, list[int]]
) -> None:
    """Keep a condition and its denial unless it is constant or the same as enough cheaper ones."""
    condition, bits, cost, number = asked
    training = bits & table.training
    if training in (0, table.training):
        return
    for denied, cells, price in ((False, bits, cost), (True, table.everywhere & ~bits, cost + _DENIAL_COST)):
        asking = Condition(condition.feature, condition.value, condition.at_least, denied)
        known = seen.setdefault(cells & table.training, [])
        for position in known:
            literal = questions.literals[position]
            if literal.bits == cells:
                if price < literal.cost:
                    questions.literals[position] = Literal(cells, price, position, number)
                    questions.conditions[position] = asking
                break
        else:
            if len(known) < _ALIKE:
                known.append(len(questions.literals))
                questions.literals.append(Literal(cells, price, len(questions.literals), number))
                questions.conditions.append(asking)
