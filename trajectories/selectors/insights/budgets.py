"""Budgets: what any number of the stored samples of a scope would have scored, by every way of choosing, at what price.

Samples are read once and kept in memory while no trace and no verdict is added, or for FRESH_SECONDS where they are: a
slider that is moved reads nothing.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.core.cache import cache
from django.db.models import Q

from trajectories.core.consolidation.draws import Orders
from trajectories.core.consolidation.estimates import Estimates, any_of, defined, every_at, pass_at, way_at
from trajectories.core.consolidation.resampling import Estimate, mean_bands
from trajectories.core.consolidation.stored import Stored
from trajectories.core.consolidation.ways import WAYS, Way
from trajectories.core.consolidation.ways.base import Flags
from trajectories.core.strategies import STRATEGIES
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.deciding import SUPPORTING_VERIFIERS
from trajectories.core.verifiers.model_judge import GRADE
from trajectories.core.verifiers.opinions import SCORER, is_opinion, scorer_verifier
from trajectories.models import Run, Sampler, Scorer, Verdict
from trajectories.selectors.blinding import Sight, veiled_problems
from trajectories.selectors.insights.scopes import ADAPTING, InsightScope
from trajectories.selectors.insights.tables import Price, SampleTable, price_of, read_table, stamp, store_samples

FRESH_SECONDS = 30
KEPT_BYTES = 128 * 2**20
SCORERS, SCORERS_SECONDS = "budget-scorers", 60
KEPT_TABLES = 8
KEPT_ESTIMATES = 600
"""Estimates of a pool that are kept, each with a number for every problem."""
ANY = "any"
"""The name of pass@k among the ways: the choice of an oracle."""
ANY_TITLE = "pass@k (an oracle chooses)"
EVERY = 0
"""The k that stands for all samples of each problem, however many it has."""

BY = {"run": "Runs", "strategy": "Strategies", "sampler": "Samplers"}


@dataclass(frozen=True, slots=True)
class BudgetScope:
    """What a budget is about. `scorer` is the verifier whose scores weigh samples, "" for none. With `unfinished`
    samples that were cut off, refused, filtered or empty are drawn too, and are no answer; else they are left out.
    `without` are ids of problems that the reader may not be told of.
    """

    samples: InsightScope
    scorer: str = ""
    unfinished: bool = False
    without: frozenset[int] = frozenset()

    @classmethod
    def seen(cls, samples: InsightScope, sight: Sight, *, scorer: str = "", unfinished: bool = False) -> "BudgetScope":
        """As far as somebody may see: whole problems are left out where a queue hides a verdict from them."""
        return cls(samples, scorer, unfinished, veiled_problems(sight))


@dataclass(slots=True, eq=False)
class Pool:
    """Stored samples that are drawn from together. `adapts` says that they were drawn by looking at verdicts: all of
    them are one draw. `key` is the id of a run or sampler, or the name of a strategy; `price` is that of a sample, and
    where it adapts that of a problem."""

    key: str
    title: str
    stored: Stored
    price: Price
    adapts: bool = False
    orders: Orders = field(init=False)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _known: dict[tuple[str, int], Estimates] = field(default_factory=dict)
    _means: dict[tuple[str, int], Estimate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.orders = Orders(self.stored)

    @property
    def most(self) -> int:
        """The largest k for which at least half of the problems have k samples, 0 where there is none."""
        sizes = np.sort(self.stored.sizes)
        return int(sizes[len(sizes) // 2]) if len(sizes) else 0

    def estimate(self, way: str, k: int) -> Estimates:
        """What k samples score by a way; pass@k for ANY, and all samples of each problem for k = EVERY."""
        with self.lock:
            if (way, k) not in self._known:
                if len(self._known) >= KEPT_ESTIMATES:
                    del self._known[next(iter(self._known))]
                self._known[way, k] = self._estimate(way, k)
            return self._known[way, k]

    def _estimate(self, way: str, k: int) -> Estimates:
        if way == ANY:
            return any_of(self.stored) if k == EVERY else pass_at(self.stored, k)
        if k == EVERY:
            return every_at(self.orders, self.stored, WAYS[way])
        return way_at(self.orders, self.stored, WAYS[way], k)

    def means(self, ways: Sequence[str], k: int) -> list[Estimate]:
        """The means over problems with their bands, of several ways for the same resampled problems."""
        return self.curves(ways, [k])[k]

    def curves(self, ways: Sequence[str], ks: Sequence[int]) -> dict[int, list[Estimate]]:
        """The means at several k, each worked out from the one before where that is possible."""
        with self.lock:
            asked = [(way, k) for k in sorted(ks) for way in ways if (way, k) not in self._means]
            if asked:
                columns = np.stack([self.estimate(*each).values for each in asked], axis=1)
                bands = mean_bands(columns, [1] * len(columns)) or [Estimate(None, None, None, 0)] * len(asked)
                self._means |= dict(zip(asked, bands, strict=True))
            if len(ks) > 1:
                self.orders.forget()
            return {k: [self._means[way, k] for way in ways] for k in ks}

    def defined(self) -> list[Way]:
        """The ways that are defined for a problem at least."""
        with self.lock:
            return [way for way in WAYS.values() if self.most and defined(self.orders, self.stored, way)]


@dataclass(slots=True, eq=False)
class BudgetReport:
    """The samples of a scope and the pools made of them. `born` is when they were read, by the clock of the process."""

    scope: BudgetScope
    table: SampleTable
    stamp: tuple[int, int]
    born: float
    _pools: dict[str, Sequence[Pool]] = field(default_factory=dict)

    @property
    def counted(self) -> Flags:
        """The samples that are drawn from, whatever their strategy."""
        unfinished = self.table.unfinished if self.scope.unfinished else np.zeros(len(self.table.key), bool)
        return self.table.scored | unfinished

    @property
    def whole(self) -> Pool:
        """All samples that were drawn without looking at verdicts, as one pool."""
        if "" not in self._pools:
            chosen = self.counted & self.table.first
            price = price_of(self.table, self.table.first, chosen)
            self._pools[""] = (Pool("", "All samples", store_samples(self.table, chosen), price),)
        return self._pools[""][0]

    @property
    def nbytes(self) -> int:
        """The memory that the samples take, as read and as drawn from."""
        pools = [pool for each in list(self._pools.values()) for pool in each]
        return self.table.nbytes + sum(pool.stored.nbytes + pool.orders.nbytes for pool in pools)

    def pools(self, by: str) -> Sequence[Pool]:
        """A pool for each run, strategy or sampler, on the problems that all of them have."""
        if by not in self._pools:
            self._pools[by] = _pools(self, by)
        return self._pools[by]


def way_title(way: str) -> str:
    """The name of a way for people."""
    return ANY_TITLE if way == ANY else WAYS[way].title


_kept: OrderedDict[BudgetScope, BudgetReport] = OrderedDict()
_lock = threading.Lock()


def get_budget(scope: BudgetScope) -> BudgetReport:
    """The samples of a scope, from memory where they are fresh there."""
    newest = stamp()
    with _lock:
        kept = _kept.get(scope)
        if kept is not None and _is_fresh(kept, newest):
            _kept.move_to_end(scope)
            return kept
    table = read_table(scope.samples, scorer=scope.scorer, without=scope.without)
    made = BudgetReport(scope, table, newest, time.monotonic())
    with _lock:
        for old in [each for each, report in _kept.items() if not _is_fresh(report, newest)]:
            del _kept[old]
        _kept[scope] = made
        _kept.move_to_end(scope)
        while len(_kept) > 1 and (len(_kept) > KEPT_TABLES or sum(each.nbytes for each in _kept.values()) > KEPT_BYTES):
            _kept.popitem(last=False)
    return made


def _is_fresh(report: BudgetReport, newest: tuple[int, int]) -> bool:
    return report.stamp == newest or time.monotonic() - report.born < FRESH_SECONDS


def forget_budgets() -> None:
    """Read everything anew: for tests and measurements."""
    cache.delete(SCORERS)
    with _lock:
        _kept.clear()


def list_scorers(sight: Sight) -> list[str]:
    """The verifiers whose scores may weigh samples: none that knows the reference answer, and no model judge and
    no learned scorer for whoever must not see its verdicts. Looked up again after SCORERS_SECONDS."""
    found = cache.get_or_set(SCORERS, _scoring_verifiers, SCORERS_SECONDS) or ()
    return [name for name in found if not (sight.is_blind and is_opinion(name))]


def _scoring_verifiers() -> list[str]:
    """All that may weigh samples and has given a score. One query over the verdicts."""
    scored = Verdict.objects.filter(score__isnull=False)
    programs = [name for name in SUPPORTING_VERIFIERS if name not in VERIFIERS or not VERIFIERS[name].takes_reference]
    wanted = Q(verifier__in=programs) | Q(verifier__startswith=f"{GRADE}:") | Q(verifier__startswith=f"{SCORER}:")
    # A score that looks at votes tells of all samples of a problem, also of those that were not drawn.
    voting = Scorer.objects.filter(uses_votes=True).values_list("name", flat=True).distinct()
    scored = scored.exclude(verifier__in=[scorer_verifier(name) for name in voting])
    return sorted(scored.filter(wanted).order_by().values_list("verifier", flat=True).distinct())


def _pools(budget: BudgetReport, by: str) -> Sequence[Pool]:
    table = budget.table
    runs = np.unique(table.run)
    strategies = dict(Run.objects.filter(pk__in=runs.tolist()).values_list("pk", "strategy"))
    looking = np.array([strategies.get(run, "") in ADAPTING for run in runs.tolist()], dtype=bool)
    adapting = looking[np.searchsorted(runs, table.run)] if len(runs) else table.first
    parts: dict[tuple[str, bool], tuple[Flags, Flags]] = {}
    for key, rows in _groups(table, by, strategies).items():
        for looks in (False, True):
            mine = rows & (adapting == looks)
            if (budget.counted & mine).any():
                parts[key, looks] = mine, budget.counted & mine
    common: set[int] | None = None
    for _, counted in parts.values():
        there = set(np.unique(table.problem[counted]).tolist())
        common = there if common is None else common & there
    shared = np.isin(table.problem, list(common or ()))
    titles = _titles(by, [key for key, _ in parts])
    return [
        Pool(
            key=key,
            title=titles.get(key, key) + (" (goes by verdicts)" if looks and by != "run" else ""),
            stored=store_samples(table, counted & shared),
            price=price_of(table, rows & shared, counted & shared, each=not looks),
            adapts=looks,
        )
        for (key, looks), (rows, counted) in parts.items()
        if (counted & shared).any()
    ]


def _groups(table: SampleTable, by: str, strategies: Mapping[int, str]) -> dict[str, Flags]:
    """The rows of each run, strategy or sampler."""
    if by == "sampler":
        return {str(key): table.sampler == key for key in np.unique(table.sampler).tolist()}
    if by == "run":
        return {str(key): table.run == key for key in np.unique(table.run).tolist()}
    found: dict[str, Flags] = {}
    for run in np.unique(table.run).tolist():
        name = strategies.get(run, "imported")
        found[name] = found.get(name, np.zeros(len(table.run), bool)) | (table.run == run)
    return found


def _titles(by: str, keys: Sequence[str]) -> dict[str, str]:
    if by == "run":
        named = dict(Run.objects.filter(pk__in=keys).values_list("pk", "title"))
        return {"0": "Imported", **{str(key): title for key, title in named.items()}}
    if by == "sampler":
        rows = Sampler.objects.filter(pk__in=keys).values_list("pk", "title", "version")
        return {"0": "Unknown", **{str(key): f"{title}, version {version}" for key, title, version in rows}}
    return {key: STRATEGIES[key].title if key in STRATEGIES else key.capitalize() for key in keys}
