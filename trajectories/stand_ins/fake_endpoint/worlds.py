"""A model that acts in worlds: it walks towards its goal where the task names cells, and tries what it did least."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.stand_ins.fake_endpoint.answers import Answer

_ACTIONS = re.compile(r"^Actions: (.+)\.$", re.MULTILINE)
_CELL = re.compile(r"\((\d+), (\d+)\)")
_GOAL = re.compile(r"reach \((\d+), (\d+)\)")
MOVES = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}

Cell = tuple[int, int]


def act_call(action: str, number: int = 1) -> dict[str, Any]:
    """A call of the tool `act` in the form of Chat Completions."""
    function = {"name": "act", "arguments": json.dumps({"action": action})}
    return {"id": f"call-{number}", "type": "function", "function": function}


def is_episode(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a conversation begins with the task of an episode."""
    return bool(messages) and _ACTIONS.search(str(messages[0].get("content"))) is not None


class Walker:
    """Acts once a call, from the conversation so far. `stops_after` makes it give up after so many actions."""

    def __init__(self, stops_after: int | None = None) -> None:
        self._stops_after = stops_after

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:  # noqa: ARG002
        """See Converser."""
        task = str(messages[0].get("content"))
        told = _ACTIONS.search(task)
        if not tools or told is None:
            return Answer("There is nothing to act in.")
        done = _done(messages)
        if self._stops_after is not None and len(done) >= self._stops_after:
            return Answer("I give up.")
        action, why = _next_action(task, told[1].split(", "), done)
        return Answer(why, tool_calls=[act_call(action, len(done) + 1)])


def _done(messages: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(action, what the world answered) so far, in either API's form."""
    asked: dict[str, str] = {}
    found = []
    for message in messages:
        for call in message.get("tool_calls") or ():
            asked[call["id"]] = json.loads(call["function"]["arguments"]).get("action", "")
        if message.get("type") == "function_call":
            asked[message["call_id"]] = json.loads(message["arguments"]).get("action", "")
        key = message.get("tool_call_id") or (message.get("call_id") if "output" in message else None)
        if key is not None:
            found.append((asked.get(str(key), ""), str(message.get("content") or message.get("output"))))
    return found


def _next_action(task: str, actions: Sequence[str], done: Sequence[tuple[str, str]]) -> tuple[str, str]:
    goal = _GOAL.search(task)
    first = _CELL.search(task.partition("You are at ")[2])
    if goal is None or first is None or not set(actions) <= set(MOVES):
        tried = Counter(action for action, _ in done)
        action = min(actions, key=lambda each: (tried[each], actions.index(each)))
        return action, f"I have tried {action} {tried[action]} times."
    at, aim = _cell(first), _cell(goal)
    blocked: set[tuple[Cell, str]] = set()
    visits = Counter([at])
    for action, said in done:
        if "bump" in said:
            blocked.add((at, action))
        elif (cell := _CELL.search(said)) is not None:
            at = _cell(cell)
            visits[at] += 1
    free = [action for action in actions if (at, action) not in blocked] or list(actions)
    best = min(free, key=lambda action: (visits[_after(at, action)], _far(_after(at, action), aim), action))
    return best, f"From {at} I go {best}, towards {aim}."


def _cell(found: re.Match[str]) -> Cell:
    return int(found[1]), int(found[2])


def _after(at: Cell, action: str) -> Cell:
    return at[0] + MOVES[action][0], at[1] + MOVES[action][1]


def _far(at: Cell, aim: Cell) -> int:
    return abs(at[0] - aim[0]) + abs(at[1] - aim[1])
