"""What a run's memory needs besides what it holds: whether it can be, and vectors of statements."""

from collections.abc import Sequence
from functools import partial

from trajectories.adapters.pgvector import find_vector_search
from trajectories.core.faults import Fault
from trajectories.core.generation.nearness import Row
from trajectories.core.strategies.memories import Memory
from trajectories.models import Release, Run, Sampler
from trajectories.selectors.indexed_vectors import IndexedVectors
from trajectories.selectors.memory import Look, Vectors
from trajectories.services.endpoints.embeddings import embed, space_of


def check_memory(memory: Memory, sampler: Sampler, *, examples: int) -> None:
    """Raise Fault, with the field, for a memory that a run of the sampler with so many drawn examples cannot have."""
    memory.check()
    if not memory:
        return
    if not sampler.is_chat:
        raise Fault(f"Memory is for prompts of language models; {sampler} is none.", field="memory")
    if examples:
        text = f"Found a memory of {memory.count} and {examples} drawn examples, expected one of both."
        raise Fault(text, field="memory")
    if memory.release is not None and not Release.objects.filter(pk=memory.release).exists():
        text = f"Memory: found release {memory.release}, expected one that there is."
        raise Fault(text, field="memory_release")
    if memory.embedder is None:
        return
    embedder = Sampler.objects.filter(pk=memory.embedder).first()
    if embedder is None or embedder.kind != Sampler.Kind.CHAT:
        found = f"the number {memory.embedder}" if embedder is None else str(embedder)
        text = f"Nearness by: found {found}, expected a model behind an endpoint, by its number."
        raise Fault(text, field="memory_embedder")


def look_into(memory: Memory, run: Run | None) -> Look:
    """A look into memory as it stands now. Vectors of statements that are not known yet are asked for and charged to
    the run; without one they are left out."""
    embedder = memory.embedder
    if embedder is None:
        return Look(memory)

    def embedded(texts: Sequence[str]) -> Sequence[Row | None]:
        return embed(embedder=embedder, texts=texts, run=run)

    search = find_vector_search()
    return Look(memory, IndexedVectors(embedded, search, partial(space_of, embedder)) if search else Vectors(embedded))
