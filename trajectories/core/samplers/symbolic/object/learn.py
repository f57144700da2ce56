"""Object rules learned from the pairs: a property of objects that decides their colour, or whether they stay."""

from collections.abc import Callable, Iterator, Sequence

from trajectories.core.samplers.symbolic.object import draw, phrases
from trajectories.core.samplers.symbolic.operation import Op
from trajectories.core.samplers.symbolic.values import Piece, Property, Rows, Value

MAX_VALUES = 12
"""A rule that lists more values than this has learned the pairs by heart."""


def learn_rules(
    pieces: Sequence[list[Piece]],
    targets: Sequence[Rows],
    tests: Sequence[list[Piece]],
    recall: Callable[[Property], Property] = lambda measure: measure,
) -> Iterator[Op]:
    """Operations on pieces that recolour or select them as all training outputs show.

    `pieces` and `targets` are those of the training pairs, every target of the size of its input; `tests` are the
    pieces of the test inputs: a rule costs more where it has not seen one of their values. Rules name the values of the
    less frequent fates; every other value has the most frequent one. `recall` gives a property that remembers what it
    has measured.
    """
    fates = [[fate(piece, rows) for piece in found] for found, rows in zip(pieces, targets)]
    if any(one is None for found in fates for one in found):
        return
    known = [one for found in fates for one in found if one is not None]
    if len(set(known)) < 2:
        return
    for rank, (measure, name) in enumerate(phrases.LEARNED):
        recalled = recall(measure)
        table = tabulate(pieces, fates, recalled)
        if table is None or len(set(table.values())) < 2:
            continue
        other = max(set(known), key=lambda colour: (known.count(colour), -colour))
        unseen = {recalled(piece) for found in tests for piece in found} - set(table)
        rare = {value: colour for value, colour in sorted(table.items(), key=repr) if colour != other}
        if len(rare) > MAX_VALUES:
            continue
        cost = 0.2 + 0.1 * len(rare) + 0.03 * rank + 0.2 * bool(unseen)
        title = f"Colour objects by their {name}"
        note = describe(rare, other)
        yield Op(draw.colour_by, "pieces", "pieces", title, cost, (measure, rare, other), weight=3, note=note)
        if 0 in known:
            kept = tuple(value for value, colour in rare.items() if colour)
            if kept and other == 0:
                yield Op(
                    draw.keep_by,
                    "pieces",
                    "pieces",
                    f"Keep objects by {name}",
                    cost,
                    (measure, kept),
                    weight=3,
                    note=note,
                )
            gone = tuple(value for value, colour in rare.items() if not colour)
            if gone and other:
                yield Op(
                    draw.drop_by,
                    "pieces",
                    "pieces",
                    f"Remove objects by {name}",
                    cost,
                    (measure, gone),
                    weight=3,
                    note=note,
                )


def learn_answers(starts: Sequence[Rows], targets: Sequence[Rows], tests: Sequence[Rows]) -> Iterator[Op]:
    """Operations that give one of a few known outputs by a property of the whole grid; outputs must recur."""
    outputs = [tuple(tuple(row) for row in rows) for rows in targets]
    if not 1 < len(set(outputs)) < len(outputs):
        return
    for rank, (measure, name) in enumerate(phrases.LEARNED):
        table: dict[Value, Value] = {}
        values = [measure((0, 0, rows)) for rows in starts]
        if any(table.setdefault(value, output) != output for value, output in zip(values, outputs)):
            continue
        if len(table) < len(outputs) and {measure((0, 0, rows)) for rows in tests} <= set(table):
            note = f"Learned from the pairs: {len(table)} values of the {name} decide which output is given."
            cost = 1.0 + 0.3 * len(table) + 0.03 * rank
            yield Op(draw.answer_by, "grid", "grid", f"Answer by the {name}", cost, (measure, table), note=note)


def fate(piece: Piece, target: Rows) -> int | None:
    """The one colour that a piece's non-empty cells have in the output, None where they have several."""
    top, left, rows = piece
    colours = set()
    for i, row in enumerate(rows, top):
        for j, cell in enumerate(row, left):
            if cell:
                if not (0 <= i < len(target) and 0 <= j < len(target[0])):
                    return None
                colours.add(target[i][j])
    return colours.pop() if len(colours) == 1 else None


def tabulate(
    pieces: Sequence[list[Piece]], fates: Sequence[list[int | None]], measure: Property
) -> dict[Value, int] | None:
    """The fate that belongs to each value of a property, None where one value has two fates."""
    table: dict[Value, int] = {}
    for found, ends in zip(pieces, fates):
        for piece, end in zip(found, ends):
            assert end is not None
            if table.setdefault(measure(piece), end) != end:
                return None
    return table


def describe(rare: dict[Value, int], other: int) -> str:
    """What was learned, in words: which value leads to which colour."""
    fates = [f"{name_value(value)} leads to {'removal' if colour == 0 else colour}" for value, colour in rare.items()]
    return f"Learned from the pairs: {', '.join(fates)}, anything else to {'removal' if other == 0 else other}."


def name_value(value: Value) -> str:
    """A value of a property in words; shapes are drawn row by row."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "the shape " + "/".join("".join("#" if cell else "." for cell in row) for row in value)
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
