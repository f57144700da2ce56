"""The card of a data set: the README.md that the Hugging Face Hub and `datasets` read, with its YAML at the top.

The YAML is written as JSON where a value is text: JSON is YAML, and quoted text is never read as something else.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trajectories.core.records import JSON

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGEST = "1M<n<10M"
TASKS: Mapping[str, Sequence[str]] = {
    "sft-messages": ("text-generation",),
    "sft-prompt-completion": ("text-generation",),
    "sharegpt": ("text-generation",),
    "stepwise": ("text-classification",),
    "step-values": ("text-classification",),
}
"""Categories of the Hub, by format; pairs and prompts are for reinforcement learning."""


@dataclass(frozen=True, slots=True)
class Part:
    """One split: its rows, its bytes in memory, those of its files, and where these are."""

    name: str
    rows: int
    bytes: int
    packed: int
    """The bytes of its files."""
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says. `parts` are the splits there are, `counts` those of the release's manifest, `frozen_on` the day
    on which the release was frozen (2026-11-29).
    """

    title: str
    format: str
    about: str
    read_by: str
    release_sha256: str
    frozen_on: str = ""
    notes: str = ""
    parts: tuple[Part, ...] = ()
    counts: Mapping[str, JSON] = field(default_factory=dict)


def dataset_card(card: Card, columns: Mapping[str, JSON]) -> str:
    """The whole README.md."""
    yaml = "\n".join(_yaml(card, columns))
    splits = "\n".join(f"| {part.name} | {part.rows:,} |" for part in card.parts)
    notes = f"\n{card.notes}\n" if card.notes else ""
    name = json.dumps(card.format)
    return f"""---
{yaml}
---

# {card.title}
{notes}
{card.about}. Read by {card.read_by}.

| split | rows |
|---|---|
{splits}

    import datasets
    datasets.load_dataset("PATH OF THIS FOLDER", {name})

Made by Minicolumn from a frozen release; `manifest.json` says by which rule, samplers, verifiers and reviewers,
`croissant.json` describes files and columns, with the SHA-256 of each file.
SHA-256 of the release: `{card.release_sha256}`. The licence is that of the problems and models it came from: state it
above before you publish it.
"""


def _yaml(card: Card, columns: Mapping[str, JSON]) -> Iterator[str]:
    rows = sum(part.rows for part in card.parts)
    yield "license: other"
    yield "language:"
    yield '- "en"'
    yield f"pretty_name: {_text(card.title)}"
    yield "task_categories:"
    for task in TASKS.get(card.format, ("reinforcement-learning",)):
        yield f"- {_text(task)}"
    yield "tags:"
    for tag in ("reasoning", "trajectories", "minicolumn", card.format):
        yield f"- {_text(tag)}"
    yield "size_categories:"
    yield f"- {_text(next((name for most, name in SIZES if rows < most), LARGEST))}"
    yield "configs:"
    yield f"- config_name: {_text(card.format)}"
    yield "  default: true"
    yield "  data_files:"
    for part in card.parts:
        yield f"  - split: {part.name}"
        yield f"    path: {_text(f'data/{part.name}-*')}"
    yield "dataset_info:"
    yield f"- config_name: {_text(card.format)}"
    yield "  features:"
    yield from _features(columns, "  ")
    yield "  splits:"
    for part in card.parts:
        yield f"  - name: {part.name}"
        yield f"    num_bytes: {part.bytes}"
        yield f"    num_examples: {part.rows}"
    yield f"  download_size: {sum(part.packed for part in card.parts)}"
    yield f"  dataset_size: {sum(part.bytes for part in card.parts)}"


def _features(columns: Mapping[str, JSON], indent: str) -> Iterator[str]:
    """Features as `datasets` writes them, which 3.x and 5.x read alike."""
    for name, inner in columns.items():
        yield f"{indent}- name: {_text(name)}"
        yield from _feature(inner, f"{indent}  ")


def _feature(columns: JSON, indent: str) -> Iterator[str]:
    if isinstance(columns, Mapping):
        yield f"{indent}struct:"
        yield from _features(columns, indent)
    elif isinstance(columns, list):
        yield from _list(columns[0], indent)
    else:
        yield f"{indent}dtype: {columns}"


def _list(inner: JSON, indent: str) -> Iterator[str]:
    if isinstance(inner, Mapping):
        yield f"{indent}list:"
        yield from _features(inner, indent)
    elif isinstance(inner, list):
        yield f"{indent}list:"
        yield from _list(inner[0], f"{indent}  ")
    else:
        yield f"{indent}list: {inner}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
