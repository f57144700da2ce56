"""Audits: traces on which two sources disagree that should agree, and in what words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from trajectories.core.curation.reviews import Decision
from trajectories.core.identity import content_hash
from trajectories.core.records import Outcome
from trajectories.core.selections import AUDITS, PEOPLE, WRONG_STEPS
from trajectories.core.verifiers.model_judge import GRADE, PREFERENCE
from trajectories.core.verifiers.opinions import SCORER
from trajectories.core.verifiers.scratchpad import STEP_VERIFIERS
from trajectories.models import Review, Trace, Verdict
from trajectories.selectors.blinding import Sight
from trajectories.selectors.said_elsewhere import differs_elsewhere, notes_elsewhere

JUDGED = ("trace", "verifier", "outcome", "score")
SURE = 0.8
"""From such a probability on a learned scorer counts as saying right, from its rest on down as saying wrong."""
LEAST_UNANIMOUS = 3
LEAST_VOTES = 4
"""So many samples of a problem must have answered before what most of them say is held against the reference."""

WRONG_MAJORITIES = """trajectories_trace.id IN (
    SELECT first FROM (
        SELECT min(id) AS first, count(*) AS votes, bool_and(correctness = 'fail') AS wrong,
            sum(count(*)) OVER (PARTITION BY problem_id) AS answered
        FROM trajectories_trace
        WHERE NOT hinted AND edited_by_id IS NULL AND answer_hash <> %s
        GROUP BY problem_id, answer_hash
    ) AS answer
    WHERE wrong AND answered >= %s AND votes * 2 > answered AND votes >= answered * %s
)"""
"""The first sample of each answer that more than half of a problem's samples give, all verified wrong."""


AGAINST_VOTES = """trajectories_trace.id IN (
    SELECT t.id FROM trajectories_trace t JOIN (
        SELECT problem_id, answer_hash, count(*) AS votes, sum(count(*)) OVER (PARTITION BY problem_id) AS answered
        FROM trajectories_trace
        WHERE NOT hinted AND edited_by_id IS NULL AND answer_hash <> %s
        GROUP BY problem_id, answer_hash
    ) AS most ON most.problem_id = t.problem_id
    WHERE most.answered >= %s AND most.votes * 2 > most.answered AND (t.answer_hash = most.answer_hash) = %s
)"""
"""The traces whose answer more than half of their problem's samples give, or (FALSE) all others of these problems."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit is about: what it finds (`meaning`), and what may be behind it (`causes`)."""

    name: str
    meaning: str
    causes: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return AUDITS[self.name]


