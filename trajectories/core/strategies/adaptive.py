"""Compute-optimal choice (Snell et al. 2024, section 3): the first samples place a problem, the rest go by its bin.

How hard a problem is for the sampler is predicted from the first samples: by the share of programs that fit the
training pairs, or without programs by the share of the commonest answer. What is best for which bin is learnt from
stored samples (the page *Compute-optimal* under Insights) and set here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.strategies.base import (
    ENOUGH,
    LEFT_OPEN,
    AttemptKind,
    Effort,
    InRounds,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    all_slots,
    fitting,
)
from trajectories.core.strategies.trees import (
    DEPTH,
    EXPAND,
    KEEP,
    Tree,
    beam_behind,
    beam_pruned,
    to_ends,
)

NOTHING, SAMPLES, OTHER = 0, 1, 2
"""What is done with the rest of the budget: nothing, more of the same samples, or what the strategy has besides."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The bin of a problem (easy, middling, hard), and by what it was placed: a share in [0, 1] of so many samples."""

    bin: str
    share: float
    samples: int


def place(situation: Situation, settings: Settings) -> Placed:
    """The bin that the first samples place a problem in."""
    first = [each for each in situation.traces if each.round == 0]
    ran = [each for each in first if each.fits is not None]
    if ran:
        share = sum(each.fits is True for each in ran) / len(ran)
    else:
        votes = Counter(each.answer for each in first if each.answer)
        share = max(votes.values(), default=0) / len(first) if first else 0.0
    easy, hard = settings["easy_from"] / 100, settings["hard_below"] / 100
    return Placed("hard" if share < hard else "easy" if share >= easy else "middling", share, len(first))


def _parameters(other: str, *more: Parameter) -> tuple[Parameter, ...]:
    choices = ("nothing more", "more samples", other)
    return (
        Parameter("probe", "First samples", 8, 1, 1_000, "So many place the problem; they are part of the budget."),
        Parameter("easy_from", "Easy from", 50, 1, 100, "Percent of the first samples that fit, or agree."),
        Parameter("hard_below", "Hard below", 5, 0, 100, "Percent of the first samples that fit, or agree."),
        Parameter("easy", "Easy ones", NOTHING, 0, 2, "What the rest of the budget goes to.", choices),
        Parameter("middling", "Middling ones", SAMPLES, 0, 2, "What the rest of the budget goes to.", choices),
        Parameter("hard", "Hard ones", OTHER, 0, 2, "What the rest of the budget goes to.", choices),
        *more,
        ENOUGH,
    )


class _Adapting(InRounds):
    """What both have in common; `_other` plans a round of what the strategy has besides more samples."""

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The samples that place the problem."""
        return all_slots(slots[: settings["probe"]])

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The rest of the budget, by the way of the problem's bin."""
        way = settings[place(situation, settings).bin]
        used = len(situation.ended)
        if way == NOTHING or used >= len(situation.slots):
            return ()
        if way == SAMPLES:
            return all_slots(situation.slots[used:])
        if fitting(situation) >= settings["enough"]:
            return ()
        return to_ends(situation, self._other(situation, settings), settings)

    def _other(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        raise NotImplementedError


class Adaptive(_Adapting):
    """For samplers that build programs by steps or go on with texts: the other way is a beam."""

    name = "adaptive"
    title = "Adaptive"
    summary = "The first samples say how hard a problem is; the rest go to what is best for such problems."
    steps = True
    parameters: tuple[Parameter, ...] = _parameters("a beam", KEEP, EXPAND, DEPTH)

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes: where a problem was placed, and then what the beam prunes."""
        if situation.round:
            return beam_pruned(Tree(situation), settings)
        found = place(situation, settings)
        if settings[found.bin] != NOTHING:
            return {}
        kind = f"{'an' if found.bin == 'easy' else 'a'} {found.bin} problem"
        share = f"{found.share:.0%} of {found.samples} first samples fit or agree"
        why = f"{LEFT_OPEN}: {share}, {kind}; nothing more is drawn."
        return {each.trace: why for each in situation.traces if each.trace is not None and not each.fits}

    def _other(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        return beam_behind(situation, settings)


class AdaptiveModel(_Adapting):
    """For language models: the other way is to revise the last answers, round by round."""

    name = "adaptive-model"
    title = "Adaptive, by revisions"
    summary = "The first samples say how hard a problem is; the rest are more samples or revisions of these."
    needs_model = True
    parameters: tuple[Parameter, ...] = _parameters("revisions")

    def _other(self, situation: Situation, settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        left = len(situation.slots) - len(situation.ended)
        tips = [each for each in situation.traces if each.round == situation.round and not each.fits]
        return [Planned(tip.slot, AttemptKind.REVISION, tip.trace) for tip in tips[:left]]


class AdaptiveSearch(InRounds):
    """For the symbolic search, of which a sample costs next to nothing once it is done: what is placed is its work.

    A short search is enough where the programs that fit agree; else a longer one begins anew, which has the same
    outcome whatever worker makes it, and draws from its own programs from the first on.
    """

    name = "adaptive-search"
    title = "Adaptive, by length of search"
    summary = "A short search first; only where no program fits, or those that fit disagree, a longer one (symbolic)."
    parameters: tuple[Parameter, ...] = (
        Parameter("probe", "First samples", 16, 1, 1_000, "So many are drawn of the short search."),
        Parameter("short", "Short search", 6, 1, 100, "Percent of the sampler's work for the first samples."),
        Parameter("long", "Long search", 50, 1, 100, "Percent of the sampler's work for all others."),
        Parameter("agree", "Agree from", 60, 1, 100, "Percent of the programs that fit which have to give one answer."),
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The samples of the short search."""
        return all_slots(slots[: settings["probe"]])

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The rest of the budget once, by the long search, unless the short one is trusted."""
        if situation.round or agreement(situation)[0] * 100 >= settings["agree"]:
            return ()
        return all_slots(situation.slots[len(situation.ended) :])

    def effort(self, slots: Sequence[Slot], slot: Slot, of_round: int, settings: Settings) -> Effort:
        """See base.Searches: samples of the long search are counted from its first program on."""
        if not of_round:
            return Effort(settings["short"] / 100, slot.ordinal)
        before = [each for each in slots[: settings["probe"]] if each.instruction == slot.instruction]
        return Effort(
            settings["long"] / 100, slot.ordinal - sum(each.temperature == slot.temperature for each in before)
        )

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes: why a problem is left to the short search."""
        share, count = agreement(situation)
        if situation.round or share * 100 < settings["agree"]:
            return {}
        why = f"{LEFT_OPEN}: {share:.0%} of {count} programs that fit give one answer; nothing more is searched for."
        return {each.trace: why for each in situation.traces if each.trace is not None and not each.fits}


def agreement(situation: Situation) -> tuple[float, int]:
    """The share of the programs that fit which give the commonest answer, 0 where none fits, and how many fit."""
    votes = Counter(each.answer for each in situation.traces if each.fits and each.answer)
    count = sum(votes.values())
    return (max(votes.values()) / count if count else 0.0), count
