"""What a share of the votes has meant: how often the commonest answer was right where it had about as large a share."""

from collections.abc import Iterable
from dataclasses import dataclass

from trajectories.core.consolidation.resampling import mean_bands
from trajectories.core.consolidation.votes import Ballot, ballot_credit, top_votes

BINS = 10


@dataclass(frozen=True, slots=True)
class Meant:
    """Of `problems` problems whose commonest answer had `low_share` to `high_share` of the votes, it was right in
    `right` of them, with the band `low` to `high`, None for fewer than two problems."""

    low_share: float
    high_share: float
    problems: int
    right: float
    low: float | None
    high: float | None


def bin_of(share: float) -> int:
    """The tenth in which a share of votes lies, 0 to BINS - 1."""
    # A share is a quotient of small numbers: 0.3 may be 0.29999999999999999.
    return min(BINS - 1, int(BINS * share + 1e-9))


def what_it_meant(voted: Iterable[tuple[Ballot, int, int]], share: float) -> Meant | None:
    """What a share meant on problems with a reference: (ballot, silent samples, problems that voted so) of each.

    None where none of them with two samples or more had a share in the same tenth.
    """
    place = bin_of(share)
    alike = []
    for ballot, silent, problems in voted:
        samples = silent + sum(votes for votes, _ in ballot)
        if ballot and samples > 1 and bin_of(top_votes(ballot) / samples) == place:
            alike.append((ballot_credit(ballot), problems))
    if not alike:
        return None
    (right,) = mean_bands([[credit] for credit, _ in alike], [problems for _, problems in alike])
    assert right.mean is not None
    return Meant(place / BINS, (place + 1) / BINS, right.problems, right.mean, right.low, right.high)
