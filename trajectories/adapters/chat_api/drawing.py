"""Drawing samples, each by the calls it takes: one, or those of an agent."""

from trajectories.adapters.chat_api.agents import Agent, RunPython
from trajectories.adapters.chat_api.caller import Caller
from trajectories.adapters.chat_api.faults import CallError
from trajectories.adapters.chat_api.samples import first_call, request_messages, to_result
from trajectories.core.prompts import Message, with_hint
from trajectories.core.records import JSON, SampleFailure, SampleRequest, SampleResult


class SampleDrawer:
    """Samples of one prompt come one after the other, so the last prompt is kept. `run` is the tool of agents."""

    def __init__(self, run: RunPython | None = None) -> None:
        self._run = run
        self._last: tuple[JSON, tuple[Message, ...]] = None, ()

    async def draw(self, caller: Caller, request: SampleRequest) -> SampleResult | SampleFailure:
        """One sample. Raises CallError, PromptError or ProblemError."""
        messages = self.prompt(request)
        if request.agent is not None:
            if self._run is None:
                raise CallError("agent", "There is no sandbox here in which a model may run code.", stops=True)
            return await Agent(caller, request, request.agent, messages, self._run).draw()
        answered = await caller.ask(first_call(request, with_hint(messages, request.hint)))
        return to_result(request, messages, answered, caller.settings)

    def prompt(self, request: SampleRequest) -> tuple[Message, ...]:
        """The messages of the first call, without the hint: what is kept with the sample."""
        wanted = (
            request.problem.content_hash,
            request.instruction,
            request.examples,
            request.variation,
            request.turns,
        )
        if wanted != self._last[0]:
            self._last = wanted, request_messages(request)
        return self._last[1]
