"""What a chat sampler needs from whoever runs it: shared rate limits and a memory of answers already paid for."""

from dataclasses import dataclass
from typing import Protocol

from trajectories.core.records import Usage


@dataclass(frozen=True, slots=True)
class PaidReply:
    """An answer as it came, with what it took to get it, and who paid."""

    raw: str
    usage: Usage
    seconds: float
    max_output_tokens: int
    payer: str = ""


class Ports(Protocol):
    """Called from one thread of the session's own, `close` last."""

    def reserve(self, tokens: int) -> float:
        """Count one request of so many tokens against the limits; returns the seconds to wait before it is sent."""
        ...

    def settle(self, tokens: int) -> None:
        """Count tokens that were spent beyond what was reserved; negative where they were fewer."""
        ...

    def hold(self, seconds: float, reason: str) -> None:
        """Send nothing more, from any worker, for so long."""
        ...

    def recall(self, request_hash: str, payer: str) -> PaidReply | None:
        """The answer to the same request, where it was paid for before; `payer` is who asks now."""
        ...

    def remember(self, request_hash: str, reply: PaidReply) -> None:
        """Keep an answer."""
        ...

    def close(self) -> None:
        """Let go of what the thread holds."""
        ...


class NoPorts:
    """No limits and no memory: for single calls."""

    def reserve(self, tokens: int) -> float:  # noqa: ARG002
        """Nothing to wait for."""
        return 0.0

    def settle(self, tokens: int) -> None:
        """Nothing is counted."""

    def hold(self, seconds: float, reason: str) -> None:
        """Nobody else calls."""

    def recall(self, request_hash: str, payer: str) -> PaidReply | None:  # noqa: ARG002
        """Nothing is remembered."""
        return None

    def remember(self, request_hash: str, reply: PaidReply) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""
