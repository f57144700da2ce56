"""A whole campaign with a real small language model on two-digit sums: sampling, verifying, freezing, fine-tuning by
trl, measuring on held-out sums, and a control beside it.

Everything is the product's: the campaign is planned as by its page, and its jobs are worked on here as by workers, one
after another, in a database of its own that is dropped in the end. The model (`--model`, a folder of `--models`) is
sampled, tuned and served by the environment of `make training`. The question is all of the prompt.
"""

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks.loop_memory import add_model_arguments, database, draw_samples, sums
from trajectories.core.problems.arithmetic import HELD_OUT, LEARNT

if TYPE_CHECKING:
    from trajectories.models import Campaign, Generation, Sampler


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.add_argument("--samples", type=int, default=4, help="samples of each training sum")
    parser.add_argument("--held-out-samples", type=int, default=4)
    parser.add_argument("--generations", type=int, default=1)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--lora-rank", type=int, default=16)


def measure(options: argparse.Namespace) -> None:
    os.environ.update(MODELS_DIR=str(options.models.resolve()), TRAINING_THREADS=str(options.threads))
    with database():
        report = {"machine": f"{os.cpu_count()} cores, Python {platform.python_version()}", **run_campaign(options)}
    print(json.dumps(report, indent=2))


def run_campaign(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one campaign."""
    from trajectories.adapters.local_models.serving import shared_server
    from trajectories.adapters.local_models.settings import LocalSettings
    from trajectories.selectors.campaigns import list_generations
    from trajectories.services.endpoints.local_models import add_local_sampler
    from trajectories.services.prompts.instructions import ensure_shipped_instructions

    ensure_shipped_instructions()
    local = LocalSettings(folder=options.model, batch=8, max_output_tokens=options.tokens)
    begun, sampling = time.perf_counter(), 0.0
    try:
        campaign = _plan(options, add_local_sampler(actor=None, name="model", title=options.model, local=local))
        while campaign.is_active:
            sampling += _work(campaign)
            campaign.refresh_from_db()
    finally:
        shared_server().close()
    return {
        "state": f"{campaign.state} {campaign.state_reason}".strip(),
        "champion": str(campaign.champion),
        "generations": [_told(row) for row in list_generations(campaign)],
        "cpu seconds of sampling": round(sampling, 1),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def _plan(options: argparse.Namespace, sampler: "Sampler") -> "Campaign":
    from trajectories.core.campaigns.plans import CampaignPlan
    from trajectories.models import Instruction
    from trajectories.services.campaigns.plans import Draft, plan_campaign

    training, held_out = sums(options, LEARNT), sums(options, HELD_OUT)
    plan = CampaignPlan(
        training_problems=(),
        held_out_problems=(),
        held_out_set=held_out.pk,
        instructions=(),
        temperatures=(options.temperature,),
        samples_each=options.samples,
        held_out_samples=options.held_out_samples,
        per_problem=options.samples,
        # Two sums share most of their words: only those with the same numbers are one problem.
        near=1.0,
        trainer="trl",
        parameters={
            "method": "sft", "steps": options.steps, "batch": options.batch, "lora_rank": options.lora_rank,
            "learning_rate": options.learning_rate, "evaluation_share": 0.0, "max_length": 128,
        },
        generations=options.generations,
    )  # fmt: skip
    instructions = [Instruction.objects.get(name="problem-alone")]
    draft = Draft("Sums", training, held_out, sampler, instructions, plan, seed=options.seed)
    return plan_campaign(actor=None, draft=draft)


def _work(campaign: "Campaign") -> float:
    """What workers do once: whatever the campaign waits for, and then its next step. Returns the CPU seconds that
    sampling took, of the model and of what stores and verifies."""
    from trajectories.adapters.local_models.serving import shared_server
    from trajectories.models import Run
    from trajectories.tasks.jobs import KINDS

    seconds = 0.0
    for run in Run.objects.filter(state__in=Run.ACTIVE_STATES):
        seconds += draw_samples(run)["cpu seconds"]
        # Two models at once are more than a small machine has memory for.
        shared_server().close()
    for row in campaign.generations.all():
        for kind in ("freezing", "training", "reverification", "scoring"):
            job, work = getattr(row, f"{kind}_id"), KINDS[kind].work
            while job is not None and work is not None and work.go_on(job_id=job):
                pass
    step = KINDS["campaign"].work
    assert step is not None
    step.go_on(job_id=campaign.pk)
    return seconds


def _told(row: "Generation") -> dict[str, Any]:
    from trajectories.core.campaigns.gates import GateDecision
    from trajectories.selectors.campaigns import measured_of

    found = measured_of(row)
    told: dict[str, Any] = {"generation": row.number, "arm": row.arm}
    if (training := row.training) is not None and training.started_at and training.finished_at:
        told |= {"learnt": training.facts["told"] | {"rests on": training.facts["rests_on"]["sentence"]}}
        told |= {"seconds of training": round((training.finished_at - training.started_at).total_seconds(), 1)}
    if found is not None:
        told |= {"pass@1": asdict(found.passed), f"pass@{found.k}": asdict(found.passed_k)}
        told |= {"solved": found.solved, "problems": len(found.rows)}
    return told | ({"gate": GateDecision.from_json(row.decision).words} if row.decision else {})
