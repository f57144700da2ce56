"""Generation jobs for tests."""

from typing import Any

from tests.core.generation.recipes import recipe
from tests.factories import make_sampler
from trajectories.core.generation.shipped import NUMERIC_FEATURES, WORDS
from trajectories.core.problems import problem_hash
from trajectories.models import GenerationCall, GenerationJob, Instruction, ProblemCandidate, Sampler
from trajectories.selectors.candidates import candidate_record
from trajectories.services.generation.jobs import Check, GenerationDraft, plan_generation
from trajectories.services.generation.work import generate_next
from trajectories.services.prompts.instructions import ensure_shipped_instructions

AUGMENTED = {"symmetries": True, "colours": True, "order": True, "resplit": True}


def chain_of_thought() -> Instruction:
    ensure_shipped_instructions()
    return Instruction.objects.get(name="chain-of-thought")


def check_with(solver: Sampler, **values: Any) -> Check:
    return Check(solver=solver, instruction=chain_of_thought() if solver.is_chat else None, **values)


def writing_plan(sampler: Sampler | None, **values: Any) -> GenerationDraft:
    """Word problems, three to a call."""
    wanted = recipe(
        "constrained", words=WORDS, features=NUMERIC_FEATURES, features_each=2, sources=0, **values.pop("recipe", {})
    )
    fields = {"title": "", "wanted": 6, "set_title": "Written", "sampler": sampler, "seed": 11, **values}
    return GenerationDraft(recipe=wanted, **fields)


def augmenting_plan(source_set: Any, **values: Any) -> GenerationDraft:
    wanted = recipe("arc_augmented", per_call=2, parameters=AUGMENTED, **values.pop("recipe", {}))
    fields = {"title": "", "wanted": 4, "set_title": "Varied", "source_set": source_set, "seed": 11, **values}
    return GenerationDraft(recipe=wanted, **fields)


def run_through(job: GenerationJob) -> int:
    """Do every slice of a job; how many there were."""
    slices = 1
    while generate_next(job_id=job.pk):
        slices += 1
    job.refresh_from_db()
    return slices


def waiting_candidate(**values: Any) -> ProblemCandidate:
    """One sum that waits for review, with the votes that speak for it."""
    number = ProblemCandidate.objects.count() + 1
    job = values.pop("job", None) or plan_job(values.pop("set_title", "Written"))
    call = GenerationCall.objects.create(job=job, index=job.calls.count(), constraints={"words": ["kite", "lamp"]})
    fields = {
        "job": job,
        "call": call,
        "number": 1,
        "name": f"constrained-{job.pk}-{number}",
        "kind": "numeric",
        "statement": f"A kite costs {number + 10} coins and a lamp 5. What do both cost?",
        "reference": str(number + 15),
        "stated": str(number + 15),
        "reference_source": "consensus",
        "state": "waiting",
        "agreement": {
            "groups": [{"answer": str(number + 15), "votes": 4}, {"answer": "3", "votes": 1}],
            "voters": 5,
            "failed": 0,
            "majority": str(number + 15),
            "votes": 4,
            "share": 0.8,
        },
        **values,
    }
    candidate = ProblemCandidate(**fields)
    candidate.content_hash = problem_hash(candidate_record(candidate))
    candidate.save()
    return candidate


def plan_job(set_title: str = "Written") -> GenerationJob:
    """A finished job whose model nobody asks."""
    found = GenerationJob.objects.filter(plan__set_title=set_title, state="finished").first()
    if found is not None:
        return found
    writer = make_sampler(kind=Sampler.Kind.CHAT, parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    job = plan_generation(actor=None, plan=writing_plan(writer, set_title=set_title))
    GenerationJob.objects.filter(pk=job.pk).update(state="finished")
    job.refresh_from_db()
    return job
