"""Quick forms of operations on colours, see `symbolic.quick`."""

from trajectories.core.samplers.symbolic.quick.flat import EMPTY_TO_ONE, Flat, exchange


def colours_by_count(flat: bytes) -> list[int]:
    """See colour.colours_by_count."""
    counts = {value: flat.count(value) for value in set(flat) if value}
    return sorted(counts, key=lambda value: (-counts[value], value))


def keep_colour(width: int, flat: bytes, kept: int) -> Flat:
    """See colour.keep_colour."""
    return width, flat.translate(exchange(((kept, kept),), 0))


def remove_colour(width: int, flat: bytes, gone: int) -> Flat:
    """See colour.remove_colour."""
    return width, flat.translate(exchange(((gone, 0),)))


def invert(width: int, flat: bytes) -> Flat | None:
    """See colour.invert."""
    colours = set(flat) - {0}
    return (width, flat.translate(exchange(((0, *colours),), 0))) if len(colours) == 1 else None


def mark_empty(width: int, flat: bytes) -> Flat:
    """See colour.mark_empty."""
    return width, flat.translate(EMPTY_TO_ONE)


def swap_two_colours(width: int, flat: bytes) -> Flat | None:
    """See colour.swap_two_colours."""
    colours = tuple(set(flat) - {0})
    return (width, flat.translate(exchange((colours, colours[::-1])))) if len(colours) == 2 else None


def keep_commonest(width: int, flat: bytes) -> Flat | None:
    """See colour.keep_commonest."""
    colours = colours_by_count(flat)
    return keep_colour(width, flat, colours[0]) if len(colours) > 1 else None


def keep_rarest(width: int, flat: bytes) -> Flat | None:
    """See colour.keep_rarest."""
    colours = colours_by_count(flat)
    return keep_colour(width, flat, colours[-1]) if len(colours) > 1 else None


def remove_commonest(width: int, flat: bytes) -> Flat | None:
    """See colour.remove_commonest."""
    colours = colours_by_count(flat)
    return remove_colour(width, flat, colours[0]) if len(colours) > 1 else None


def remove_rarest(width: int, flat: bytes) -> Flat | None:
    """See colour.remove_rarest."""
    colours = colours_by_count(flat)
    return remove_colour(width, flat, colours[-1]) if len(colours) > 1 else None


def paint_all_commonest(width: int, flat: bytes) -> Flat | None:
    """See colour.paint_all_commonest."""
    colours = colours_by_count(flat)
    return (width, flat.translate(exchange(((0, 0),), colours[0]))) if len(colours) > 1 else None


def paint_all_rarest(width: int, flat: bytes) -> Flat | None:
    """See colour.paint_all_rarest."""
    colours = colours_by_count(flat)
    return (width, flat.translate(exchange(((0, 0),), colours[-1]))) if len(colours) > 1 else None


def canvas_of_commonest(width: int, flat: bytes) -> Flat | None:
    """See colour.canvas_of_commonest."""
    colours = colours_by_count(flat)
    return (width, bytes([colours[0]]) * len(flat)) if colours else None


def canvas_of_rarest(width: int, flat: bytes) -> Flat | None:
    """See colour.canvas_of_rarest."""
    colours = colours_by_count(flat)
    return (width, bytes([colours[-1]]) * len(flat)) if colours else None


def swap_empty_with_commonest(width: int, flat: bytes) -> Flat | None:
    """See colour.swap_empty_with_commonest."""
    colours = colours_by_count(flat)
    return (width, flat.translate(exchange(((0, colours[0]), (colours[0], 0))))) if colours else None
