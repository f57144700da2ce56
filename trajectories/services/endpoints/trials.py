"""Trying a sampler by a few short calls: whether it answers, what its model takes, and what the server ignores."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trajectories.adapters.chat_api import CHAT_COMPLETIONS, CallError, ChatSettings, open_client
from trajectories.adapters.chat_api.calls.records import estimate_usage
from trajectories.adapters.chat_api.samples.tools import Conversation, offered_tools, read_calls
from trajectories.adapters.chat_api.wire.options import REMEDIES, apply_remedies
from trajectories.adapters.chat_api.wire.questions import Question
from trajectories.adapters.chat_api.wire.settings import FINAL, NEVER, PREFIX
from trajectories.core.completions.replies import Reply
from trajectories.core.prompts import with_pictures
from trajectories.core.prompts.pictures import picture_mark
from trajectories.core.records import JSON, Usage
from trajectories.models import Sampler
from trajectories.services.endpoints.access import endpoint_access

PROMPT = "Make up a ship. Say in one sentence what it is called and where it sails."
"""Has as many answers as a model can think of, so that two equal ones mean something."""

INSTRUCTED = (
    {"role": "system", "content": "You compute with the tool python, never by yourself."},
    {"role": "user", "content": "What is 6 times 7?"},
)
RESULT = "42"
BEGUN = (
    {"role": "user", "content": "Say in one sentence what the capital of France is."},
    {"role": "assistant", "content": "The capital of France is Par"},
)
GOES_ON = "is"
"""How an answer begins that goes on within the word; a new message begins with a capital letter, or repeats it."""

LOOKED_AT = ((6,) * 16,) * 16
COLOUR = "magenta"
LOOK = (
    "Here is a picture of a grid whose cells have one colour: black, blue, red, green, yellow, grey, magenta, orange, "
    "light blue or maroon. Which is it? Answer with the colour alone."
)
"""Is answered right by one in ten who do not see; few would guess this colour."""

TEMPERATURE = 0.7
CALL_SECONDS = 30.0
LOOK_SECONDS = 20.0
"""So long it is looked what the model takes, once it has answered."""

OUTPUT_TOKENS = 512
MOST_CALLS = 12
SHOWN_CHARACTERS = 400
NO_N = "Asked for 2 samples in one call, it gave {}: it ignores n."
NO_SEED = "Two calls with the same seed gave different texts: it ignores the seed, or keeps to it only roughly."
ALL_THE_SAME = (
    "Calls with different seeds gave the same text: it ignores the seed and the temperature, or always says the same."
)
NO_LOGPROBS = "It was asked for log-probabilities and gave none: it ignores logprobs."
NO_TOOLS = "It takes no tools, so it cannot be an agent."
NO_INSTRUCTIONS = (
    "It takes no message of instructions, neither as system nor as developer, so it cannot be a model judge."
)
UNSEEN = 'It took a picture and could not say what is on it. Switch off "Sees pictures".'
COUNTED = 'It counts a picture as {:,} tokens. Set "Tokens a picture" to that.'
PICTURE_MARGIN = 0.1
"""So far the tokens of a picture may be from the settings before it is said."""

TOO_SLOW = f"What else it takes was not looked at to the end: it answers too slowly for {LOOK_SECONDS:g} s."

Messages = Sequence[Mapping[str, JSON]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out; `remedy` names the change of settings (options.REMEDIES) that goes with it, ""
    where there is none."""

    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of a trial: an answer with its figures, or in `fault` why there is none. `detail` is the endpoint's
    own message, for admins only. `calls` counts the calls made, refused ones too."""

    fault: str = ""
    detail: str = ""
    kind: str = ""
    text: str = ""
    reasoning: str = ""
    model: str = ""
    seconds: float = 0.0
    usage: Usage | None = None
    usage_is_estimated: bool = False
    finish_reason: str = ""
    findings: tuple[Finding, ...] = ()
    calls: int = 0

    @property
    def remedies(self) -> list[str]:
        """The changes of settings that were found, in order."""
        return [finding.remedy for finding in self.findings if finding.remedy]


def try_sampler(*, sampler: Sampler) -> Trial:
    """Make a few short calls and say how they went. Nothing is stored, and only what the settings can mend is asked
    again."""
    try:
        settings = ChatSettings.from_parameters(sampler.parameters)
        look = _Look(
            replace(
                settings,
                timeout_seconds=min(CALL_SECONDS, settings.timeout_seconds),
                max_output_tokens=min(OUTPUT_TOKENS, settings.max_output_tokens),
            )
        )
    except (ValueError, TypeError, ArithmeticError) as fault:
        return Trial(fault=str(fault), kind="parameters")
    try:
        found = asyncio.run(look.go())
    except CallError as fault:
        found = Trial(fault=fault.message, detail=fault.detail, kind=fault.kind)
    return replace(found, findings=tuple(look.findings), calls=look.calls)


class _Look:
    """The settings as far as they are mended, and what was found on the way; `seconds` is the time of the newest call
    that was answered."""

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self.findings: list[Finding] = []
        self.calls = 0
        self.seconds = 0.0

    async def go(self) -> Trial:
        """The first answer; then what the model takes. Raises CallError where there is no answer."""
        n = 2 if self.settings.takes_n else 1
        first = await self._first(n)
        reply = first[0]
        trial = Trial(
            text=reply.text[:SHOWN_CHARACTERS],
            reasoning=reply.reasoning[:SHOWN_CHARACTERS],
            model=reply.model,
            seconds=self.seconds,
            usage=reply.usage or estimate_usage([{"role": "user", "content": PROMPT}], reply),
            usage_is_estimated=reply.usage is None,
            finish_reason=str(reply.finish_reason),
        )
        if self.settings.logprobs and reply.mean_logprob is None:
            self.findings.append(Finding(NO_LOGPROBS, "no_logprobs"))
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._look_at_seed(reply)
                await self._look_at_tools()
                await self._look_at_prefix()
                await self._look_at_pictures()
        except TimeoutError:
            self.findings.append(Finding(TOO_SLOW))
        except CallError as fault:
            self.findings.append(Finding(f"What else it takes was not looked at to the end. {fault.message}"))
        return trial

    async def _first(self, n: int) -> list[Reply]:
        """The answers to the first call; the one sample of a second where several in one call are refused."""
        try:
            found = await self._ask_prompt(1, n)
        except CallError as fault:
            if n == 1 or fault.kind != "bad_request":
                raise
            found = await self._ask_prompt(1)
            self._mend("one_a_call")
            return found
        if len(found) < n:
            self.findings.append(Finding(NO_N.format(len(found)), "one_a_call"))
        return found

    async def _look_at_seed(self, first: Reply) -> None:
        """Whether the same seed gives the same text, and another one another."""
        settings = self.settings
        if not settings.sends_seed or settings.api != CHAT_COMPLETIONS or not (first.text or first.reasoning):
            return
        again = (await self._ask_prompt(1))[0]
        if _words(again) != _words(first):
            if not settings.takes_n or _words((await self._ask_prompt(1))[0]) != _words(again):
                self.findings.append(Finding(NO_SEED))
            return
        if _words((await self._ask_prompt(2))[0]) == _words(first):
            self.findings.append(Finding(ALL_THE_SAME))

    async def _look_at_tools(self) -> None:
        """Whether it takes instructions and tools, and its thoughts back with the call of a tool."""
        before = len(self.findings)
        tools = offered_tools(self.settings.api)
        try:
            reply = (await self._ask(lambda: INSTRUCTED, 3, tools=tools))[0]
        except CallError as fault:
            if fault.kind == "no_tools":
                self.findings.append(Finding(NO_TOOLS))
            elif fault.remedy in ("system", "developer"):
                self.findings[before:] = [Finding(NO_INSTRUCTIONS)]
            else:
                raise
            return
        calls = read_calls(reply, 1)
        if not calls or not (reply.reasoning or self.settings.thoughts_back != "never"):
            return

        def second_turn() -> Messages:
            """The conversation with the thoughts as the settings are by now."""
            talk = Conversation(self.settings.api, INSTRUCTED, INSTRUCTED, self.settings.thoughts_back)
            talk.add_answer(reply, calls)
            for call in calls:
                talk.add_result(call, RESULT)
            return talk.sent

        await self._ask(second_turn, 4, tools=tools)

    async def _look_at_prefix(self) -> None:
        """Whether it goes on with an unfinished message of the model's own, as the settings say or in another way."""
        if self.settings.api != CHAT_COMPLETIONS:
            return
        before = self.settings.continues
        for way, remedy in ((PREFIX, "continues"), (FINAL, "continues_final")):
            if await self._goes_on(way):
                if before != way:
                    self.findings.append(_finding_of(remedy))
                return
        if before != NEVER:
            self.findings.append(_finding_of("continues_never"))

    async def _look_at_pictures(self) -> None:
        """Whether it sees a picture, and how many tokens one is counted as."""
        kept, known = self.settings, len(self.findings)
        self.settings = replace(kept, sees_pictures=True)
        try:
            shown = (await self._ask(lambda: _looking(picture=True), 6))[0]
        except CallError as fault:
            if fault.retryable:
                raise
            self.findings = self.findings[:known]
            if kept.sees_pictures:
                self.findings.append(_finding_of("blind"))
            return
        finally:
            self.settings = kept
        if COLOUR not in shown.text.lower():
            if kept.sees_pictures:
                self.findings.append(Finding(UNSEEN, "blind"))
            return
        without = (await self._ask(lambda: _looking(picture=False), 6))[0]
        if not kept.sees_pictures:
            self.findings.append(_finding_of("sees"))
        if shown.usage and without.usage:
            tokens = shown.usage.input_tokens - without.usage.input_tokens
            if tokens > 0 and abs(tokens - kept.picture_tokens) > PICTURE_MARGIN * kept.picture_tokens:
                self.findings.append(Finding(COUNTED.format(tokens)))

    async def _goes_on(self, way: str) -> bool:
        """Whether a message is gone on with that was sent in this way; a server that refuses it does not."""
        kept, known = self.settings, len(self.findings)
        self.settings = replace(kept, continues=way)
        try:
            reply = (await self._ask(lambda: BEGUN, 5))[0]
        except CallError as fault:
            if fault.retryable:
                raise
            return False
        finally:
            self.settings, self.findings = kept, self.findings[:known]
        return reply.text.startswith(GOES_ON)

    async def _ask_prompt(self, seed: int, n: int = 1) -> list[Reply]:
        return await self._ask(lambda: [{"role": "user", "content": PROMPT}], seed, n)

    async def _ask(
        self, messages: Callable[[], Messages], seed: int, n: int = 1, tools: Sequence[Mapping[str, Any]] = ()
    ) -> list[Reply]:
        """The answers that could be read, with the settings mended as far as refusals name what to mend. Raises
        CallError."""
        while True:
            self.calls += 1
            client = open_client(self.settings, endpoint_access())
            started = time.monotonic()
            try:
                found = await client.complete_all(Question(messages(), TEMPERATURE, seed, tools), n=n)
                self.seconds = time.monotonic() - started
                return [reply for reply in found if isinstance(reply, Reply)]
            except CallError as fault:
                # Without its picture the question is another one.
                mended = fault.remedy not in ("", "blind") and self.calls < MOST_CALLS and self._mend(fault.remedy)
                if not mended:
                    raise
            finally:
                await client.close()

    def _mend(self, remedy: str) -> bool:
        """Change the settings and note it; False where that was tried before, or undoes what was."""
        undone = {name for finding in self.findings if finding.remedy for name in REMEDIES[finding.remedy].change}
        if undone & set(REMEDIES[remedy].change):
            return False
        self.findings.append(_finding_of(remedy))
        self.settings = ChatSettings.from_parameters(apply_remedies(self.settings.as_parameters(), [remedy]))
        return True


def _looking(*, picture: bool) -> Messages:
    return with_pictures([{"role": "user", "content": f"{LOOK}\n{picture_mark(LOOKED_AT)}" if picture else LOOK}])


def _finding_of(remedy: str) -> Finding:
    return Finding(f"It {REMEDIES[remedy].found}. {REMEDIES[remedy].advice}.", remedy)


def _words(reply: Reply) -> tuple[str, str]:
    return reply.reasoning, reply.text