MEANINGS: Mapping[str, tuple[str, str]] = {
    "train_not_test": (
        "The program is right on every training pair and wrong on a test input.",
        "A rule that fits by chance, a task with two readings, or a wrong reference.",
    ),
    "unanimous": (
        f"At least {LEAST_UNANIMOUS} samples of a problem gave an answer, all the same, and it was verified wrong. "
        "One trace for each such problem.",
        "A wrong reference, a verifier that reads answers wrongly, or a trap that every sample falls into.",
    ),
    "consensus": (
        f"Of at least {LEAST_VOTES} samples of a problem with an answer more than half agree, and it was verified "
        "wrong. One trace for each such problem; unanimous ones are among them.",
        "A wrong reference, or a mistake that is common.",
    ),
    "answer_not_program": (
        "The stated answer is right, and the outputs of the program beside it are wrong.",
        "A program that does not do what the reasoning says, or an answer from memory.",
    ),
    WRONG_STEPS: (
        "The answer is right, and a step that leads to it is wrong by the verifier of steps.",
        "A lucky answer, one that was given as a hint, or two mistakes that cancel out.",
    ),
    "people": (
        "People accepted a trace that was verified wrong, or rejected one that was verified right.",
        "A wrong verdict, a lucky answer with wrong reasoning, or a slip of the reviewer.",
    ),
    "imported": (
        "A verifier elsewhere passed, or people elsewhere accepted, a trace that failed here; or the other way round. "
        "Verdicts of model judges, and those that never decide whether a trace is right, do not count.",
        "Another reference, another way of reading answers, another version of a verifier, or a slip of a reviewer.",
    ),
    "judge": (
        "The newest verdict of a model judge passes a trace that was verified wrong, or fails one that was verified "
        "right.",
        "A judge that is too easily convinced, a lucky answer with wrong reasoning, or a wrong reference.",
    ),
    "judge_people": (
        "People accepted a trace that the newest verdict of a model judge fails, or rejected one that it passes.",
        "A rubric that does not say what people go by, or a slip of the reviewer.",
    ),
    "votes_judge": (
        f"Of at least {LEAST_VOTES} samples of a problem with an answer more than half agree: a model judge fails a "
        "trace with this answer, or passes one with another. No reference answer is needed.",
        "A mistake that is common, a right answer that is rare, or a judge that is easily convinced.",
    ),
    "votes_people": (
        f"Of at least {LEAST_VOTES} samples of a problem with an answer more than half agree: people rejected a trace "
        "with this answer, or accepted one with another. No reference answer is needed.",
        "A mistake that is common, a right answer with wrong reasoning, or a slip of the reviewer.",
    ),
    "scorer": (
        f"A learned scorer calls a trace at least {SURE:.0%} likely right that was verified wrong, or at most "
        f"{1 - SURE:.0%} likely right that was verified right.",
        "A lucky answer with wrong reasoning, a wrong reference, or what the scorer has not learnt.",
    ),
    "scorer_people": (
        f"People accepted a trace that a learned scorer calls at most {1 - SURE:.0%} likely right, or rejected one "
        f"that it calls at least {SURE:.0%} likely right.",
        "A slip of the reviewer, or what people go by and the scorer has not learnt.",
    ),
    "votes_scorer": (
        f"Of at least {LEAST_VOTES} samples of a problem with an answer more than half agree: a learned scorer calls a "
        f"trace with this answer at most {1 - SURE:.0%} likely right, or one with another at least {SURE:.0%}. No "
        "reference answer is needed.",
        "A mistake that is common, a right answer that is rare, or what the scorer has not learnt.",
    ),
    "judge_scorer": (
        f"A model judge passes a trace that a learned scorer calls at most {1 - SURE:.0%} likely right, or fails one "
        f"that it calls at least {SURE:.0%} likely right. No reference answer is needed.",
        "A judge that is easily convinced, or what the scorer has not learnt.",
    ),
}
LISTED = tuple(Audit(name, *MEANINGS[name]) for name in AUDITS)


def audited(name: str, sight: Sight) -> Q:
    """The condition that selects the traces of an audit. What people decided counts as far as it may be seen."""
    return CONDITIONS[name](sight)


def _train_not_test(_: Sight) -> Q:
    return Q(train_passed=F("train_total"), train_total__gt=0, correctness=Outcome.FAIL)


def _unanimous(_: Sight) -> Q:
    return _wrong_majority(LEAST_UNANIMOUS, 1.0)


def _consensus(_: Sight) -> Q:
    return _wrong_majority(LEAST_VOTES, 0.0)


def _wrong_majority(answered: int, share: float) -> Q:
    parameters = (content_hash(None), answered, share)
    return Q(RawSQL(WRONG_MAJORITIES, parameters, output_field=BooleanField()), correctness=Outcome.FAIL)


def _answer_not_program(_: Sight) -> Q:
    newer = Verdict.objects.filter(trace=OuterRef("trace"), verifier=OuterRef("verifier"), pk__gt=OuterRef("pk"))
    right = Verdict.objects.filter(~Exists(newer), trace=OuterRef("pk"), verifier="arc_answer", outcome=Outcome.PASS)
    return Q(Exists(right), program__isnull=False, correctness=Outcome.FAIL)


def _wrong_steps(_: Sight) -> Q:
    return Q(Exists(wrong_steps().filter(trace=OuterRef("pk"))), correctness=Outcome.PASS)


def wrong_steps() -> QuerySet[Verdict]:
    """The newest verdicts of verifiers of steps that found a wrong one."""
    return _verdicts_on_steps().filter(outcome=Outcome.FAIL)


def _verdicts_on_steps() -> QuerySet[Verdict]:
    newer = Verdict.objects.filter(trace=OuterRef("trace"), verifier=OuterRef("verifier"), pk__gt=OuterRef("pk"))
    return Verdict.objects.filter(~Exists(newer), verifier__in=STEP_VERIFIERS)


def count_wrong_steps(runs: Sequence[int]) -> dict[tuple[int, bool], tuple[int, int]]:
    """By run and whether the model was given the answer: (right answers whose steps were verified, those of them with a
    wrong step). Nothing for a run without any."""
    verified = _verdicts_on_steps().filter(
        outcome__in=(Outcome.PASS, Outcome.FAIL), trace__run__in=runs, trace__correctness=Outcome.PASS
    )
    rows = (
        verified.order_by()
        .values_list("trace__run", "trace__hinted")
        .annotate(count=Count("pk"), astray=Count("pk", filter=Q(outcome=Outcome.FAIL)))
    )
    return {(run, hinted): (count, astray) for run, hinted, count, astray in rows}


