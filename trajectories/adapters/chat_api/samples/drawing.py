"""Drawing samples, each by the calls it takes: one, those of a step of a text, or those of an agent."""

from collections.abc import Sequence

from trajectories.adapters.chat_api.calls.session import Callee
from trajectories.adapters.chat_api.samples.agents import AgentSample, RunPython
from trajectories.adapters.chat_api.samples.conversion import first_call, request_messages, to_result
from trajectories.adapters.chat_api.samples.players import Player
from trajectories.adapters.chat_api.samples.steps import Grower
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_episode
from trajectories.core.prompts import Message, with_hint
from trajectories.core.records import JSON, SampleFailure, SampleRequest, SampleResult

Outcome = SampleResult | SampleFailure | CallError


class SampleDrawer:
    """Samples of one prompt come one after the other, so the last prompt is kept. `run` is the tool of agents."""

    def __init__(self, run: RunPython | None = None) -> None:
        self._run = run
        self._last: tuple[JSON, tuple[Message, ...]] = None, ()

    async def draw(self, caller: Callee, requests: Sequence[SampleRequest]) -> list[Outcome]:
        """An outcome for each of the requests, which read the same where there are several.

        Raises CallError, PromptError or ProblemError.
        """
        messages = self.prompt(requests[0])
        if requests[0].begun is not None:
            return [await Grower(caller, each, each.begun, messages).draw() for each in requests if each.begun]
        if requests[0].agent is not None:
            return [await self._agent(caller, request, messages) for request in requests]
        sent = with_hint(messages, requests[0].hint)
        answers = await caller.ask_together([first_call(request, sent) for request in requests])
        return [
            answer if isinstance(answer, CallError) else to_result(request, messages, answer, caller.settings)
            for request, answer in zip(requests, answers, strict=True)
        ]

    async def _agent(self, caller: Callee, request: SampleRequest, messages: Sequence[Message]) -> Outcome:
        if request.agent is not None and is_episode(request.problem.kind):
            try:
                player = Player(caller, request, request.agent, messages)
            except Fault as fault:
                return CallError("world", str(fault))
            return await player.draw()
        if self._run is None or request.agent is None:
            return CallError("agent", "There is no sandbox here in which a model may run code.", stops=True)
        return await AgentSample(caller, request, request.agent, messages, self._run).draw()

    def prompt(self, request: SampleRequest) -> tuple[Message, ...]:
        """The messages of the first call, without the hint: what is kept with the sample."""
        wanted = (
            # The memory of earlier episodes is part of what is told of one.
            (request.problem.content_hash, request.problem.statement),
            request.instruction,
            request.examples,
            request.variation,
            request.turns,
        )
        if wanted != self._last[0]:
            self._last = wanted, request_messages(request)
        return self._last[1]
