"""From attempts to what samplers are asked: examples, variations, earlier answers and hints, each as the plan says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trajectories.adapters.acting import kept_by_project
from trajectories.core.completions.parts import said_in
from trajectories.core.identity import derive_seed
from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import is_episode, is_grids
from trajectories.core.programs.engines import clean_text
from trajectories.core.prompts import PromptError, Variation, draw_variation, variation_from_json
from trajectories.core.prompts.feedback import composed_problem, feedback_turns
from trajectories.core.prompts.references import reference_text
from trajectories.core.prompts.wrapping import can_compose, compose_programs
from trajectories.core.records import (
    JSON,
    AgentLimits,
    Begun,
    Example,
    FinishReason,
    InstructionRecord,
    PublicProblem,
    SampleFailure,
    SampleRequest,
    SampleResult,
)
from trajectories.core.samplers.symbolic.sampler import CHAIN
from trajectories.core.strategies import find_strategy
from trajectories.core.strategies.base import BY_STEPS, AttemptKind, Searches, Slot
from trajectories.core.strategies.plans import RunPlan
from trajectories.core.verifiers.arc_common import once_per_object
from trajectories.core.verifiers.arc_outputs import ArcTestVerifier
from trajectories.core.verifiers.arc_train import ArcTrainVerifier
from trajectories.core.verifiers.evidence import PairsEvidence
from trajectories.models import Attempt, Problem, Run, Trace, Verdict
from trajectories.selectors.completions import parts_of
from trajectories.selectors.episodes import told_episodes
from trajectories.selectors.examples import Candidate, draw_examples, list_candidates, load_example
from trajectories.selectors.instructions import to_record
from trajectories.selectors.memory import Look
from trajectories.selectors.problems import to_public
from trajectories.services.endpoints.embeddings import EmbeddingError
from trajectories.services.runs.memories import look_into
from trajectories.services.spending.waiting import wait_for_room

RUNS_KEPT = 64


class RequestError(ValueError):
    """An attempt that cannot be made as planned; the message is for people."""


def attempt_payer(attempt_id: int) -> str:
    """Who pays for the calls of an attempt."""
    return f"attempt {attempt_id}"


class RequestMaker:
    """Makes the requests of one plan, and keeps what its attempts share.

    `plan` is the one kept with the run.
    """

    def __init__(self, plan: RunPlan, run_seed: int) -> None:
        self._plan, self._run_seed = plan, run_seed
        self._diversity = plan.diversity
        self._candidates: dict[tuple[str, str], list[Candidate]] = {}

    @property
    def plan(self) -> RunPlan:
        """The plan."""
        return self._plan

    def look(self, run: Run | None = None) -> Look:
        """A look into memory as it stands now, for attempts that are asked together; the run pays for what it takes."""
        return look_into(self._plan.memory, run)

    def request(self, attempt: Attempt, look: Look | None = None) -> SampleRequest:
        """The request of an attempt with its run's sampler, its problem and its instruction; without a `look` memory
        is looked into for it alone.

        Raises RequestError, ProblemError or PromptError.
        """
        problem, instruction = self._public(attempt), _shared_record(attempt.instruction)
        parent = _parent_of(attempt)
        variation = self._variation(attempt, parent)
        request = SampleRequest(
            problem=problem,
            instruction=instruction,
            temperature=attempt.temperature,
            seed=attempt.seed,
            group_seed=derive_seed(self._run_seed, attempt.problem.content_hash),
            ordinal=attempt.ordinal,
            parameters=attempt.run.sampler.parameters,
            variation=None if variation is None else variation.to_json(),
            examples=self._examples(attempt, instruction, look),
            memory=self._plan.memory.count or None,
            agent=None if self._plan.agent is None else AgentLimits(**self._plan.agent),
            payer=attempt_payer(attempt.pk),
        )
        strategy = find_strategy(attempt.run.strategy)
        if isinstance(strategy, Searches):
            slots = self._plan.list_slots(attempt.problem.kind)
            slot = Slot(attempt.instruction_id, attempt.temperature, attempt.ordinal)
            effort = strategy.effort(slots, slot, attempt.round, self._plan.settings)
            return replace(request, effort=effort.share, ordinal=effort.ordinal)
        if attempt.kind in BY_STEPS:
            return _by_steps(request, attempt, parent)
        if parent is not None and attempt.kind == AttemptKind.COMPOSITION:
            return replace(request, problem=_after(parent, problem))
        if parent is not None:
            return replace(request, turns=_turns(parent, instruction, problem, variation))
        if attempt.kind == AttemptKind.HINTED:
            return replace(request, hint=_hint(attempt.problem, problem, variation))
        return request

    def _public(self, attempt: Attempt) -> PublicProblem:
        """The problem as it is told, with earlier episodes of its world where the plan wants some."""
        problem, count = _shared_public(attempt.problem), self._plan.settings.get("memory", 0)
        told = told_episodes(attempt, count) if count and is_episode(problem.kind) else ""
        return replace(problem, statement=f"{problem.statement}\n\n{told}") if told else problem

    def _variation(self, attempt: Attempt, parent: Trace | None) -> Variation | None:
        """As the parent was varied; else drawn by the attempt's seed, but for the first sample of each view."""
        if parent is not None:
            kept = parent.facts.get("variation")
            return None if kept is None else variation_from_json(kept)
        diversity, problem = self._diversity, attempt.problem
        if not diversity.varies or not is_grids(problem.kind) or attempt.ordinal == 0:
            return None
        return draw_variation(
            attempt.seed,
            len(problem.spec["train"]),
            symmetries=diversity.symmetries,
            colours=diversity.colours,
            order=diversity.order,
        )

    def _examples(self, attempt: Attempt, instruction: InstructionRecord, look: Look | None) -> tuple[Example, ...]:
        """Looked up in memory, or drawn from what the plan has frozen: the same for all samples of a problem, unless
        they vary."""
        diversity, problem = self._diversity, attempt.problem
        if self._plan.memory:
            return (look or self.look(attempt.run)).examples(problem, instruction.style)
        if not diversity.examples:
            return ()
        key = problem.kind, instruction.style
        if key not in self._candidates:
            self._candidates[key] = list_candidates(*key, self._plan.example_pool)
        place = attempt.ordinal if diversity.examples_vary else 0
        seed = derive_seed(self._run_seed, problem.content_hash, "examples", place)
        drawn = draw_examples(self._candidates[key], seed=seed, count=diversity.examples, besides=problem.pk)
        return tuple(example for each in drawn if (example := load_example(each, instruction.style)) is not None)


