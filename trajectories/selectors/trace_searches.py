"""Finding traces by what their texts say: whether a search means anything, and the passages that it hits."""

from collections.abc import Sequence
from functools import lru_cache

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Left

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.core.text.searches import (
    PROGRAM_CHARACTERS,
    TEXT_CHARACTERS,
    Passage,
    passage_of,
    read_search,
    tokens_like,
)
from trajectories.models import SearchBacklog, Text, Trace, TraceSearch
from trajectories.selectors.trace_filters import LANGUAGE

FIRST_CHARACTERS = 20_000
"""So much of every text of a page is looked through for passages."""
MOST_FURTHER = 10
"""So many texts of a page are looked through to the end where the hit is not among their first characters."""
KEPT = 1_000
"""So many searches are kept with what the database makes of their words, which depends on nothing else."""


def check_search(text: str) -> None:
    """Raise Fault where no trace can be found by a text: it holds no word, or only words that every text has."""
    if not text.strip():
        return
    query = read_search(text).query
    if not query:
        raise Fault(f"Found {text.strip()[:40]!r}, expected at least one word.", field="text")
    if not _count_parts(query):
        found = f"Found {text.strip()[:40]!r}, words that nearly every text has"
        raise Fault(f"{found}; expected one that tells texts apart.", field="text")


@lru_cache(KEPT)
def _count_parts(query: str) -> int:
    """How many words that tell texts apart, and what joins them, a search comes to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT numnode(websearch_to_tsquery(%s::regconfig, %s))", [LANGUAGE, query])
        return int(cursor.fetchone()[0])


def passages_of(text: str, traces: Sequence[Trace]) -> dict[int, Passage]:
    """A passage of each trace of a page with what was searched for, by trace id. None of a trace whose hit stands
    further on than is looked through here. At most five queries."""
    words = read_search(text).words
    if not words or not traces:
        return {}
    keys = {trace.pk: (trace.reasoning_id, trace.program_id) for trace in traces}
    stems = _stems(words)
    found = _passages(_bodies({key for pair in keys.values() for key in pair if key}, FIRST_CHARACTERS), stems)
    further = [pair for pair in keys.values() if not any(key in found for key in pair)][:MOST_FURTHER]
    if further:
        whole = _bodies({key for pair in further for key in pair if key}, TEXT_CHARACTERS)
        found |= _passages(whole, stems)
    chosen = {trace_id: next((found[key] for key in pair if key in found), None) for trace_id, pair in keys.items()}
    return {trace_id: passage for trace_id, passage in chosen.items() if passage is not None}


def _passages(bodies: dict[str, str], stems: frozenset[str]) -> dict[str, Passage]:
    """The passage of each text that has one, by the hash of the text."""
    tokens = {key: tokens_like(body, stems) for key, body in bodies.items()}
    marked = _with_stem({token for each in tokens.values() for token in each}, stems)
    found = {key: passage_of(bodies[key], each & marked) for key, each in tokens.items()}
    return {key: passage for key, passage in found.items() if passage is not None}


def _bodies(keys: set[str], characters: int) -> dict[str, str]:
    texts = Text.objects.filter(pk__in=keys).annotate(start=Left("body", characters))
    return dict(texts.values_list("pk", "start"))


@lru_cache(KEPT)
def _stems(words: tuple[str, ...]) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector(%s::regconfig, %s))", [LANGUAGE, " ".join(words)])
        return frozenset(cursor.fetchone()[0])


def _with_stem(words: set[str], stems: frozenset[str]) -> frozenset[str]:
    """Of these words those that have one of these stems."""
    if not words:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) AS word"
            " WHERE tsvector_to_array(to_tsvector(%s::regconfig, word)) && %s::text[]",
            [sorted(words), LANGUAGE, sorted(stems)],
        )
        return frozenset(word for (word,) in cursor.fetchall())


def count_unsearchable(scope: Selection) -> int:
    """How many traces a selection by words or by tools does not find yet, whatever they say; 0 for one by neither."""
    if not scope.by_words:
        return 0
    return SearchBacklog.objects.aggregate(count=Sum("count"))["count"] or 0


def searched_part() -> str:
    """What of a trace can be found, in words."""
    return (
        f"The first {TEXT_CHARACTERS:,} characters of the reasoning and the first {PROGRAM_CHARACTERS:,} of the program"
    )


MOST_NAMES = 200


def list_tools() -> list[str]:
    """The names of the tools that the newest traces that call any do call."""
    newest = TraceSearch.objects.exclude(tools=[]).order_by("-trace")[:MOST_NAMES]
    return sorted({name for names in newest.values_list("tools", flat=True) for name in names})
