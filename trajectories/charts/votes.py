"""Votes: whether a large majority is a right one, and how much samples differ."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from trajectories.charts.base import (
    HOLLOW_WORDS,
    INDEPENDENT_WORDS,
    Chart,
    counts_of,
    k_axis,
    percent,
    powers_of_two,
    problem_link,
    reached,
)
from trajectories.charts.rates import NO_SAMPLES
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.consolidation.variety import distinct_at_k, entropy_bits
from trajectories.core.consolidation.votes import ballot_credit, top_votes
from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.selectors.insights.samples import Voted, list_programs, list_voted
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally

BINS = 10
MOST_DRAWN = 1_024
VOTES_DEFINITION = (
    "Problems with at least two scored samples, by the share of these samples that give the commonest answer: how"
    " often that answer is right, with the band of 1,000 resamplings of the problems. On the dashed line the share"
    " of votes is the chance of being right; below it, agreement promises too much. Answers with equally many votes"
    " share. For a threshold below which no answer is taken, the table says how many problems are left from each share"
    " up, and how many of these are right." + INDEPENDENT_WORDS
)
DIVERSITY_DEFINITION = (
    "The number of different answers, and of different programs, that k scored samples of a problem hold on average"
    " over all ways of drawing them (rarefaction), and over problems, with the band of 1,000 resamplings of the"
    " problems. On the dashed line every sample would be new. Samples without an answer are none. Entropy, in bits,"
    " is that of the answers of all samples of a problem: 0 where all agree." + INDEPENDENT_WORDS + HOLLOW_WORDS
)

VOTES_COLUMNS = [
    *(
        Column(title, Unit.SHARE)
        for title in ("Vote share from", "To", "Mean share", "Right", "Right from", "Right to")
    ),
    Column("Problems", Unit.COUNT),
    Column("Confident but wrong", Unit.COUNT),
    Column("Problems from here up", Unit.COUNT),
    Column("Right of these", Unit.SHARE),
]
DIVERSITY_COLUMNS = [
    Column("k", Unit.COUNT),
    Column("Distinct answers", Unit.NUMBER),
    Column("Distinct programs", Unit.NUMBER),
    Column("Problems", Unit.COUNT),
    Column("Mean entropy of answers", Unit.NUMBER),
]


def _bin(voted: Voted) -> int:
    """The bin of the share of votes that the commonest answer has, 0 to BINS - 1."""
    return min(BINS - 1, BINS * top_votes(voted.ballot) // _samples(voted))


def _samples(voted: Voted) -> int:
    return voted.silent + sum(votes for votes, _ in voted.ballot)


def build_reliability(scope: InsightScope) -> Figure:
    """How often the commonest answer is right, by its share of the votes."""
    counts = counts_of(get_tally(scope), scope)
    bins: list[list[Voted]] = [[] for _ in range(BINS)]
    for voted in list_voted(scope):
        if voted.ballot and _samples(voted) > 1:
            bins[_bin(voted)].append(voted)
    if not any(bins):
        missing = "No problem of this selection has two scored samples yet."
        return Figure(RELIABILITY.title, VOTES_DEFINITION, VOTES_COLUMNS, counts=counts, missing=missing)
    rows, points = [], []
    for place, inside in enumerate(bins):
        if inside:
            row, point = _reliability(place, inside)
            rows.append(replace(row, values=[*row.values, *_from_here(bins[place:])]))
            points.append(point)
    guide = Series("As right as agreed", Mark.GUIDE, "muted", [Point(0, 0), Point(1, 1)])
    wrong = sum(each.problems for each in bins[-1] if not ballot_credit(each.ballot))
    return Figure(
        title=RELIABILITY.title,
        definition=VOTES_DEFINITION,
        columns=VOTES_COLUMNS,
        rows=rows,
        series=[guide, Series("Commonest answer", Mark.LINE, "1", points)],
        x=Axis("Share of votes for the commonest answer", Unit.SHARE, top=1.03),
        y=Axis("Right", Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"{sum(each.problems for inside in bins for each in inside):,} problems; in {wrong:,} of them nine"
        " of ten votes or more are for a wrong answer.",
    )


def _reliability(place: int, inside: Sequence[Voted]) -> tuple[Row, Point]:
    problems = [each.problems for each in inside]
    (right,) = mean_bands([[ballot_credit(each.ballot)] for each in inside], problems)
    (share,) = mean_bands([[top_votes(each.ballot) / _samples(each)] for each in inside], problems, resamples=1)
    wrong = [each for each in inside if not ballot_credit(each.ballot)]
    example = problem_link((wrong or list(inside))[0].example)
    count = sum(each.problems for each in wrong)
    words = [
        f"{percent(place / BINS)} to {percent((place + 1) / BINS)} of the votes",
        f"right: {percent(right.mean)} of {right.problems:,} problems",
        f"{count:,} wrong; Enter opens one" if wrong else "Enter opens one",
    ]
    low, high = place / BINS, (place + 1) / BINS
    row = Row([low, high, share.mean, right.mean, right.low, right.high, right.problems, count], example)
    return row, Point(share.mean or 0.0, right.mean, words, example, right.low, right.high)


def _from_here(bins: Sequence[Sequence[Voted]]) -> tuple[int, float]:
    """How many problems have so large a share of votes or a larger one, and how many of them the commonest answer has
    right: what a threshold there keeps."""
    kept = [each for inside in bins for each in inside]
    problems = sum(each.problems for each in kept)
    return problems, sum(each.problems * ballot_credit(each.ballot) for each in kept) / problems


def build_diversity(scope: InsightScope) -> Figure:
    """How many different answers and programs k samples hold."""
    counts = counts_of(get_tally(scope), scope)
    voted = list_voted(scope)
    if not voted:
        return Figure(DIVERSITY.title, DIVERSITY_DEFINITION, DIVERSITY_COLUMNS, counts=counts, missing=NO_SAMPLES)
    ks = powers_of_two(min(MOST_DRAWN, max(_samples(each) for each in voted)))
    answers = _distinct(((_votes(each), each.silent, each.problems) for each in voted), ks)
    programs = _distinct(((counted, 0, problems) for counted, problems in list_programs(scope)), ks)
    (entropy,) = mean_bands(
        [[entropy_bits(_votes(each))] for each in voted], [each.problems for each in voted], resamples=1
    )
    rows = [
        Row([k, one.mean, other.mean, one.problems, entropy.mean])
        for k, one, other in zip(ks, answers, programs, strict=True)
    ]
    far = reached(ks, answers)
    lines = [("Different answers", "1", answers), ("Different programs", "2", programs)]
    return Figure(
        title=DIVERSITY.title,
        definition=DIVERSITY_DEFINITION,
        columns=DIVERSITY_COLUMNS,
        rows=rows,
        series=[
            Series("Every sample new", Mark.GUIDE, "muted", [Point(k, k) for k in far]),
            *(_line(name, tone, ks, found) for name, tone, found in lines if any(each.problems for each in found)),
        ],
        x=k_axis(far),
        y=Axis("Different ones", Unit.NUMBER, logarithmic=True, ticks=k_axis(far).ticks),
        counts=counts,
        summary=f"{far[-1]:,} samples hold {answers[len(far) - 1].mean or 0:.1f} different answers on average; the"
        " entropy of answers"
        f" is {entropy.mean or 0:.2f} bits.",
    )


def _votes(voted: Voted) -> tuple[int, ...]:
    return tuple(votes for votes, _ in voted.ballot)


def _distinct(counted: Iterable[tuple[Sequence[int], int, int]], ks: Sequence[int]) -> list[Estimate]:
    """Distinct things among k with bands, of (samples of each thing, samples without any, problems)."""
    values, problems = [], []
    for counts, silent, count in counted:
        values.append([distinct_at_k(counts, k, silent=silent) for k in ks])
        problems.append(count)
    return mean_bands(values, problems) or [Estimate(None, None, None, 0)] * len(ks)


def _line(name: str, tone: str, ks: Sequence[int], found: Sequence[Estimate]) -> Series:
    most, there = found[0].problems, reached(ks, found)
    points = [
        Point(
            k,
            each.mean,
            [f"{each.mean:.2f} among {k:,} samples", f"over {each.problems:,} problems"],
            low=each.low,
            high=each.high,
            hollow=each.problems < most,
        )
        for k, each in zip(ks, found, strict=True)
        if k in there and each.mean
    ]
    return Series(name, Mark.LINE, tone, points)


RELIABILITY = Chart("reliability", "Votes and reliability", build_reliability)
DIVERSITY = Chart("diversity", "Diversity", build_diversity)