# Attempts that were claimed together share the rows of problem and instruction, and so what is made of them.
_shared_public = once_per_object(to_public)
_shared_record = once_per_object(to_record)


def sample_requests(attempts: Sequence[Attempt]) -> list[SampleRequest | SampleFailure]:
    """What the sampler is asked for attempts of one run, see sample_request; they share a look into memory."""
    if not attempts:
        return []
    look = maker_of(attempts[0].run_id, attempts[0].run.seed).look(attempts[0].run)
    made: list[SampleRequest | SampleFailure] = []
    for attempt in attempts:
        # What stops the run stops the others too: no endpoint is asked again for each of them.
        last = made[-1] if made else None
        stopped = isinstance(last, SampleFailure) and last.stops
        made.append(last if last is not None and stopped else sample_request(attempt, look))
    return made


def sample_request(attempt: Attempt, look: Look | None = None) -> SampleRequest | SampleFailure:
    """What the sampler is asked, or why the attempt cannot be made as planned.

    It holds the reference answer of a hinted attempt only. `attempt` comes with its run's sampler, its problem and its
    instruction.
    """
    try:
        return maker_of(attempt.run_id, attempt.run.seed).request(attempt, look)
    except (RequestError, ProblemError, PromptError) as fault:
        return SampleFailure("request", f"The request could not be made: {fault}")
    except EmbeddingError as fault:
        # No sample can be asked for as it was planned until that is mended: the run waits.
        reason = f"Memory could not be looked into: {fault}"
        if fault.waits_for is not None:
            payer, cost = fault.waits_for
            wait_for_room(payer=payer, cost=cost, reason=reason)
        return SampleFailure("memory", reason, stops=True)


