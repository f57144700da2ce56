"""What the trace page draws besides its steps: verdicts' evidence as rows of grids, facts and prompt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trajectories.core.prompts import variation_from_json
from trajectories.core.prompts.variation import variation_text
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.verifiers.evidence import PairsEvidence
from trajectories.models import Trace, Verdict
from trajectories.views.shown.steps import ShownPair


@dataclass(frozen=True, slots=True)
class PairTable:
    """The evidence of one verdict, pair by pair."""

    verdict: Verdict
    noun: str
    pairs: tuple[ShownPair, ...]

    @property
    def is_unfolded(self) -> bool:
        """Whether the page shows it at once: where something went wrong."""
        return self.verdict.outcome in ("fail", "error")

    @property
    def shown(self) -> tuple[ShownPair, ...]:
        """What is drawn at once: where the verdict is a fail, the pairs that are not right."""
        return tuple(pair for pair in self.pairs if not pair.right) if self._is_about_faults else self.pairs

    @property
    def folded(self) -> tuple[ShownPair, ...]:
        """The right pairs of a verdict that is a fail."""
        return tuple(pair for pair in self.pairs if pair.right) if self._is_about_faults else ()

    @property
    def size(self) -> int:
        """Pixels of the longer side of a grid: what is wrong is looked at closely."""
        return 160 if self._is_about_faults else 96

    @property
    def _is_about_faults(self) -> bool:
        return self.is_unfolded and not all(pair.right for pair in self.pairs)


FACTS_SHOWN_ELSEWHERE = ("found", "hinted", "origin", "memory")
FACT_TITLES = {
    "population": ("Programs to draw", "Different programs that the search had to draw samples from."),
    "fits": ("Programs that fit", "How many of them are right on every training pair."),
    "rank": ("Rank of this one", "Its place among them: those that fit first, then the simplest."),
    "cost": ("Complexity", "What the search orders programs by: the sum of the costs of their operations, not money."),
    "depth": ("Operations", "How many operations the program applies one after the other."),
    "work": ("Cells computed", "What the search has spent, in cells of grids; its budget is counted in the same."),
    "states": ("States seen", "Intermediate results that the search kept apart."),
    "evaluations": ("Operations tried", "Operations that the search applied to some state."),
    "mean_logprob": ("Mean log-probability", "Of the tokens of the answer, as the endpoint gave them."),
    "faults": ("Tries that failed before", "Calls to the endpoint by what went wrong, before the one that answered."),
    "samples_in_call": ("Samples in its call", "How many samples the same call to the endpoint asked for."),
    "left_out": ("Left out", "Parts of the messages that are no text, such as pictures, by their type."),
    "sampled_as": ("Sampled as", "What its log calls this sample, or the run that it is of, among all others."),
    "recalled": ("Recalled", "The same call was paid for before, so this one cost nothing."),
}
"""The names of facts that do not explain themselves, with what each means."""


class ShownFact(NamedTuple):
    """A fact as the page lists it; `meaning` is "" where the title says all."""

    title: str
    value: JSON
    meaning: str = ""


def shown_facts(facts: Mapping[str, JSON], *, with_examples: bool) -> list[ShownFact]:
    """What a sampler said besides the figures, but for what the page says elsewhere.

    The examples in a prompt are accepted traces: which ones is there only `with_examples`.
    """
    shown = []
    for name, value in facts.items():
        if name in FACTS_SHOWN_ELSEWHERE or (name == "variation" and shown_variation(facts)):
            continue
        if name == "examples" and ("memory" in facts or not with_examples):
            continue
        title, meaning = FACT_TITLES.get(name, (name.replace("_", " "), ""))
        shown.append(ShownFact(title, _fact_text(value), meaning))
    return shown


def _fact_text(value: JSON) -> JSON:
    """Lists of names and counts by name as a person writes them."""
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping) and all(type(count) is int for count in value.values()):
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in value.items())
    return "yes" if value is True else value


def shown_variation(facts: Mapping[str, JSON]) -> str:
    """How the task was varied, in words; "" where it was not, or where an import says so in a way of its own."""
    kept = facts.get("variation")
    try:
        return variation_text(variation_from_json(kept)) if isinstance(kept, Mapping) else ""
    except (KeyError, TypeError, ValueError):
        return ""


def draw_verdicts(problem: ProblemRecord, trace: Trace, verdicts: Sequence[Verdict]) -> list[PairTable]:
    """Evidence with pairs, test outputs first: those decide.

    Where the program's own outputs are verified, the stated answer is drawn only if its word is another.
    """
    by_name = {verdict.verifier: verdict for verdict in verdicts}
    chosen = [by_name[name] for name in ("arc_test", "arc_answer", "arc_train") if name in by_name]
    test, stated = by_name.get("arc_test"), by_name.get("arc_answer")
    if test and stated and trace.program_id and test.outcome == stated.outcome:
        chosen.remove(stated)
    tables = [_pair_table(problem, verdict) for verdict in chosen]
    return [table for table in tables if table.pairs]


def _pair_table(problem: ProblemRecord, verdict: Verdict) -> PairTable:
    side = "train" if verdict.verifier == "arc_train" else "test"
    inputs = [pair.get("input") for pair in problem.spec.get(side, ())]
    pairs = []
    for pair in PairsEvidence.from_json(verdict.evidence).pairs:
        pairs.append(
            ShownPair(
                number=pair.index + 1,
                input=inputs[pair.index] if pair.index < len(inputs) else None,
                predicted=pair.predicted or pair.preview or None,
                expected=pair.expected,
                right=pair.is_right,
                message=pair.message,
                printed=pair.printed,
            )
        )
    return PairTable(verdict, "training pair" if side == "train" else "test output", tuple(pairs))


def shown_prompt(messages: Iterable[Mapping[str, JSON]]) -> list[tuple[str, str]]:
    """(who speaks, what) of all that was sent, in order; tools that were called are turns of their own.

    Imported messages may hold anything.
    """
    turns = []
    for message in messages:
        who = str(message.get("role", ""))
        if thought := message.get("reasoning_content"):
            turns.append((f"{who}, thinking", str(thought)))
        calls = message.get("tool_calls")
        if message.get("content") or not calls:
            turns.append((who, str(message.get("content", ""))))
        turns += [(f"{who} calls {name}", text) for name, text in map(_call, calls if isinstance(calls, list) else ())]
    return turns


def _call(call: JSON) -> tuple[str, str]:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return "a tool", str(call)
    return str(function.get("name", "")), str(function.get("arguments", ""))
