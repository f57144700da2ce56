"""Search for pixel programs: every canvas that fits, then rule lists learned from all its training cells."""

from collections.abc import Iterator

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.pixel.canvases import Canvas, canvases, outputs_fit
from trajectories.core.samplers.symbolic.pixel.expressions import Scope
from trajectories.core.samplers.symbolic.pixel.helpers.cells import most_common_colour
from trajectories.core.samplers.symbolic.pixel.learning import RuleList, SourceBits, learn
from trajectories.core.samplers.symbolic.pixel.program import PixelProgram
from trajectories.core.samplers.symbolic.pixel.questions import Questions, collect
from trajectories.core.samplers.symbolic.pixel.rules import Rule
from trajectories.core.samplers.symbolic.pixel.table import Region, Table

VIEW = "pixel"
_FITTING = 24  # candidates given out at most
_FEW = 3
_SPREAD = 8.0  # cost above the best at which candidates are no longer given out
_NEAR = 6
_DEFAULTS = 2
_VARIANTS = 8
_LONG = 18.0  # no variants of longer lists, and no check by leaving pairs out: few of them are right
_UNSTABLE = 3.0  # doubt where leaving a pair out changes what is learned about it
_IDLE = 1.0  # doubt for a rule used in every pair but in no test input


def search(task: ArcTask, budget: SearchBudget) -> Iterator[Candidate]:
    """Yield fitting candidates by rising cost, then the best few that do not fit. Test outputs are never read."""
    found: dict[str, Candidate] = {}
    scopes = Scopes(task)
    for canvas in canvases(task):
        for background in _backgrounds(task):
            if budget.exhausted:
                break
            for candidate in _on_canvas(scopes, canvas, background, budget):
                known = found.get(candidate.program.key)
                if known is None or candidate.program.cost < known.program.cost:
                    found[candidate.program.key] = candidate
    ranked = sorted(found.values(), key=lambda one: (one.program.cost, one.program.key))
    yield from _trusted([one for one in ranked if one.fits])
    near = [one for one in ranked if not one.fits]
    yield from sorted(near, key=lambda one: -_right_share(task, one))[:_NEAR]


class Scopes:
    """The inputs of a task as variables: what was computed of one for a canvas is there for the others."""

    def __init__(self, task: ArcTask) -> None:
        self.task = task
        self._kept: dict[tuple[int, int], Scope] = {}

    def of_input(self, number: int, background: int | None) -> Scope:
        """The scope of an input, in the order of pairs and tests, that canvases without a base of their own share."""
        grid = grid_to_lists((*self.task.train, *self.task.test)[number].input)
        named = most_common_colour(grid) if background is None else background
        if (number, named) not in self._kept:
            self._kept[number, named] = Scope(grid=grid, background=named)
        return self._kept[number, named]

    def of_canvas(self, canvas: Canvas, number: int, background: int | None) -> Scope:
        """The scope in which a canvas is made of an input."""
        shared = self.of_input(number, background)
        if canvas.made is None:
            return shared
        own = Scope(grid=shared.value("grid"), background=shared.value("background"))
        own.bind(canvas.base, shared.value(canvas.made))
        return own


def _trusted(fitting: list[Candidate]) -> list[Candidate]:
    """The candidates worth giving out: not much dearer than the best, and only a few where even that is long."""
    if not fitting:
        return []
    best = fitting[0].program.cost
    kept = [one for one in fitting if one.program.cost <= best + _SPREAD]
    return kept[: _FITTING if best < _LONG else _FEW]


def _right_share(task: ArcTask, candidate: Candidate) -> float:
    """Share of training cells that a candidate gets right."""
    right = total = 0
    for pair, output in zip(task.train, candidate.train_outputs, strict=True):
        for expected, found in zip(pair.output or (), output or (), strict=True):
            right += sum(a == b for a, b in zip(expected, found, strict=True))
            total += len(expected)
    return right / max(total, 1)


def _backgrounds(task: ArcTask) -> list[int | None]:
    """Ways to name the background: black, or each input's most common colour where that is not black."""
    inputs = [pair.input for pair in (*task.train, *task.test)]
    common = {most_common_colour(grid_to_lists(grid)) for grid in inputs}
    if common == {0}:
        return [0]
    if all(any(0 in row for row in grid) for grid in inputs):
        return [0, None]
    return [None]


def _on_canvas(scopes: Scopes, canvas: Canvas, background: int | None, budget: SearchBudget) -> Iterator[Candidate]:
    table = _table(scopes, canvas, background, budget)
    if table is None:
        return
    task = scopes.task
    colours, holes = _shared_colours(task, background), _holes(task)
    questions = collect(table, canvas, colours, holes if canvas.made is None else ())
    for rules in sorted(_rule_lists(questions, table), key=lambda one: one.cost):
        yield _candidate(task, table, (canvas, background), questions, rules)


def _table(scopes: Scopes, canvas: Canvas, background: int | None, budget: SearchBudget) -> Table | None:
    """The canvas of every input, or None where its size is not the output's."""
    regions: list[Region] = []
    task = scopes.task
    for number, pair in enumerate((*task.train, *task.test)):
        scope = scopes.of_canvas(canvas, number, background)
        base = scope.value(canvas.base)
        if not base or not base[0] or len(base) > 30 or len(base[0]) > 30:
            return None
        whole = (0, 0, len(base) - 1, len(base[0]) - 1)
        window = whole if canvas.window is None else scope.value(canvas.window)
        expected = None if len(regions) >= len(task.train) else pair.output
        if not outputs_fit([window], [expected]):
            return None
        budget.spend(len(base) * len(base[0]))
        regions.append(Region(scope, window, expected))
    return Table(regions, budget)


