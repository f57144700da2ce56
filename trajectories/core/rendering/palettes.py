"""The palettes of ARC grids: the one source for style sheets, pictures and pages."""

from dataclasses import dataclass

WHITE_INK = "#ffffff"
BLACK_INK = "#000000"


@dataclass(frozen=True, slots=True)
class Palette:
    """Ten cell colours, the colour of the lines between cells, and the colours on which digits are white."""

    name: str
    title: str
    colours: tuple[str, ...]
    white_digits_on: frozenset[int]
    line: str = "#555555"

    def ink(self, colour: int) -> str:
        """The colour of a digit that is read on top of `colour`."""
        return WHITE_INK if colour in self.white_digits_on else BLACK_INK


CANONICAL = Palette(
    name="canonical",
    title="Canonical",
    colours=(
        *("#000000", "#0074D9", "#FF4136", "#2ECC40", "#FFDC00"),
        *("#AAAAAA", "#F012BE", "#FF851B", "#7FDBFF", "#870C25"),
    ),
    white_digits_on=frozenset({0, 1, 9}),
)
COLOUR_BLIND = Palette(
    name="colour-blind",
    title="Colour-blind",
    colours=(
        *("#332288", "#44aa99", "#cc6677", "#117733", "#ddcc77"),
        *("#dddddd", "#aa4499", "#999933", "#88ccee", "#882255"),
    ),
    white_digits_on=frozenset({0, 3, 6, 9}),
)
"""Paul Tol's muted scheme (SRON technical note 09-002)."""

PALETTES = {palette.name: palette for palette in (CANONICAL, COLOUR_BLIND)}


def palettes_css() -> str:
    """The style sheet that gives every palette its custom properties `--cell-0` ... `--ink-9` and `--cell-line`."""
    blocks = ["/* Generated from core/rendering/palettes.py; a test keeps the two equal. */\n"]
    for palette in PALETTES.values():
        selector = ":root" if palette is CANONICAL else f':root[data-palette="{palette.name}"]'
        cells = [f"  --cell-{index}: {colour.lower()};\n" for index, colour in enumerate(palette.colours)]
        inks = [f"  --ink-{index}: {palette.ink(index)};\n" for index in range(len(palette.colours))]
        blocks.append(f"{selector} {{\n{''.join(cells)}{''.join(inks)}  --cell-line: {palette.line};\n}}\n")
    return "\n".join(blocks)
