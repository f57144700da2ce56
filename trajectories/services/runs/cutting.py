"""How traces are to be cut into steps: by a rule as they come, or by a language model."""

from dataclasses import dataclass
from decimal import Decimal

from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.chat_api.calls.records import input_tokens_of
from trajectories.core.faults import Fault
from trajectories.core.prompts.model_cuts import cut_messages
from trajectories.core.prompts.segmentation import AS_STORED, check_segmentation
from trajectories.core.records import JSON, Usage
from trajectories.models import Sampler
from trajectories.services.endpoints.calls import CallBudget

COPIED = 0.2
"""How much of a text its model is taken to copy into its answer: the words that steps begin with."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """A rule by its name and version (core.prompts.segmentation), or the language model that cuts each text."""

    segmentation: str = AS_STORED
    sampler: Sampler | None = None

    def check(self) -> None:
        """Raise Fault for a rule that is not known, or a sampler that cannot be asked."""
        if self.sampler is None:
            check_segmentation(self.segmentation)
            return
        if self.segmentation:
            raise Fault("Steps: found a rule and a language model, expected one of them.", field="segmentation")
        if not self.sampler.has_endpoint:
            text = f"Steps: found {self.sampler.title}, expected a language model behind an endpoint."
            raise Fault(text, field="segmentation")
        try:
            ChatSettings.from_parameters(self.sampler.parameters)
        except (ValueError, TypeError) as fault:
            raise Fault(str(fault), field="segmentation") from fault

    def to_json(self) -> dict[str, JSON]:
        """The rule, and the sampler where there is one, for the audit log."""
        said: dict[str, JSON] = {"segmentation": self.segmentation}
        return said if self.sampler is None else said | {"sampler": f"{self.sampler.name} {self.sampler.version}"}


AS_IT_COMES = Cutting()


@dataclass(frozen=True, slots=True)
class CutEstimate:
    """Calls, tokens and money that a language model takes to cut traces. An estimate, never a bill; `cost` is None
    where a price is unknown."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


def estimate_cuts(*, sampler: Sampler, traces: int, tokens: float) -> CutEstimate:
    """What cutting so many traces takes whose texts have so many tokens in all. Raises ValueError for a sampler whose
    parameters are no settings."""
    asked = input_tokens_of(cut_messages("", [(0, 0)]))
    usage = Usage(round(traces * asked + tokens), output_tokens=round(COPIED * tokens))
    cost = ChatSettings.from_parameters(sampler.parameters).cost_of(usage)
    return CutEstimate(traces, usage.input_tokens, usage.output_tokens, cost)


def check_call_budget(budget: CallBudget, sampler: Sampler | None) -> None:
    """Raise Fault for a budget that allows nothing, or counts money that nobody can count."""
    if budget.tokens is not None and budget.tokens < 1:
        raise Fault(f"The token budget is {budget.tokens}; expected at least 1, or none.", field="budget_tokens")
    if budget.cost is None or sampler is None:
        return
    if budget.cost <= 0:
        raise Fault(f"The money budget is {budget.cost}; expected more than 0, or none.", field="budget_cost")
    if ChatSettings.from_parameters(sampler.parameters).cost_of(Usage()) is None:
        text = f"{sampler.title} has no prices, so its money cannot be counted; set a token budget."
        raise Fault(text, field="budget_cost")
