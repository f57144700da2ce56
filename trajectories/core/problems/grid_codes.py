"""Codes of grids: a short text that holds a whole grid, so that nothing has to be stored or looked up.

A code is base64url without padding of zlib of (height, width, cells packed two to a byte).
"""

import base64
import binascii
import zlib

from trajectories.core.problems.grids import MAX_SIDE, Grid, GridError, parse_grid

MAX_CODE_LENGTH = 800
_MAX_PACKED = 2 + (MAX_SIDE * MAX_SIDE + 1) // 2


def encode_grid(grid: Grid) -> str:
    """The code of a grid: the same grid always gets the same code."""
    cells = [cell for row in grid for cell in row]
    packed = bytes([len(grid), len(grid[0])]) + _pack(cells)
    return base64.urlsafe_b64encode(zlib.compress(packed, 9)).rstrip(b"=").decode("ascii")


def decode_grid(code: str) -> Grid:
    """The grid of a code. Raises GridError for anything that `encode_grid` does not make."""
    if len(code) > MAX_CODE_LENGTH:
        raise GridError(f"grid code: found {len(code)} characters, expected at most {MAX_CODE_LENGTH}")
    packed = _inflate(code)
    if len(packed) < 3:
        raise GridError("grid code: found no cells")
    height, width = packed[0], packed[1]
    cells = [nibble for byte in packed[2:] for nibble in (byte >> 4, byte & 15)]
    if len(packed) != 2 + (height * width + 1) // 2:
        raise GridError(f"grid code: found {len(packed) - 2} bytes, expected {height} by {width} cells")
    return parse_grid([cells[row * width : (row + 1) * width] for row in range(height)], "grid code")


def _pack(cells: list[int]) -> bytes:
    padded = [*cells, 0]
    return bytes(padded[index] << 4 | padded[index + 1] for index in range(0, len(cells), 2))


def _inflate(code: str) -> bytes:
    """Decompress no further than the largest grid needs."""
    try:
        compressed = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        stream = zlib.decompressobj()
        packed = stream.decompress(compressed, _MAX_PACKED + 1)
    except (binascii.Error, ValueError, zlib.error) as fault:
        raise GridError("grid code: not made by this program") from fault
    if not stream.eof or stream.unused_data or len(packed) > _MAX_PACKED:
        raise GridError("grid code: not made by this program")
    return packed