def _people(sight: Sight) -> Q:
    accepted = Q(decision=Trace.Decision.ACCEPTED, correctness=Outcome.FAIL)
    rejected = Q(decision=Trace.Decision.REJECTED, correctness=Outcome.PASS)
    return sight.seen() & (accepted | rejected)


def _judge(sight: Sight) -> Q:
    passed = Q(model_judged=Outcome.PASS, correctness=Outcome.FAIL)
    return sight.seen() & (passed | Q(model_judged=Outcome.FAIL, correctness=Outcome.PASS))


def _judge_people(sight: Sight) -> Q:
    accepted = Q(decision=Trace.Decision.ACCEPTED, model_judged=Outcome.FAIL)
    return sight.seen() & (accepted | Q(decision=Trace.Decision.REJECTED, model_judged=Outcome.PASS))


def _votes_judge(sight: Sight) -> Q:
    failed, passed = Q(model_judged=Outcome.FAIL), Q(model_judged=Outcome.PASS)
    return sight.seen() & (failed & _with_most(agrees=True) | passed & _with_most(agrees=False))


def _votes_people(sight: Sight) -> Q:
    rejected, accepted = Q(decision=Trace.Decision.REJECTED), Q(decision=Trace.Decision.ACCEPTED)
    return sight.seen() & (rejected & _with_most(agrees=True) | accepted & _with_most(agrees=False))


def _scorer(sight: Sight) -> Q:
    sure, unsure = _scored(score__gte=SURE), _scored(score__lte=1 - SURE)
    return sight.seen() & (Q(sure, correctness=Outcome.FAIL) | Q(unsure, correctness=Outcome.PASS))


def _scorer_people(sight: Sight) -> Q:
    sure, unsure = _scored(score__gte=SURE), _scored(score__lte=1 - SURE)
    return sight.seen() & (Q(unsure, decision=Trace.Decision.ACCEPTED) | Q(sure, decision=Trace.Decision.REJECTED))


def _votes_scorer(sight: Sight) -> Q:
    sure, unsure = _scored(score__gte=SURE), _scored(score__lte=1 - SURE)
    return sight.seen() & (Q(unsure) & _with_most(agrees=True) | Q(sure) & _with_most(agrees=False))


def _judge_scorer(sight: Sight) -> Q:
    sure, unsure = _scored(score__gte=SURE), _scored(score__lte=1 - SURE)
    return sight.seen() & (Q(unsure, model_judged=Outcome.PASS) | Q(sure, model_judged=Outcome.FAIL))


def _scored(**score: float) -> Exists:
    """That the newest score of some learned scorer is so."""
    newer = Verdict.objects.filter(trace=OuterRef("trace"), verifier=OuterRef("verifier"), pk__gt=OuterRef("pk"))
    verdicts = Verdict.objects.filter(~Exists(newer), trace=OuterRef("pk"), verifier__startswith=f"{SCORER}:")
    return Exists(verdicts.filter(**score))


def _with_most(*, agrees: bool) -> Q:
    """Traces of problems with a majority that give its answer, or another or none."""
    parameters = (content_hash(None), LEAST_VOTES, agrees)
    return Q(RawSQL(AGAINST_VOTES, parameters, output_field=BooleanField()))


CONDITIONS: Mapping[str, Callable[[Sight], Q]] = {
    "train_not_test": _train_not_test,
    "unanimous": _unanimous,
    "consensus": _consensus,
    "answer_not_program": _answer_not_program,
    WRONG_STEPS: _wrong_steps,
    PEOPLE: _people,
    "imported": differs_elsewhere,
    "judge": _judge,
    "judge_people": _judge_people,
    "votes_judge": _votes_judge,
    "votes_people": _votes_people,
    "scorer": _scorer,
    "scorer_people": _scorer_people,
    "votes_scorer": _votes_scorer,
    "judge_scorer": _judge_scorer,
}


def audit_notes(name: str, traces: Sequence[Trace]) -> dict[int, str]:
    """What disagrees about each trace of an audit's page, in words, in a query or two; nothing for some audits."""
    notes = NOTES.get(name)
    return notes(traces) if notes and traces else {}


