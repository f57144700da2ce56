"""Search trees: the attempts of one run at one problem, each under the trace that it went on from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from trajectories.core.records import JSON, FinishReason, Outcome
from trajectories.core.strategies.base import LEFT_OPEN, PRUNED
from trajectories.core.verifiers.unfinished import UNFINISHED
from trajectories.models import Attempt, Run, RunProblem, Trace
from trajectories.models.traces import given_answer
from trajectories.selectors.attempts import failure_word
from trajectories.selectors.blinding import Hidden, Sight
from trajectories.selectors.runs import adapts

MOST_NODES = 2_000
"""Attempts that a page draws, in the order in which they were planned; the page says how many there are."""

GROUPED = 4
"""More childless siblings than this that ended for the same reason are drawn as one node that unfolds."""

ATTEMPT_COLUMNS = (
    *("pk", "index", "round", "kind", "state", "error_kind", "error_message", "parent_id", "pruned"),
    *("trace__pk", "trace__correctness", "trace__train_passed", "trace__train_total", "trace__train_error"),
    *("trace__answer", "trace__outputs", "trace__finish_reason", "trace__output_tokens", "trace__cost"),
    *("trace__latency_seconds", "step_score", "step_fault"),
)
OPEN = (Attempt.State.PENDING, Attempt.State.LEASED)


@dataclass(frozen=True, slots=True)
class Spend:
    """What attempts took: output tokens, money (None where no price is known), seconds."""

    tokens: int = 0
    cost: Decimal | None = None
    seconds: float = 0.0

    def __add__(self, other: "Spend") -> "Spend":
        costs = [each for each in (self.cost, other.cost) if each is not None]
        cost = sum(costs, Decimal(0)) if costs else None
        return Spend(self.tokens + other.tokens, cost, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One attempt with what went on from it.

    `trace_id` is None where it brought none; `given` is what the trace gives. `train_error` is the mean share of wrong
    cells in [0, 1]. `end` says in words why nothing went on from it, "" where something did or may still. `below`
    counts all attempts under it, `right_below` the right ones among them, `best_below` is their least train error, and
    `spent_below` what they took. `score` in [0, 1] is that of the steps of a text so far, None where
    nothing scored them; `score_fault` says why the judge that was asked for it gave none.
    """

    attempt_id: int
    kind: str
    round: int
    state: str
    trace_id: int | None
    correctness: str
    train: tuple[int, int] | None
    train_error: float | None
    given: JSON
    spend: Spend
    end: str
    score: float | None = None
    score_fault: str = ""
    children: "tuple[TreeNode | NodeGroup, ...]" = ()
    below: int = 0
    right_below: int = 0
    best_below: float | None = None
    spent_below: Spend = field(default_factory=Spend)

    @property
    def is_open(self) -> bool:
        """Whether the page shows at once what is below: where something right is, at any depth."""
        return self.right_below > 0 or self.below <= GROUPED

    @property
    def is_right(self) -> bool:
        """Whether it was verified right itself."""
        return self.correctness == Outcome.PASS


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Childless attempts beside each other that ended for the same reason."""

    end: str
    nodes: tuple[TreeNode, ...]

    @property
    def best(self) -> float | None:
        """The least train error among them."""
        return min((node.train_error for node in self.nodes if node.train_error is not None), default=None)

    @property
    def spend(self) -> Spend:
        """What they took together."""
        return sum((node.spend for node in self.nodes), Spend())


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The tree of a run and a problem. `size` counts all its attempts, of which `shown` are in `roots`."""

    roots: tuple[TreeNode | NodeGroup, ...]
    size: int
    shown: int
    rounds: int
    right: int
    best: float | None
    spend: Spend
    is_closed: bool


