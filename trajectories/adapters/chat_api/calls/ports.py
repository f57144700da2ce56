"""What a chat sampler needs from whoever runs it: shared rate limits and a memory of answers already paid for."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from trajectories.core.records import Usage


@dataclass(frozen=True, slots=True)
class PaidReply:
    """An answer as it came, with what it took to get it, and who paid.

    `cost` is its share of what the endpoint stated, None where the endpoint states nothing.
    """

    raw: str
    usage: Usage
    seconds: float
    max_output_tokens: int
    payer: str = ""
    cost: Decimal | None = None


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

    def note(self, kind: str, detail: str) -> None:
        """Keep, for admins only, what the endpoint said with a fault of this kind."""
        ...

    def recall(self, wanted: Mapping[str, str]) -> Mapping[str, PaidReply]:
        """The answers to the same requests, where they were paid for before, by request hash; `wanted` says for each
        hash who asks now."""
        ...

    def remember(self, replies: Mapping[str, PaidReply]) -> None:
        """Keep answers by request hash."""
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

    def note(self, kind: str, detail: str) -> None:
        """Nobody reads it."""

    def recall(self, wanted: Mapping[str, str]) -> Mapping[str, PaidReply]:  # noqa: ARG002
        """Nothing is remembered."""
        return {}

    def remember(self, replies: Mapping[str, PaidReply]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""
