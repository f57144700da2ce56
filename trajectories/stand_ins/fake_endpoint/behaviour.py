"""How the endpoint behaves: its latency, its limits, and what goes wrong how often."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

FAILURES: Mapping[str, str] = {
    "429": "asked too often, with Retry-After",
    "500": "it broke",
    "503": "it has too much to do",
    "400": "the request is wrong",
    "context": "the prompt is too long (400)",
    "no_tools": "the model takes no tools (400)",
    "quota": "no quota left (429)",
    "401": "the key is wrong",
    "403": "the key may not do this",
    "404": "no such model",
    "reset": "the connection is cut before any answer",
    "cut": "the connection is cut within the answer",
    "hang": "no answer, ever",
    "drip": "a byte every tenth of a second",
    "huge": "an answer of 30 MB",
    "malformed": "half a JSON object",
    "html": "a web page",
    "nested": "JSON nested 100,000 deep",
    "not_utf8": "an answer with bytes that are not UTF-8",
    "no_choices": "JSON without an answer",
    "truncated": "ended by the token limit",
    "empty": "an empty answer",
    "refused": "a refusal",
    "filtered": "stopped by a content filter",
    "no_usage": "an answer without token counts",
    "error_200": "an error with status 200",
    "half": "half a text that ends with the reason error",
    "died": "half a text, then an error and, where it is streamed, [DONE]",
    "unfinished": "half a text without a reason to finish",
    "failed": "an answer that says it has failed",
}
"""What can go wrong, by the word that asks for it."""


TAKES: Mapping[str, str] = {
    "temperature_1": "refuses any temperature but 1",
    "no_temperature": "refuses any temperature",
    "long_limit": "wants max_completion_tokens and refuses max_tokens",
    "short_limit": "wants max_tokens and refuses max_completion_tokens",
    "no_effort": "refuses a reasoning effort",
    "developer": "refuses the role system",
    "system": "refuses the role developer",
    "thoughts_back": "refuses a tool call that comes back without its thoughts",
    "no_thoughts_back": "refuses a tool call that comes back with its thoughts",
    "no_seed": "refuses a seed",
    "ignores_seed": "takes a seed and draws anew all the same",
    "ignores_temperature": "says the same whatever temperature and seed",
    "no_logprobs": "refuses to give log-probabilities",
    "ignores_logprobs": "is asked for log-probabilities and gives none",
    "continues": "goes on with a message of its own that the conversation ends in, paragraph by paragraph",
    "pictures": "sees pictures of grids; without this word or the next they are refused",
    "blind": "takes pictures and sees nothing on them",
    "strips": "takes the blanks away that such a message ends with",
    "stop_reason": "says what stopped it, as vLLM does",
}
"""What a model takes of what it may be sent, by the word that asks for it."""

WAYS_OF_BATCHES: Mapping[str, str] = {
    "taken": "answers the requests of batches",
    "refused": "finds fault with every file",
    "unheard": "begins a batch, and the connection is cut before it says so",
    "silent": "begins a batch and never says so",
    "unmarked": "as unheard, and forgets the metadata",
    "busy": "takes no batch (429)",
    "none": "has no batch service (404)",
}
"""What becomes of batches, by the word that asks for it."""

WAYS_OF_N = ("given", "ignored", "refused", "fewer", "more")


@dataclass(frozen=True, slots=True)
class Play:
    """How one call goes: a word of FAILURES or "" for well, and the `Retry-After` of a 429 in seconds."""

    failure: str = ""
    retry_after: str = "0"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`latency` in seconds; `pace` is how many there are between two pieces of a streamed answer; `failures` gives
    shares of calls by word; more than `in_flight` calls at once get a 429.

    `key`: without it in the Authorization header calls get a 401. `models`: others get a 404; empty for any. `n` says
    what becomes of a call for several samples: "given", "ignored" (one comes), "refused" (400), "fewer" (half of them
    come) or "more" (one more comes). `stated_cost` is what it says each call cost; None where it says nothing. `takes`
    are words of TAKES.

    A batch is over `batch_seconds` after it was asked for, never where that is None; of its requests the share
    `batch_answers` is answered by then, and with less than all of them it expires. `batch_way` is a word of
    WAYS_OF_BATCHES.
    """

    latency: float = 0.0
    pace: float = 0.0
    failures: Mapping[str, float] = field(default_factory=dict)
    retry_after: str = "1"
    in_flight: int | None = None
    key: str = ""
    models: tuple[str, ...] = ()
    seed: int = 0
    n: str = "given"
    stated_cost: float | None = None
    takes: tuple[str, ...] = ()
    batch_seconds: float | None = 0.0
    batch_answers: float = 1.0
    batch_way: str = "taken"

    def choices(self, asked: int) -> int:
        """How many samples come of a call for so many."""
        return {"ignored": 1, "fewer": max(1, asked // 2), "more": asked + (asked > 1)}.get(self.n, asked)

    def __post_init__(self) -> None:
        if self.n not in WAYS_OF_N:
            raise ValueError(f"Found {self.n!r} for n, expected one of {', '.join(WAYS_OF_N)}.")
        if self.batch_way not in WAYS_OF_BATCHES:
            expected = ", ".join(WAYS_OF_BATCHES)
            raise ValueError(f"Found {self.batch_way!r} for batches, expected one of {expected}.")
        if strange := [word for word in self.takes if word not in TAKES]:
            raise ValueError(f"Found {strange[0]!r} for what it takes, expected some of {', '.join(TAKES)}.")
        unknown = [word for word in self.failures if word not in FAILURES]
        if unknown:
            raise ValueError(f"Found the failure {unknown[0]!r}, expected some of {', '.join(FAILURES)}.")
        if sum(self.failures.values()) > 1:
            raise ValueError(f"The shares of failures add up to {sum(self.failures.values()):g}, expected at most 1.")

    def draw(self, chance: random.Random) -> Play:
        """How the next call goes."""
        at = chance.random()
        for word, share in self.failures.items():
            at -= share
            if at < 0:
                return Play(word, self.retry_after)
        return Play()
