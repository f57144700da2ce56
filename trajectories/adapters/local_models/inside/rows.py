"""The rows of an export as trl takes them: nothing is added to a message, and none is longer than it may be."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Json, Value

from trajectories.adapters.local_models.inside.lines import ChildFaultError

COLUMNS = {
    "sft": ("prompt", "completion"),
    "dpo": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion", "label"),
    "grpo": ("prompt", "key"),
}
"""By method: the columns of a row. Each but `label` and `key` is a list of messages."""

PLAIN = {"label": Value("bool"), "key": Value("string")}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that fit, and what was left out: `too_long` by the limit on tokens.

    `torn` are rows whose prompt the chat template writes in another way once an answer follows; their answer begins
    where the two part.
    """

    data: Dataset
    too_long: int
    torn: int
    longest: int


def read_rows(file: Path, method: str, tokenizer: Any, limit: int) -> Rows:
    """The rows of a file of JSON Lines. Raises ChildFaultError where the template cannot write one."""
    kept, too_long, torn, longest = [], 0, 0, 0
    has_tools = False
    for number, row in enumerate(_lines(file), 1):
        length, is_torn = _measure(row, method, tokenizer, file, number)
        longest = max(longest, length)
        if length > limit:
            too_long += 1
            continue
        torn += is_torn
        has_tools = has_tools or bool(row.get("tools"))
        kept.append(row)
    columns = (*COLUMNS[method], *(["tools"] if has_tools else []))
    # As JSON, a message keeps its own keys: typed columns would give each the keys of all others, with nulls.
    features = Features({name: PLAIN.get(name, Json()) for name in columns})
    data = Dataset.from_list([{name: row.get(name) for name in columns} for row in kept], features=features)
    return Rows(data, too_long, torn, longest)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _measure(row: dict[str, Any], method: str, tokenizer: Any, file: Path, number: int) -> tuple[int, bool]:
    """(tokens of the longest conversation in a row, whether the template tears its prompt)."""
    prompt, tools = row["prompt"], row.get("tools") or None
    answers = [row[name] for name in COLUMNS[method][1:] if name not in PLAIN]
    try:
        asked = _tokens(tokenizer, prompt, tools, opens=True)
        whole = [_tokens(tokenizer, [*prompt, *answer], tools, opens=False) for answer in answers]
    except Exception as fault:
        text = " ".join(str(fault).split())[:200]
        raise ChildFaultError(
            "template", f"The model's chat template cannot write row {number} of {file.name}: {text}"
        ) from fault
    return max(map(len, [asked, *whole])), any(said[: len(asked)] != asked for said in whole)


def _tokens(tokenizer: Any, messages: list[Any], tools: Any, *, opens: bool) -> list[int]:
    found = tokenizer.apply_chat_template(
        messages, tools=tools, add_generation_prompt=opens, tokenize=True, return_dict=True
    )
    return list(found["input_ids"])
