"""Vectors of texts: the words that they have, so that texts with the same words are near each other."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

from trajectories.core.text.tokens import estimate_tokens

PATH = "/v1/embeddings"
SIZE = 64

Embedder = Callable[[str], Sequence[float]]


def words_of(text: str) -> list[float]:
    """How often words of the text fall on each of SIZE numbers; the first is 1 for every text."""
    vector = [1.0] + [0.0] * (SIZE - 1)
    for word in re.findall(r"[^\W_]+", text.casefold()):
        vector[1 + crc32(word.encode()) % (SIZE - 1)] += 1.0
    return vector


def embeddings(body: Mapping[str, Any], embed: Embedder) -> dict[str, Any]:
    """The answer to a request, its vectors in another order than its texts, which the protocol allows."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else list(given or ())
    rows = [{"object": "embedding", "index": place, "embedding": list(embed(text))} for place, text in enumerate(texts)]
    tokens = sum(map(estimate_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows[::-1], "model": body.get("model", ""), "usage": usage}
