"""The ways of choosing that there are."""

from trajectories.core.consolidation.ways import weights
from trajectories.core.consolidation.ways.base import Group, Value, Way

SELF_CONSISTENCY = "Wang et al. 2023, arXiv 2203.11171"
GREENBLATT = "Greenblatt 2024, Getting 50% on ARC-AGI with GPT-4o"
_RANKS = (
    "Votes of programs that reproduce every training pair; equal ones, and tasks without such a program, go by the sum"
    " of 1/rank of the samples with an output, ranked by training pairs, then by right cells."
)

MEMBERS = (
    Way(
        name="majority",
        title="Majority",
        help="The commonest answer; answers that mean the same (1/2 and 0.5) vote together.",
        group=Group.MEANING,
        weigh=weights.one_each,
        alone=weights.one_each,
        source=SELF_CONSISTENCY,
    ),
    Way(
        name="majority-written",
        title="Majority as written",
        help="The commonest answer, counted as it is written: what normal forms add is the difference to the majority.",
        group=Group.WRITTEN,
        weigh=weights.one_each,
        alone=weights.one_each,
        source=SELF_CONSISTENCY,
    ),
    Way(
        name="weighted-fits",
        title="Weighted by training pairs",
        help="Each sample counts the share of training pairs that its program reproduces.",
        group=Group.MEANING,
        weigh=weights.by_fits,
        alone=weights.fits_of,
        needs=(Value.FITS,),
        source="SOAR: Pourcel et al. 2025",
    ),
    Way(
        name="weighted-score",
        title="Weighted by scorer",
        help="Each sample counts what the chosen scorer gives it.",
        group=Group.MEANING,
        weigh=weights.by_score,
        alone=weights.score_of,
        needs=(Value.SCORE,),
        source="Snell et al. 2024, arXiv 2408.03314; Li et al. 2023, arXiv 2206.02336",
    ),
    Way(
        name="weighted-certainty",
        title="Weighted by certainty",
        help="Each sample counts the geometric mean of its tokens' probabilities.",
        group=Group.MEANING,
        weigh=weights.by_certainty,
        alone=weights.certainty_of,
        needs=(Value.CERTAINTY,),
        source="after Kang et al. 2025, arXiv 2502.18581",
    ),
    Way(
        name="best-score",
        title="Best by scorer",
        help="The sample with the highest value of the chosen scorer (best-of-N). Equal values are drawn by lot.",
        group=Group.SAMPLE,
        weigh=weights.best_score,
        needs=(Value.SCORE,),
        source="Cobbe et al. 2021, arXiv 2110.14168",
    ),
    Way(
        name="best-fits",
        title="Best by training pairs",
        help="The sample whose program reproduces most training pairs. Equal ones are drawn by lot.",
        group=Group.SAMPLE,
        weigh=weights.best_fit,
        needs=(Value.FITS,),
    ),
    Way(
        name="rank-sums",
        title="Training-perfect, then rank sums",
        help=_RANKS,
        group=Group.MEANING,
        weigh=weights.perfect_then_ranks,
        alone=weights.perfect_of,
        parts_equals=True,
        needs=(Value.FITS,),
        source=GREENBLATT,
    ),
    Way(
        name="two-guesses",
        title="Two guesses an output",
        help=f"ARC as its prize scores it: two guesses at each test output; the score is their share. {_RANKS}",
        group=Group.OUTPUT,
        weigh=weights.perfect_then_ranks,
        alone=weights.perfect_of,
        parts_equals=True,
        needs=(Value.FITS,),
        guesses=2,
        source=GREENBLATT,
    ),
    Way(
        name="three-guesses",
        title="Three guesses an output",
        help=f"ARC as in 2020 and in Greenblatt's report: three guesses at each test output. {_RANKS}",
        group=Group.OUTPUT,
        weigh=weights.perfect_then_ranks,
        alone=weights.perfect_of,
        parts_equals=True,
        needs=(Value.FITS,),
        guesses=3,
        source=GREENBLATT,
    ),
)