@kept_by_project(maxsize=RUNS_KEPT)
def maker_of(run_id: int, seed: int) -> RequestMaker:
    """A run's plan never changes, and can be long, so that it is read once."""
    return RequestMaker(RunPlan.from_json(Run.objects.values_list("plan", flat=True).get(pk=run_id)), seed)


def finish_result(attempt: Attempt, result: SampleResult) -> SampleResult:
    """The result as it is stored: a program that went on from another one's outputs follows that one."""
    parent = _parent_of(attempt) if attempt.kind == AttemptKind.COMPOSITION else None
    if parent is None or parent.program is None or not result.program.strip():
        return result
    if not can_compose(result.program):
        return replace(result, facts={**result.facts, "composed": False})
    return replace(result, program=compose_programs(parent.program.body, result.program))


def _parent_of(attempt: Attempt) -> Trace | None:
    if attempt.parent_id is None:
        return None
    return Trace.objects.select_related("raw", "reasoning", "program").get(pk=attempt.parent_id)


def _by_steps(request: SampleRequest, attempt: Attempt, parent: Trace | None) -> SampleRequest:
    """The request of a node: one step more, of a text by a language model, or all that is left of the text."""
    if not attempt.run.sampler.is_chat:
        return replace(request, steps=_steps_of(parent))
    to_end = attempt.kind == AttemptKind.REST
    if parent is None:
        return request if to_end else replace(request, begun=Begun(""))
    if parent.finish_reason != FinishReason.STEP:
        raise RequestError(f"The text of trace {parent.pk} is at its end, so that no next step can be asked for.")
    tokens, logprob = parent.facts.get("tokens_so_far"), parent.facts.get("mean_logprob")
    begun = Begun(parent.reasoning.body, to_end, tokens if isinstance(tokens, int) else 0, logprob)
    return replace(request, begun=begun)


def _steps_of(parent: Trace | None) -> tuple[str, ...]:
    """The operations of a program so far. Raises RequestError for one that was not built by steps."""
    if parent is None:
        return ()
    kept = parent.facts.get(CHAIN)
    if not isinstance(kept, list) or not all(isinstance(each, str) for each in kept):
        raise RequestError(f"Trace {parent.pk} was not built by steps, so that no next step can be asked for.")
    return tuple(kept)


def _turns(
    parent: Trace, instruction: InstructionRecord, problem: PublicProblem, variation: Variation | None
) -> tuple[Mapping[str, JSON], ...]:
    """The parent's answer and what its program did on the training pairs."""
    verdict = _newest(parent, ArcTrainVerifier.name)
    evidence = PairsEvidence.from_json(None if verdict is None else verdict.evidence)
    return feedback_turns(instruction, problem, _answer_of(parent), evidence.pairs, variation)


def _answer_of(trace: Trace) -> str:
    """What the model said, without what it thought; all of it where it only thought."""
    return said_in(parts_of(trace)) or trace.reasoning.body


def _after(parent: Trace, problem: PublicProblem) -> PublicProblem:
    """The task that the parent's program leaves. Raises RequestError where its outputs are no grids."""
    made: list[list[JSON]] = []
    for name in (ArcTrainVerifier.name, ArcTestVerifier.name):
        verdict = _newest(parent, name)
        made.append(PairsEvidence.from_json(None if verdict is None else verdict.evidence).predicted)
    train, test = made
    if len(train) != len(problem.spec["train"]) or len(test) != len(problem.spec["test"]) or None in (*train, *test):
        raise RequestError(f"Trace {parent.pk} has no outputs to go on from; it was verified again in the meantime.")
    return composed_problem(problem, train, test)


def _newest(trace: Trace, verifier: str) -> Verdict | None:
    return Verdict.objects.filter(trace=trace, verifier=verifier).order_by("-pk").first()


def _hint(row: Problem, problem: PublicProblem, variation: Variation | None) -> str:
    """The answer, given away. Raises RequestError for a problem held out for evaluation, or without an answer."""
    if row.split != Problem.Split.TRAIN or row.reference is None:
        raise RequestError(f"The answer of {clean_text(row.name, 80)!r} may not be given away, or is not known.")
    return reference_text(problem, row.reference, variation)
