"""Reading programs from what a model wrote, and the JSON answer of the expert views."""

import json
import re
from collections.abc import Mapping

from trajectories.core.prompts.blocks import find_blocks
from trajectories.core.prompts.wrapping import FUNCTION, MAX_PROGRAM
from trajectories.core.records import JSON, Step, StepKind

_DEFINES = re.compile(rf"^[ \t]*(?:def[ \t]+{FUNCTION}[ \t]*\(|{FUNCTION}[ \t]*=(?!=))", re.MULTILINE)
_PYTHON = ("python", "py", "python3")
MAX_JSON = 1_000_000

EXPERT_FIELDS: Mapping[str, tuple[str, StepKind]] = {
    "reflection": ("Reflection", StepKind.REFLECTION),
    "pixel_changes": ("Pixel changes", StepKind.OBSERVATION),
    "object_changes": ("Object changes", StepKind.OBSERVATION),
    "helper_functions": ("Helper functions", StepKind.SUBTASK),
    "overall_pattern": ("Overall pattern", StepKind.HYPOTHESIS),
    "program_instructions": ("Program instructions", StepKind.SUBTASK),
    "python_program": ("Program", StepKind.PROGRAM),
}
"""The fields of an expert's answer in the order they are asked for, with the title and kind of their steps."""


def defines_function(program: str) -> bool:
    """Whether the program defines the function it is asked for."""
    return len(program) <= MAX_PROGRAM and _DEFINES.search(program) is not None


def after_program(text: str) -> str:
    """The text with everything blank up to the end of its last block that defines the function, so that what stands
    behind keeps its place; a text without such a block is blank as a whole."""
    ends = [
        block.end for block in find_blocks(text) if block.language in (*_PYTHON, "") and _DEFINES.search(block.text)
    ]
    end = text.find("\n", ends[-1]) + 1 if ends else 0
    return f"{' ' * (end - 1)}\n{text[end:]}" if end else ""


def find_program(text: str, *, asked: bool) -> str:
    """The last block that defines the function, or "". Where a program was `asked` for, the last Python block will do:
    its verdict says what is missing.
    """
    blocks = [block for block in find_blocks(text) if len(block.text) <= MAX_PROGRAM]
    defining = [block.text for block in blocks if block.language in (*_PYTHON, "") and _DEFINES.search(block.text)]
    if defining:
        return defining[-1]
    if not asked:
        return ""
    python = [block.text for block in blocks if block.language in _PYTHON and block.text.strip()]
    if python:
        return python[-1]
    # A model that was asked for nothing but code may leave the fences out.
    bare = text.strip()
    return f"{bare}\n" if len(bare) <= MAX_PROGRAM and _DEFINES.match(bare) else ""


def read_expert_answer(text: str) -> dict[str, JSON] | None:
    """The JSON object with an expert's fields: in the last block that holds one, else from the first brace to the last.

    Line breaks inside its strings are taken as they are, which strict JSON forbids and models write.
    """
    candidates = [block.text for block in find_blocks(text)[-3:][::-1]]
    first, last = text.find("{"), text.rfind("}")
    candidates += [text[first : last + 1]] if 0 <= first < last else []
    for candidate in candidates:
        if "python_program" not in candidate or len(candidate) > MAX_JSON:
            continue
        try:
            value = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "python_program" in value:
            return value
    return None


def expert_program(answer: Mapping[str, JSON]) -> str:
    """The program of an expert's answer, without a fence around it."""
    program = answer.get("python_program")
    if isinstance(program, list) and all(isinstance(line, str) for line in program):
        program = "\n".join(program)
    if not isinstance(program, str) or len(program) > MAX_PROGRAM:
        return ""
    blocks = find_blocks(program)
    text = blocks[0].text if blocks else program
    return text.strip("\n") + "\n" if text.strip() else ""


def expert_steps(answer: Mapping[str, JSON]) -> list[Step]:
    """A step for each field that is there and says something, in the order they were asked for."""
    steps = []
    for name, (title, kind) in EXPERT_FIELDS.items():
        if name != "python_program" and (body := _as_markdown(answer.get(name))):
            steps.append(Step(kind, title, body))
    return steps


def _as_markdown(value: JSON) -> str:
    """Text as it is, lists and objects of texts as points, anything else as JSON."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item.strip()}" for item in value)
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return "\n".join(f"- **{name}**: {item.strip()}" for name, item in value.items())
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
