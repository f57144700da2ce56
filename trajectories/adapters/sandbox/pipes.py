"""The two pipes between the application and one child of a sandbox's worker. They serve that child and no other.

The program holds the far ends: it may write what it likes, or nothing, or close them.
"""

import contextlib
import json
import os
import select
import time

from trajectories.core.records import JSON

READ_BYTES = 1 << 16


def frame_of(message: JSON) -> bytes:
    """A message as it is sent: four bytes of length, big-endian, then JSON."""
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(4, "big") + payload


class ProgramLostError(Exception):
    """The program's process does not answer as it should; the message says how. It is not asked again."""


class ProgramLateError(ProgramLostError):
    """Nothing came in time."""


class ProgramEndedError(ProgramLostError):
    """The program's process has closed its pipe, mostly because it has ended."""


class ProgramPipes:
    """The application's ends of the pipes of one child, and the child's ends until those were handed over."""

    def __init__(self) -> None:
        calls, self._calls = os.pipe()
        self._results, results = os.pipe()
        self.far_ends = [calls, results]
        """What the child reads its calls from, and writes its results to."""
        self._near_ends = [self._calls, self._results]
        self._buffer = b""
        for descriptor in self._near_ends:
            os.set_blocking(descriptor, False)
        self._result_comes = select.poll()
        self._result_comes.register(self._results, select.POLLIN)

    def send(self, frame: bytes, deadline: float) -> None:
        """Send a frame. Raises ProgramLateError; what a child that has ended does not read is lost in silence."""
        while frame:
            try:
                frame = frame[os.write(self._calls, frame) :]
            except BlockingIOError:
                if not wait_for(self._calls, select.POLLOUT, deadline):
                    raise ProgramLateError("the program does not read its input") from None
            except BrokenPipeError:
                # It may have said why before it ended.
                return

    def read(self, largest: int, deadline: float) -> bytes:
        """The payload of the next frame, of 1 to `largest` bytes. Raises ProgramLostError."""
        length = int.from_bytes(self._take(4, deadline), "big")
        if not 1 <= length <= largest:
            raise ProgramLostError("the program wrote into the channel of its results")
        return self._take(length, deadline)

    def close_far_ends(self) -> None:
        """Close what is the child's here, so that a pipe ends with the child."""
        self._close(self.far_ends)

    def close(self) -> None:
        """Close what is left."""
        self._close(self.far_ends)
        self._close(self._near_ends)

    @staticmethod
    def _close(descriptors: list[int]) -> None:
        while descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptors.pop())

    def _take(self, size: int, deadline: float) -> bytes:
        """The next `size` bytes; at most READ_BYTES beyond them are held."""
        while len(self._buffer) < size:
            if not _comes(self._result_comes, deadline):
                raise ProgramLateError("no result in time")
            part = os.read(self._results, READ_BYTES)
            if not part:
                raise ProgramEndedError("the program closed the channel of its results")
            self._buffer += part
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def wait_for(descriptor: int, event: int, deadline: float) -> bool:
    """Wait for a descriptor until a moment of the monotonic clock; whether it is ready."""
    poll = select.poll()
    poll.register(descriptor, event)
    return _comes(poll, deadline)


def _comes(poll: select.poll, deadline: float) -> bool:
    left = deadline - time.monotonic()
    return left > 0 and bool(poll.poll(left * 1000 + 1))
