"""Prompts with reference fields beside them, as OpenAI's reinforcement fine-tuning took them, and their grader."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trajectories.core.exporters.base import LINES, ExportItem, OneRowEach, Row, Ways
from trajectories.core.exporters.conversations import answer_column, prompt_messages
from trajectories.core.exporters.thoughts import Thoughts
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON

GRADER_FILE = "grader.json"
GRADER = '''\
import json
import re


def last(text):
    """What the text gives: its last box, else what follows its last "Answer:", else its last line."""
    boxes = re.findall(r"\\\\boxed\\{([^{}]*)\\}", text)
    told = re.findall(r"(?im)^\\W*(?:final )?answer\\W*?[:=]\\s*(.+?)\\W*$", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (boxes or told or lines or [""])[-1].strip().strip("$*").strip()


def same(found, wanted):
    if found.casefold() == wanted.casefold():
        return True
    for read in (lambda text: float(text.replace(",", "")), json.loads):
        try:
            if read(found) == read(wanted):
                return True
        except (ValueError, RecursionError):
            pass
    return False


def grade(sample, item):
    return 1.0 if same(last(sample.get("output_text") or ""), item["reference_answer"]) else 0.0
'''
"""A grader in the shape of OpenAI's `python` grader. It compares plainly; our verifiers know more spellings."""


class RftOpenaiExporter(OneRowEach):
    """A row for each way in which a problem with a reference answer was asked."""

    name = "rft-openai"
    title = "Prompts with reference fields (legacy OpenAI RFT)"
    read_by = "OpenAI RFT (closed to new users), TRL GRPO after renaming messages to prompt"
    writes_thoughts = False
    is_table = True
    by_problem = True
    containers = LINES
    columns: JSON = {
        "messages": [{"role": "string", "content": "string"}],
        "reference_answer": "string",
        "problem_id": "string",
    }
    needs = "problems with a reference answer"

    def takes(self, item: ExportItem) -> bool:
        """Traces of problems with a reference answer."""
        return item.reference is not None

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:  # noqa: ARG002
        """{"messages": [what was asked], "reference_answer": text, "problem_id": text}."""
        for item, asked in asked_once(filter(self.takes, items)):
            values: Mapping[str, JSON] = {
                "messages": asked,
                "reference_answer": answer_column(item.reference),
                "problem_id": item.problem_name,
            }
            yield Row(values, item.meta, item.split)


def asked_plainly(item: ExportItem) -> list[dict[str, JSON]]:
    """What was asked, with roles and texts alone."""
    asked = prompt_messages(item, Thoughts.NONE)
    return [{"role": message["role"], "content": message["content"]} for message in asked]


def grader_description() -> str:
    """The file that describes the grader, for a job's `grader`."""
    described = {"type": "python", "name": "reference answer", "image_tag": "2025-05-08", "source": GRADER}
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


def asked_once(items: Iterable[ExportItem]) -> Iterator[tuple[ExportItem, list[dict[str, JSON]]]]:
    """The first item of each way of asking, with what was asked."""
    seen = set[str]()
    for item in items:
        asked = asked_plainly(item)
        if (key := content_hash(asked)) not in seen:
            seen.add(key)
            yield item, asked
