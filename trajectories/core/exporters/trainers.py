"""What trainers are told about a file: presets of how rows are written, and configuration to put beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.exporters.arguments import Arguments
from trajectories.core.exporters.rft_openai import GRADER_FILE, grader_description
from trajectories.core.exporters.thoughts import FIELDS, Thoughts
from trajectories.core.records import JSON


@dataclass(frozen=True, slots=True)
class Template:
    """How rows are written for one trainer: thoughts and arguments of tool calls."""

    title: str
    thoughts: Thoughts
    arguments: Arguments


TEMPLATES: Mapping[str, Template] = {
    "trl": Template("TRL: thoughts in a field, arguments as objects", Thoughts.REASONING_CONTENT, Arguments.OBJECTS),
    "axolotl": Template("Axolotl: the same", Thoughts.REASONING_CONTENT, Arguments.OBJECTS),
    "gpt-oss": Template("gpt-oss: thoughts in “thinking”", Thoughts.THINKING, Arguments.OBJECTS),
    "llama-factory": Template("LLaMA-Factory: thoughts in tags, arguments as text", Thoughts.TAGS, Arguments.TEXT),
    "tags": Template("Templates without a field: thoughts in tags", Thoughts.TAGS, Arguments.OBJECTS),
    "openai": Template("OpenAI and its kin: answers only, arguments as text", Thoughts.NONE, Arguments.TEXT),
    "plain": Template("Answers only, arguments as objects", Thoughts.NONE, Arguments.OBJECTS),
}
"""What can be asked for by one name instead of by thoughts and arguments."""

_FACTORY: Mapping[str, Mapping[str, JSON]] = {
    "sft-messages": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "observation_tag": "tool",
            "system_tag": "system",
        },
    },
    "sharegpt": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
    },
}
"""What dataset_info.json of LLaMA-Factory says of a format, besides the name of the file. Its formatting `openai` would
write "detailed thinking off" into every system message, and leave out what is said beside a call of a tool.
"""

_AXOLOTL: Mapping[str, Sequence[str]] = {
    "sft-messages": ("type: chat_template", "field_messages: messages"),
    "stepwise": ("type: stepwise_supervised", 'step_separator: "\\n"'),
    "step-values": ("type: stepwise_supervised", 'step_separator: "\\n"'),
}


def beside(
    export_format: str, thoughts: str, files: Mapping[str, Sequence[str]], columns: JSON = None
) -> dict[str, str]:
    """The files to put beside those of a format, by name: what trainers that want configuration are told.

    `files` are those with rows, by split; "" for a file with the rows of all. `columns` are the types of the rows,
    where they are known: LLaMA-Factory is told of no file of which it would leave something out.
    """
    found = {}
    if export_format in _FACTORY and not _unread_by_factory(columns):
        told = {
            "_".join(filter(None, ("release", split, f"{place:05d}" if len(paths) > 1 else ""))): {
                "file_name": path,
                **_FACTORY[export_format],
            }
            for split, paths in files.items()
            for place, path in enumerate(paths)
        }
        found["dataset_info.json"] = json.dumps(told, indent=2) + "\n"
    if export_format in _AXOLOTL:
        key = "test_datasets" if "test" in files else ""
        parts = {"datasets": [path for split, paths in files.items() if split != "test" for path in paths]}
        parts |= {key: list(files["test"])} if key else {}
        found["axolotl.yaml"] = "".join(_axolotl(name, export_format, thoughts, paths) for name, paths in parts.items())
    if export_format == "rft-openai":
        found[GRADER_FILE] = grader_description()
    return found


def _unread_by_factory(columns: JSON) -> bool:
    """Whether messages have keys that LLaMA-Factory passes over: calls of tools, or thoughts in a field."""
    messages = columns.get("messages") if isinstance(columns, Mapping) else None
    message = messages[0] if isinstance(messages, list) else None
    return isinstance(message, Mapping) and any(key in message for key in ("tool_calls", *FIELDS))


def _axolotl(key: str, export_format: str, thoughts: str, paths: Sequence[str]) -> str:
    """A list of files as Axolotl's configuration has it."""
    lines = [*_AXOLOTL[export_format]]
    if export_format == "sft-messages" and thoughts in FIELDS:
        lines.append(f"field_thinking: {thoughts}")
    text = f"{key}:\n" if paths else ""
    for path in paths:
        kind = "parquet" if path.endswith(".parquet") else "json"
        text += "".join(f"{start}{line}\n" for start, line in _item([f"path: {path}", f"ds_type: {kind}", *lines]))
    return text


def _item(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [("- " if not place else "  ", line) for place, line in enumerate(lines)]
