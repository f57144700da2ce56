"""Everything known of a trace, for archives and for another installation."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, sent_messages
from trajectories.core.records import JSON


class FullExporter:
    """The documented archive schema (docs/exports.md). Reviewers appear under the release's pseudonyms."""

    name = "full"
    title = "Everything (archive)"
    read_by = "archives, another Minicolumn"

    def row(self, item: ExportItem) -> Mapping[str, JSON]:
        """{"problem": {...}, "trace": {...}, "verdicts": [...], "reviews": [...]}."""
        return {
            "problem": {
                "name": item.problem_name,
                "kind": str(item.problem_kind),
                "spec": item.spec,
                "reference": item.reference,
                "reference_source": item.reference_source,
            },
            "trace": {
                "prompt": sent_messages(item),
                "reasoning": item.reasoning,
                "program": item.program,
                "answer": item.answer,
                "found": item.found,
                "hinted": item.hinted,
                "steps": list(item.steps),
            },
            "verdicts": list(item.judged.get("verdicts", ())),
            "reviews": list(item.judged.get("reviews", ())),
        }
