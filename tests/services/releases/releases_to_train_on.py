"""Releases as people make them, to train on: of the demo, of an agent, of questions, and of all kinds together.

Every trace is sampled by the product's own commands, by the symbolic search, agents of worlds or a stand-in of a model.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command

from tests.endpoint import sampler_for
from tests.worlds import make_world_set, plan_episodes, play_all
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Release, Run, Trace
from trajectories.services.curation.reviews import submit_review
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, tool_call
from trajectories.stand_ins.fake_endpoint.sums import Adder

DEMO_TASKS = ("67a3c6ac", "3618c87e", "05269061")
"""Three of the tasks of the first run, the last of which the search does not find."""

QUESTIONS = (
    {"name": "sum", "question": "What is 20 + 21 + 1?", "answer": 42, "split": "train"},
    {"name": "long-sum", "question": "What is 2 + 3 + 5 + 7?", "answer": 17, "split": "train"},
    {"name": "open", "question": "What is 1 + 1? Nobody knows.", "kind": "text", "split": "train"},
)
OTHER_QUESTIONS = (
    {"name": "day", "question": "Which day follows 2024-01-01?", "answer": "2024-01-02", "kind": "text"},
    {"name": "pick", "question": "Which is even?", "choices": ["3", "4"], "answer": "B"},
)


class Thinker:
    """Thinks, calls its tool once, and answers, every second time wrongly."""

    def converse(self, messages, tools, asked_before):
        if any(message.get("role") == "tool" for message in messages):
            answer = 41 if asked_before % 2 else 42
            return Answer(f"The answer is {answer}.", reasoning=f"It printed {answer}, try {asked_before}.")
        return Answer("Let me run it.", reasoning="I compute it.", tool_calls=[tool_call("print(20 + 21 + 1)")])


def demo(_: Path) -> None:
    """The first run of a fresh installation, of fewer tasks."""
    call_command("import_problems", "--arc-agi-1")
    call_command("sample", "--problems", *DEMO_TASKS, "--samples", "4", "--seed", "3")
    play_all(Run.objects.latest("pk"))


def agent(folder: Path) -> None:
    """A model that calls Python before it answers."""
    _import(folder, QUESTIONS[:1])
    _draw(Thinker(), "numeric", "sum", "--samples", "4", "--strategy", "agent")


def questions(folder: Path) -> None:
    """Sums step by step, with slips, and a question without a reference answer."""
    _import(folder, QUESTIONS)
    _draw(Adder(), "numeric", "sum", "long-sum", "--samples", "8")
    _draw(Adder(), "text", "open", "--samples", "1")


def mixed(folder: Path) -> None:
    """All of these, other questions, and episodes of a world, whose agents call another tool."""
    demo(folder)
    questions(folder)
    _draw(Thinker(), "numeric", "sum", "--samples", "4", "--strategy", "agent")
    _import(folder, OTHER_QUESTIONS)
    _draw(lambda prompt, before: Answer(f"Answer: 2024-01-0{2 + before % 2}"), "text", "day", "--samples", "2")
    _draw(lambda prompt, before: Answer(f"Answer: {'AB'[before % 2]}"), "choice", "pick", "--samples", "2")
    play_all(plan_episodes(make_world_set(episodes=4), agents=2))


KINDS: Mapping[str, Callable[[Path], None]] = {each.__name__: each for each in (demo, agent, questions, mixed)}


def release_of_kind(kind: str, lead: User, folder: Path) -> Release:
    """A release of what was sampled, right or wrong. Some steps are labelled, so that all formats have rows."""
    KINDS[kind](folder)
    for problem in Trace.objects.filter(correctness="pass").values_list("problem", flat=True).distinct():
        trace = Trace.objects.filter(problem=problem, correctness="pass").order_by("pk")[0]
        labels = {str(place): "good" for place in range(len(trace.steps))}
        draft = ReviewDraft(Decision.ACCEPT, step_labels=labels)
        submit_review(reviewer=lead, trace=trace, draft=draft, key=uuid.uuid4())
    return freeze_accepted(actor=lead, title=kind.title(), rule=Rule(reviews=Reviews(accepted_by=0)), key=uuid.uuid4())


def _import(folder: Path, rows: tuple[dict[str, object], ...]) -> None:
    file = folder / f"{rows[0]['name']}-{len(rows)}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    call_command("import_problems", file, "--split", "train")


def _draw(answerer, instruction: str, *problems_and_options: str) -> None:
    """A run of a model on the problems named, to its end."""
    ensure_shipped_instructions()
    with FakeEndpoint(Behaviour(), answerer=answerer) as endpoint:
        sampler = sampler_for(endpoint, max_output_tokens=400)
        asked = ("--sampler", sampler.name, "--instructions", instruction, "--seed", "5")
        call_command("sample", *asked, "--problems", *problems_and_options)
        run = Run.objects.latest("pk")
        report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
        verify_traces(trace_ids=report.trace_ids)
    run.refresh_from_db()
    assert (run.state, run.failed_count) == ("finished", 0), run.state_reason
