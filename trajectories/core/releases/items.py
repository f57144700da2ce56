"""What an item of a release is hashed from: the same when it is frozen and when it is restored from an archive."""

from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.identity import content_hash
from trajectories.core.records import JSON


def item_hash(  # noqa: PLR0913 (an item is all of this)
    *,
    problem: str,
    trace: str,
    split: str,
    score: float | None,
    reviews: Sequence[Sequence[JSON]],
    verdicts: Sequence[Sequence[JSON]],
    original: Mapping[str, JSON] | None = None,
    final: Sequence[JSON] | None = None,
    compared: Mapping[str, Sequence[int]] | None = None,
) -> str:
    """The SHA-256 of an item.

    `problem` and `trace` are content hashes. A review is [by, decision, score, reason, comment, step labels], with the
    segmentation behind where the labels count other steps than those that are stored, a verdict [verifier, version,
    outcome], in the order in which they were given. `original` is what was known of the trace that a person edited into
    this one, `final` a final decision, `compared` how often it won and lost against other traces, by their content
    hashes: each is in the hash only where there is one, so that items without keep the hashes they always had.
    """
    content: dict[str, Any] = {
        "problem": problem,
        "trace": trace,
        "split": split,
        "score": score,
        "reviews": [list(review) for review in reviews],
        "verdicts": [list(verdict) for verdict in verdicts],
    }
    if original is not None:
        content["original"] = dict(original)
    if final is not None:
        content["final"] = list(final)
    if compared:
        content["compared"] = {other: list(counts) for other, counts in compared.items()}
    return content_hash(content)
