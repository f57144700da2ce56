"""Files that are made while they are read, of another file, and can be begun again."""

import io
from abc import ABC, abstractmethod
from typing import Any


class Reread(io.RawIOBase, ABC):
    """Such a file; its beginning is the one place that can be sought. Whoever derives from it says how it begins and
    what comes next."""

    def __init__(self) -> None:
        super().__init__()
        self.seek(0)

    @abstractmethod
    def begin(self) -> None:
        """Go to the beginning of the other file, and forget what was read of it."""

    @abstractmethod
    def fill(self, buffer: Any) -> int:
        """Put what comes next into a buffer; how many bytes that is, 0 at the end."""

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """To its beginning."""
        return True

    def tell(self) -> int:
        """How many bytes were read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Begin again. Raises io.UnsupportedOperation for any other place."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only its beginning can be sought")
        self.begin()
        self._at = 0
        return 0

    def readinto(self, buffer: Any, /) -> int:
        """Read on. Raises what `fill` raises."""
        count = self.fill(buffer)
        self._at += count
        return count
