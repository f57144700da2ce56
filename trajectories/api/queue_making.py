"""Reading one queue, and making one of a selection of traces."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require_sight
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.queues import Asks, QueueRow, show_asks, show_queues
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Free, IdempotencyKey, Key, OneOf, RowId, Text, Word, once
from trajectories.core.curation.schemas import StepMode
from trajectories.core.records import JSON
from trajectories.core.selections import FORMAT, Selection, as_text
from trajectories.forms.queues import QueueForm
from trajectories.forms.traces import read_exactly
from trajectories.models import ApiToken, Queue
from trajectories.selectors.queues import CONTROL_QUEUES, current_guidelines, queues_for
from trajectories.services.curation.queues import (
    LONGEST_GUIDELINES,
    MOST_GOLD,
    MOST_REVIEWS,
    VERBS,
    make_queue,
    steer_queue,
)

LINES = Annotated[list[Word], Field(max_length=100)]


class QueueShown(QueueRow):
    """A queue with its guidelines, what it asks, and what it hides: reviews, verdicts, sampler."""

    guidelines: str
    asks: Asks
    hides: list[str]
    is_live: bool
    item_order: str
    reviews_each: int


class NewQueue(Free):
    """A queue as on its form. Its traces are those of `selection`, by the names of the filters of GET /traces."""

    title: Annotated[Word, Field(min_length=1)]
    selection: Annotated[dict[str, Any], Field(max_length=100, description="Empty for all traces.")] = {}
    guidelines: Annotated[Text, Field(max_length=LONGEST_GUIDELINES, description="Markdown.")] = ""
    is_live: Annotated[bool, Field(description="Take up traces that come to match later.")] = False
    item_order: Annotated[str, OneOf(Queue.Order.values)] = Queue.Order.RANDOM.value
    scorer_name: Annotated[Word, Field(description="For an order or suggestions by a scorer.")] = ""
    by_problem: Annotated[bool, Field(description="All samples of a problem are decided on together.")] = False
    reviews_each: Annotated[int, Field(ge=1, le=MOST_REVIEWS)] = 1
    doubled_percent: Annotated[int, Field(ge=0, le=100, description="Get twice as many reviews.")] = 10
    reasons: Annotated[LINES, Field(description="Of a rejection; empty for the usual.")] = []
    anchors: Annotated[LINES, Field(description="What the scores 1 to 5 mean: five texts, or none.")] = []
    scores: Annotated[LINES, Field(description="Several scores in place of one, by name.")] = []
    tags: LINES = []
    steps: Annotated[str, OneOf([mode.value for mode in StepMode])] = StepMode.EACH.value
    segmentation: Annotated[Word, Field(description="How traces are cut into steps.")] = ""
    hide_reviews: bool = True
    hide_verdicts: bool = False
    hide_sampler: bool = False
    suggestions: Annotated[str, OneOf(Queue.Suggests.values)] = ""
    gold_count: Annotated[int, Field(ge=0, le=MOST_GOLD)] = 0
    training_count: Annotated[int, Field(ge=0, le=MOST_GOLD)] = 0
    gold_every: Annotated[int, Field(ge=0, le=1_000)] = 0
    due_on: Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day; empty for none.")] = ""
    members: Annotated[list[RowId], Field(max_length=1_000, description="Ids of people; empty for all.")] = []


@door("GET", "/queues/{queue_id}", "trajectories.view_queue", answers=QueueShown)
def get_queue(request: HttpRequest, queue_id: Key) -> Any:
    """One queue that you may see."""
    return show_queue(find_seen_queue(request, queue_id), asking(request))


def find_seen_queue(request: HttpRequest, queue_id: int) -> Queue:
    """A queue that who asks may see. Raises Http404."""
    queue = queues_for(asking(request)).filter(pk=queue_id).first()
    if queue is None:
        raise Http404(f"There is no queue {queue_id}.")
    return queue


def show_queue(queue: Queue, person: Any) -> dict[str, JSON]:
    """A queue as it is answered to a person."""
    guidelines, hides = current_guidelines(queue), queue.hides
    return {
        **show_queues([queue], person)[queue.pk],
        **{name: getattr(queue, name) for name in ("is_live", "item_order", "reviews_each")},
        "guidelines": guidelines.text if guidelines else "",
        "asks": show_asks(queue),
        "hides": [name for name in ("reviews", "verdicts", "sampler") if getattr(hides, name)],
    }


@door(
    "POST",
    "/queues",
    *("trajectories.add_queue", "trajectories.view_trace"),
    scope=ApiToken.Scope.WRITE,
    answers=QueueShown,
    status=201,
)
def create_queue(request: HttpRequest, given: NewQueue, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Make a queue. It takes up its first traces at once, and the others by a worker."""
    return once(request, idempotency_key, given, lambda: _make(request, given))


def _make(request: HttpRequest, given: NewQueue) -> dict[str, JSON]:
    selection = selection_of(given.selection)
    require_sight(asking(request), selection)
    lines = {name: "\n".join(getattr(given, name)) for name in ("reasons", "anchors", "scores", "tags")}
    asked = given.model_dump(exclude={"selection", "due_on", *lines})
    defaults = {} if given.reasons else {"reasons": QueueForm.base_fields["reasons"].initial}
    form = QueueForm({**asked, **lines, **defaults, "due_on": given.due_on or None})
    if not form.is_valid():
        raise fault_of(form)
    return show_queue(make_queue(actor=asking(request), draft=form.draft(selection)), asking(request))


def selection_of(given: dict[str, Any]) -> Selection:
    """The traces that are asked for. Raises Fault, with the field, for a filter that there is not, or a value of it."""
    read = Selection.from_json({"version": FORMAT, **given})
    return read_exactly({name: as_text(value) for name, value in read.given().items()})


@door("POST", "/queues/{queue_id}/{verb}", CONTROL_QUEUES, scope=ApiToken.Scope.WRITE, answers=QueueShown)
def steer_one_queue(request: HttpRequest, queue_id: Key, verb: Annotated[str, OneOf(VERBS)]) -> Any:
    """Pause a queue, go on with it, close or reopen it. 409 where its state leaves nothing to do."""
    queue = find_seen_queue(request, queue_id)
    if not steer_queue(actor=asking(request), queue=queue, verb=verb):
        raise ApiProblem(409, f"The queue is {queue.state}: there is nothing to {verb}.")
    return show_queue(find_seen_queue(request, queue_id), asking(request))
