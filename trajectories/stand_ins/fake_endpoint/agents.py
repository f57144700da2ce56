"""Models that use tools: they answer from the conversation so far, and remember nothing between calls."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from trajectories.core.prompts.blocks import find_blocks
from trajectories.stand_ins.fake_endpoint.answers import WORK, Answer, program_text, read_task, symbolic

PRINTS = """
wrong = 0
for number, (given, wanted) in enumerate({pairs}, 1):
    found = [list(row) for row in transform(given)]
    wrong += found != wanted
    print("pair", number, "right" if found == wanted else "wrong")
wrong
"""
LOOK = "[len(rows) for rows, _ in {pairs}]"


@runtime_checkable
class Converser(Protocol):
    """Answers by messages in place of one text."""

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:
        """`tools` says whether the call offers any; `asked_before` counts calls with the same messages."""
        ...


def tool_call(code: str, number: int = 1) -> dict[str, Any]:
    """A call of the Python tool in the form of Chat Completions."""
    arguments = json.dumps({"code": code})
    return {"id": f"call-{number}", "type": "function", "function": {"name": "python", "arguments": arguments}}


class SymbolicAgent:
    """Programs of the symbolic search: with tools it looks at the training pairs, tries its program on them, and then
    answers with it; without tools it answers at once."""

    def __init__(self, work: int = WORK) -> None:
        self._search = symbolic(work)

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:
        """See Converser."""
        prompt = str(messages[0].get("content")) if messages else ""
        asked = [code for message in messages for code in _codes_of(message)]
        problem = read_task(prompt) if tools else None
        if problem is None:
            return self._search(prompt, asked_before)
        pairs = [[[list(row) for row in pair[name]] for name in ("input", "output")] for pair in problem.spec["train"]]
        if not asked:
            code = LOOK.format(pairs=pairs)
            thoughts = f"Sample {asked_before + 1}: first I look at the sizes."
            return Answer("", reasoning=thoughts, tool_calls=[tool_call(code)])
        if len(asked) == 1:
            found = self._search(prompt, asked_before)
            blocks = find_blocks(found.text)
            if not blocks:
                return found
            code = blocks[0].text + PRINTS.format(pairs=pairs)
            return Answer("I try a program on the pairs.", found.reasoning, [tool_call(code, 2)])
        return Answer(program_text(asked[-1].split("\nwrong = 0\n")[0] + "\n"))


class LoopingAgent:
    """Calls its tool whenever it is offered one, and never comes to an end."""

    def __init__(self, code: str = "print('still here')") -> None:
        self._code = code

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:
        """See Converser."""
        if not tools:
            return Answer("I have no tool.")
        return Answer(
            f"Once more ({len(messages)}, {asked_before}).", tool_calls=[tool_call(self._code, len(messages))]
        )


def _codes_of(message: Mapping[str, Any]) -> list[str]:
    """The code of the calls in one message of either API."""
    calls = [call.get("function", {}) for call in message.get("tool_calls") or ()]
    calls += [message] if message.get("type") == "function_call" else []
    return [str(json.loads(call["arguments"]).get("code")) for call in calls]
