"""Everything known of a trace, for archives and for another installation."""

from collections.abc import Mapping

from trajectories.core.completions.parts import parts_to_json
from trajectories.core.exporters.base import LINES, ExportItem, OneRowEach, Reads
from trajectories.core.exporters.conversations import sent_messages
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON


class FullExporter(OneRowEach):
    """The documented archive schema (docs/exports.md). Reviewers appear under the release's pseudonyms."""

    name = "full"
    title = "Everything (archive)"
    read_by = "archives, another Minicolumn"
    writes_thoughts = False
    is_table = False
    reads = Reads.EVERYTHING
    containers = LINES
    columns: JSON = "mixed"

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:  # noqa: ARG002
        """{"problem": {...}, "trace": {...}, "verdicts": [...], "reviews": [...], "item": {...}}."""
        return {
            "problem": {
                "name": item.problem_name,
                "kind": str(item.problem_kind),
                "spec": item.spec,
                "reference": item.reference,
                "reference_source": item.reference_source,
                **_archived(item, "problem"),
            },
            "trace": {
                "prompt": sent_messages(item),
                "reasoning": item.reasoning,
                "parts": None if item.parts is None else parts_to_json(item.parts),
                "program": item.program,
                "answer": item.answer,
                "found": item.found,
                "hinted": item.hinted,
                "steps": list(item.steps),
                **({"origin": item.origin} if item.origin else {}),
                **_archived(item, "trace"),
            },
            "verdicts": list(item.assessments.get("verdicts", ())),
            "reviews": list(item.assessments.get("reviews", ())),
            **({"item": item.archive["item"]} if "item" in item.archive else {}),
        }


def _archived(item: ExportItem, part: str) -> Mapping[str, JSON]:
    """What only an archive tells of one part of a row."""
    found = item.archive.get(part)
    return found if isinstance(found, Mapping) else {}