def _shared_colours(task: ArcTask, background: int | None) -> tuple[int, ...]:
    """Colours besides a fixed background that every training input shows."""
    shared = set(range(10)).intersection(*({v for row in pair.input for v in row} for pair in task.train))
    return tuple(sorted(shared - {background}))


def _holes(task: ArcTask) -> tuple[int, ...]:
    """Colours that every training input has and no output has in the same place: what a pattern's holes look like."""
    shared = set(range(10)).intersection(*({v for row in pair.input for v in row} for pair in task.train))
    for pair in task.train:
        shared -= {value for row in pair.output or () for value in row}
    return tuple(sorted(shared))


def _rule_lists(questions: Questions, table: Table) -> Iterator[RuleList]:
    """Rule lists on several defaults; where one fits, more are learned without each of the maps it used."""
    totals = [source for source in questions.source_bits if source.total]
    totals.sort(key=lambda s: ((table.training & ~s.right).bit_count() * 0.02 + s.cost, s.index))
    for default in totals[:_DEFAULTS]:
        first = _learn(questions, default, table, frozenset())
        yield first
        if not first.wrong and first.cost < _LONG:
            yield from _variants(questions, default, table, first)


def _learn(
    questions: Questions, default: SourceBits, table: Table, banned: frozenset[int], without: int = 0
) -> RuleList:
    """Learn without the maps in `banned` and without the cells of `without`; the same is learned once."""
    table.budget.spend(table.cells)
    key = default.index, banned, without
    if key not in questions.learned:
        sources = [source for source in questions.source_bits if source.feature not in banned or source is default]
        fewer = questions.literals.without(banned)
        questions.learned[key] = learn(fewer, sources, default, table.training & ~without)
    return questions.learned[key]


def _variants(questions: Questions, default: SourceBits, table: Table, first: RuleList) -> Iterator[RuleList]:
    waiting = [frozenset({feature}) for feature in _features_used(first)]
    done = 0
    while waiting and done < _VARIANTS and not table.budget.exhausted:
        banned = waiting.pop(0)
        done += 1
        rules = _learn(questions, default, table, banned)
        if not rules.wrong:
            yield rules
            waiting += [banned | {feature} for feature in _features_used(rules)]


def _features_used(rules: RuleList) -> list[int]:
    used = {literal.feature for rule in rules.rules for literal in rule.literals}
    return sorted(used | {rule.source.feature for rule in rules.rules if rule.source.feature >= 0})


def _candidate(
    task: ArcTask, table: Table, made_by: tuple[Canvas, int | None], questions: Questions, rules: RuleList
) -> Candidate:
    canvas, background = made_by
    outputs = table.grids(_colours(table, questions, rules))
    count = len(task.train)
    matches = tuple(pair.output == output for pair, output in zip(task.train, outputs[:count], strict=True))
    program = PixelProgram(
        canvas,
        background,
        tuple(
            Rule(
                tuple(questions.conditions[literal.index] for literal in rule.literals),
                questions.sources[rule.source.index],
            )
            for rule in rules.rules
        ),
        questions.sources[rules.default.index],
        canvas.cost + rules.cost,
        _doubt(table, questions, rules),
    )
    return Candidate(VIEW, program, outputs[:count], outputs[count:], matches)


def _colours(table: Table, questions: Questions, rules: RuleList) -> list[int]:
    """For each colour, the cells that get it."""
    colours = [0] * 10
    left = table.everywhere
    for rule in rules.rules:
        _paint(table, questions, rule.source, rule.fires, colours)
        left &= ~rule.fires
    _paint(table, questions, rules.default, left, colours)
    return colours


def _paint(table: Table, questions: Questions, source: SourceBits, where: int, colours: list[int]) -> None:
    origin = questions.sources[source.index].origin
    if isinstance(origin, int):
        colours[origin] |= where
        return
    column = table.column(origin.call)
    for colour in range(10):
        colours[colour] |= where & table.bits(column, colour)


def _doubt(table: Table, questions: Questions, rules: RuleList) -> float:
    """Evidence against a fitting list: rules that idle on every test input, and what leaving a pair out shows."""
    if rules.wrong:
        return 0.0
    doubt = 0.0
    tests = table.everywhere & ~table.training
    for rule in rules.rules:
        if not rule.fires & tests and all(rule.fires & mask for mask in table.pair_masks):
            doubt += _IDLE
    return doubt + _UNSTABLE * _unstable_share(table, questions, rules)


def _unstable_share(table: Table, questions: Questions, rules: RuleList) -> float:
    """Share of training pairs that come out wrong when the list is learned from the others."""
    if len(table.pair_masks) < 2 or not rules.rules:
        return 0.0
    if rules.cost > _LONG:
        return 1.0
    failed = 0
    for mask in table.pair_masks:
        relearned = _learn(questions, rules.default, table, frozenset(), without=mask)
        colours = _colours(table, questions, relearned)
        right = sum(bits & table.output_bits[colour] for colour, bits in enumerate(colours))
        failed += bool(mask & ~right)
    return failed / len(table.pair_masks)