def get_search_tree(run: Run, problem_id: int) -> SearchTree | None:
    """The tree, in three queries; None where the run has no attempt at the problem."""
    attempts = Attempt.objects.filter(run=run, problem=problem_id)
    rows = list(attempts.order_by("index").values(*ATTEMPT_COLUMNS)[: MOST_NODES + 1])
    if not rows:
        return None
    size = len(rows) if len(rows) <= MOST_NODES else attempts.count()
    rows = rows[:MOST_NODES]
    place = RunProblem.objects.filter(run=run, problem=problem_id).first()
    last = max(row["round"] for row in rows)
    is_closed = place.closed if place else run.state in Run.ENDED_STATES
    known = {row["trace__pk"] for row in rows if row["trace__pk"]}
    under: dict[int | None, list[Mapping[str, JSON]]] = {}
    for row in rows:
        under.setdefault(row["parent_id"] if row["parent_id"] in known else None, []).append(row)
    ends = _Ends(adapts=adapts(run), last_round=last, is_closed=is_closed)
    roots = [_node(row, under, ends) for row in under.get(None, ())]
    right = sum(node.right_below + node.is_right for node in roots)
    return SearchTree(
        roots=_grouped(roots),
        size=size,
        shown=len(rows),
        rounds=last + 1,
        right=right,
        best=_least([error for node in roots for error in (node.train_error, node.best_below)]),
        spend=sum((node.spend + node.spent_below for node in roots), Spend()),
        is_closed=is_closed,
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """What has to be known to say why nothing went on from an attempt."""

    adapts: bool
    last_round: int
    is_closed: bool

    def reason(self, row: Mapping[str, JSON]) -> str:
        """Why nothing goes on from a childless attempt; "" where something may still, or where it is right."""
        if row["state"] == Attempt.State.FAILED:
            return f"No sample: {failure_word(row['error_kind'])}"
        if row["state"] == Attempt.State.CANCELLED:
            return "Cancelled"
        if row["state"] in OPEN or not row["trace__correctness"] or row["trace__correctness"] == Outcome.PASS:
            return ""
        if row["trace__finish_reason"] in UNFINISHED and row["trace__finish_reason"] != FinishReason.STEP:
            return "Cut off or refused before it gave an answer"
        if row["pruned"]:
            return str(row["pruned"])
        if not self.adapts:
            return ""
        if row["round"] < self.last_round:
            return "Not gone on from: others were chosen"
        return "The last round" if self.is_closed else ""


def _node(row: Mapping[str, JSON], under: Mapping[int | None, Sequence[Mapping[str, JSON]]], ends: _Ends) -> TreeNode:
    """As deep as a run has rounds, which is far less than Python calls deep."""
    trace_id = row["trace__pk"]
    children = [_node(child, under, ends) for child in under.get(trace_id, ())] if trace_id else []
    total = row["trace__train_total"]
    return TreeNode(
        attempt_id=row["pk"],
        kind=row["kind"],
        round=row["round"],
        state=row["state"],
        trace_id=trace_id,
        correctness=row["trace__correctness"] or "",
        train=(row["trace__train_passed"], total) if total else None,
        train_error=row["trace__train_error"],
        given=given_answer(row["trace__answer"], row["trace__outputs"]),
        spend=Spend(row["trace__output_tokens"] or 0, row["trace__cost"], row["trace__latency_seconds"] or 0.0),
        end="" if children else ends.reason(row),
        score=row["step_score"],
        score_fault=row["step_fault"],
        children=_grouped(children),
        below=sum(child.below + 1 for child in children),
        right_below=sum(child.right_below + child.is_right for child in children),
        best_below=_least([error for child in children for error in (child.train_error, child.best_below)]),
        spent_below=sum((child.spend + child.spent_below for child in children), Spend()),
    )


def _least(errors: Sequence[float | None]) -> float | None:
    return min((error for error in errors if error is not None), default=None)


def _grouped(nodes: Sequence[TreeNode]) -> tuple[TreeNode | NodeGroup, ...]:
    """The nodes in their order; those that ended for the same reason, where they are many, as one group at the end."""
    ended: dict[str, list[TreeNode]] = {}
    for node in nodes:
        if node.end and not node.children:
            ended.setdefault(_sort_of(node.end), []).append(node)
    many = {end for end, each in ended.items() if len(each) > GROUPED}
    alone = [node for node in nodes if node.children or _sort_of(node.end) not in many]
    return (*alone, *(NodeGroup(end, tuple(ended[end])) for end in ended if end in many))


def _sort_of(end: str) -> str:
    """The reason without what differs from one node to the next: places and scores."""
    word = end.partition(":")[0]
    return word if word in (PRUNED, LEFT_OPEN) else end


def tells_hidden(run: Run, problem_id: int, sight: Sight) -> bool:
    """Whether the tree would tell what a queue hides from somebody: verdicts of its traces, or whose a trace is.

    Where samplers are hidden that holds for the trees of all runs of the problem, for the one that is not shown would
    be the run of the trace.
    """
    if not sight.is_blind:
        return False
    verdicts = Q(sight.veiled(Hidden.VERDICTS), run=run)
    return Trace.objects.filter(verdicts | sight.veiled(Hidden.SAMPLER), problem=problem_id).exists()


def refused_trees(run: Run, problem_ids: Collection[int], sight: Sight) -> set[int]:
    """The problems among these whose trees of the run `tells_hidden` refuses."""
    if not sight.is_blind:
        return set()
    verdicts = Q(sight.veiled(Hidden.VERDICTS), run=run)
    hidden = Trace.objects.filter(verdicts | sight.veiled(Hidden.SAMPLER), problem__in=problem_ids)
    return set(hidden.order_by().values_list("problem_id", flat=True).distinct())


def runs_with_trees(problem_id: int, sight: Sight, size: int = 5) -> list[tuple[Run, int]]:
    """The newest runs that went on from samples of a problem, each with the attempts that did; none whose tree is
    refused."""
    children = Attempt.objects.filter(problem=problem_id, parent__isnull=False)
    counts: QuerySet[Attempt, tuple[int, int]] = (
        children.order_by("-run").values_list("run").annotate(count=Count("pk"))[:size]
    )
    found = dict(counts)
    runs = Run.objects.defer("plan").in_bulk(list(found))
    return [(runs[key], count) for key, count in found.items() if not tells_hidden(runs[key], problem_id, sight)]


def walk(nodes: Sequence[TreeNode | NodeGroup]) -> Iterator[TreeNode]:
    """Every node of a tree, parents before their children."""
    for node in nodes:
        if isinstance(node, NodeGroup):
            yield from node.nodes
        else:
            yield node
            yield from walk(node.children)
