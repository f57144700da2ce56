import base64
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trajectories.core.problems.grid_codes import MAX_CODE_LENGTH, decode_grid, encode_grid
from trajectories.core.problems.grids import GridError
from trajectories.core.rendering.images import grid_png
from trajectories.core.rendering.palettes import CANONICAL, PALETTES

grids = st.tuples(st.integers(1, 30), st.integers(1, 30)).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 9), min_size=size[1], max_size=size[1]).map(tuple), min_size=size[0], max_size=size[0]
    ).map(tuple)
)


def code_of(packed: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(packed)).rstrip(b"=").decode()


@given(grids)
def test_a_code_is_its_grid(grid):
    code = encode_grid(grid)
    assert decode_grid(code) == grid
    assert len(code) <= MAX_CODE_LENGTH
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=60))
def test_any_text_is_a_grid_or_refused(text):
    try:
        grid = decode_grid(text)
    except GridError:
        return
    assert decode_grid(encode_grid(grid)) == grid


@pytest.mark.parametrize(
    ("packed", "what"),
    [
        (b"", "no cells"),
        (bytes([1, 1]), "no cells"),
        (bytes([2, 2, 0x12]), "expected 2 by 2 cells"),
        (bytes([1, 1, 0x12, 0x34]), "expected 1 by 1 cells"),
        (bytes([1, 2, 0x1A]), "expected a colour from 0 to 9"),
        (bytes([0, 1, 0x11]), "expected 0 by 1 cells"),
        (bytes([31, 1]) + bytes(16), "expected 1 to 30"),
    ],
)
def test_bad_contents_are_refused_in_words(packed, what):
    with pytest.raises(GridError, match=what):
        decode_grid(code_of(packed))


@pytest.mark.parametrize("code", ["", "=", "A", "not base64!", "é", "AAAA", "A" * (MAX_CODE_LENGTH + 1)])
def test_codes_of_somebody_else_are_refused(code):
    with pytest.raises(GridError):
        decode_grid(code)


def test_a_bomb_is_not_inflated():
    bomb = code_of(bytes(400_000))
    assert len(bomb) < MAX_CODE_LENGTH
    with pytest.raises(GridError, match="not made by this program"):
        decode_grid(bomb)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
@given(grid=grids)
def test_a_picture_shows_every_cell_in_its_colour(palette, grid):
    image = Image.open(io.BytesIO(grid_png(grid, palette)))
    assert image.size == (len(grid[0]), len(grid))
    pixels = image.convert("RGB")
    for y, row in enumerate(grid):
        for x, colour in enumerate(row):
            assert "#{:02x}{:02x}{:02x}".format(*pixels.getpixel((x, y))) == palette.colours[colour].lower()


def test_pictures_are_small_and_have_four_bits():
    noisy = tuple(tuple((x * y + x) % 10 for x in range(30)) for y in range(30))
    data = grid_png(noisy, CANONICAL)
    assert data[24] == 4  # IHDR: bit depth
    assert len(data) < 700


def test_a_download_is_scaled_without_blur():
    image = Image.open(io.BytesIO(grid_png(((1, 2),), CANONICAL, cell_pixels=20))).convert("RGB")
    assert image.size == (40, 20)
    assert image.getpixel((19, 10)) == (0x00, 0x74, 0xD9)
    assert image.getpixel((20, 10)) == (0xFF, 0x41, 0x36)