def _vote_notes(traces: Sequence[Trace]) -> dict[int, str]:
    """How many of the samples that gave an answer gave this one."""
    problems = {trace.problem_id for trace in traces}
    votes: dict[int, dict[str, int]] = {}
    samples = Trace.objects.filter(problem__in=problems, hinted=False, edited_by=None)
    answered = samples.exclude(answer_hash=content_hash(None)).order_by()
    for problem, answer, count in answered.values_list("problem", "answer_hash").annotate(Count("pk")):
        votes.setdefault(problem, {})[answer] = count
    return {
        trace.pk: f"{counts[trace.answer_hash]:,} of {sum(counts.values()):,} samples give this"
        for trace in traces
        if trace.answer_hash in (counts := votes.get(trace.problem_id, {}))
    }


def _review_notes(traces: Sequence[Trace]) -> dict[int, str]:
    """Who decided what, and why."""
    standing = Review.objects.filter(trace__in=[trace.pk for trace in traces], superseded_by=None)
    notes: dict[int, list[str]] = {}
    rows = standing.exclude(decision=Decision.WITHDRAW).order_by("pk")
    for trace, who, decision, reason in rows.values_list("trace", "reviewer__username", "decision", "reason"):
        why = f" ({reason.replace('_', ' ')})" if reason else ""
        notes.setdefault(trace, []).append(f"{who}: {decision}{why}")
    return {trace: "; ".join(said) for trace, said in notes.items()}


def _step_notes(traces: Sequence[Trace]) -> dict[int, str]:
    """The first step that is wrong, and what it should say."""
    rows = wrong_steps().filter(trace__in=[trace.pk for trace in traces]).order_by("pk")
    return dict(rows.values_list("trace", "message"))


def _judge_notes(traces: Sequence[Trace]) -> dict[int, str]:
    """What the newest verdict of each model judge is."""
    judges = Q(verifier__startswith=f"{GRADE}:") | Q(verifier__startswith=f"{PREFERENCE}:")
    rows = Verdict.objects.filter(judges, trace__in=[trace.pk for trace in traces]).order_by("pk")
    newest = {(trace, verifier): (outcome, score) for trace, verifier, outcome, score in rows.values_list(*JUDGED)}
    notes: dict[int, list[str]] = {}
    for (trace, verifier), (outcome, score) in newest.items():
        notes.setdefault(trace, []).append(f"{verifier}: {outcome}" + ("" if score is None else f", score {score:g}"))
    return {trace: "; ".join(said) for trace, said in notes.items()}


def _scorer_notes(traces: Sequence[Trace]) -> dict[int, str]:
    """The newest score of each learned scorer."""
    rows = Verdict.objects.filter(trace__in=[trace.pk for trace in traces], score__isnull=False).order_by("pk")
    told = rows.filter(verifier__startswith=f"{SCORER}:").values_list("trace", "verifier", "score")
    newest = {(trace, verifier): score for trace, verifier, score in told}
    notes: dict[int, list[str]] = {}
    for (trace, verifier), score in newest.items():
        notes.setdefault(trace, []).append(f"{verifier.partition(':')[2]}: {score:.0%} likely right")
    return {trace: "; ".join(said) for trace, said in notes.items()}


def _together(*notes: Callable[[Sequence[Trace]], dict[int, str]]) -> Callable[[Sequence[Trace]], dict[int, str]]:
    """Several notes on each trace, one after the other."""

    def told(traces: Sequence[Trace]) -> dict[int, str]:
        found = [each(traces) for each in notes]
        return {trace.pk: "; ".join(each[trace.pk] for each in found if trace.pk in each) for trace in traces}

    return told


NOTES: Mapping[str, Callable[[Sequence[Trace]], dict[int, str]]] = {
    "unanimous": _vote_notes,
    "consensus": _vote_notes,
    WRONG_STEPS: _step_notes,
    PEOPLE: _review_notes,
    "imported": notes_elsewhere,
    "judge": _judge_notes,
    "judge_people": _together(_judge_notes, _review_notes),
    "votes_judge": _together(_vote_notes, _judge_notes),
    "votes_people": _together(_vote_notes, _review_notes),
    "scorer": _scorer_notes,
    "scorer_people": _together(_scorer_notes, _review_notes),
    "votes_scorer": _together(_vote_notes, _scorer_notes),
    "judge_scorer": _together(_judge_notes, _scorer_notes),
}
