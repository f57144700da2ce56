"""How far two samplers are apart on the held-out problems that both were measured on."""

from dataclasses import dataclass

from trajectories.core.campaigns.measures import Measured
from trajectories.core.consolidation.paired import Difference, Discordant, discordant, paired_bootstrap


@dataclass(frozen=True, slots=True)
class Apart:
    """The first less the second: `share` of the right samples of a problem, and who `solved` which problems."""

    share: Difference
    solved: Discordant

    @property
    def points(self) -> str:
        """How far the first share is from the second, such as "0.7 points above"."""
        return f"{100 * abs(self.share.mean):.1f} points {'below' if self.share.mean < 0 else 'above'}"

    @property
    def band(self) -> str:
        """The band of their difference after a space, "" where there is none."""
        low, high = self.share.low, self.share.high
        return "" if low is None or high is None else f" (95% band {100 * low:+.1f} to {100 * high:+.1f})"

    @property
    def is_better(self) -> bool:
        """Whether the first is better for sure: the whole band is above nothing."""
        return self.share.low is not None and self.share.low > 0

    @property
    def is_worse(self) -> bool:
        """Whether the second is better for sure."""
        return self.share.high is not None and self.share.high < 0


def compare_measured(first: Measured, second: Measured) -> Apart | None:
    """Paired bootstrap and McNemar over the problems that both have samples of; None where there are none."""
    other = {each.problem: each for each in second.tried if each.samples}
    pairs = [(each, other[each.problem]) for each in first.tried if each.samples and each.problem in other]
    if not pairs:
        return None
    shares = [(one.right / one.samples, two.right / two.samples) for one, two in pairs]
    return Apart(
        paired_bootstrap([one for one, _ in shares], [two for _, two in shares]),
        discordant([float(bool(one.right)) for one, _ in pairs], [float(bool(two.right)) for _, two in pairs]),
    )


def control_words(number: int, challenger: Measured, control: Measured) -> str:
    """Whether the challenger of a generation beats its control, in one sentence; "" where nothing can be compared."""
    found = compare_measured(challenger, control)
    if found is None:
        return ""
    said = "cannot be told from its control"
    if found.is_better or found.is_worse:
        said = "beats its control" if found.is_better else "is beaten by its control"
    return (
        f"Generation {number} {said}: over {found.share.problems:,} held-out problems its share of right samples is "
        f"{found.points} that of the control{found.band}, and it solves {found.solved.won:,} that the "
        f"control does not, the control {found.solved.lost:,} that it does not (McNemar p = {found.solved.p:.3g})."
    )
