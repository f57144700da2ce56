"""Prompts with their reward, as verl reads them from Parquet."""

from collections.abc import Iterator, Sequence

from trajectories.core.exporters.base import TABLES, ExportItem, OneRowEach, Row, Ways
from trajectories.core.exporters.conversations import answer_column
from trajectories.core.exporters.rft_openai import asked_once
from trajectories.core.problems.kinds import KINDS
from trajectories.core.records import JSON


class VerlExporter(OneRowEach):
    """A row for each way in which a problem with a reference answer was asked; a hundred traces of it are no hundred
    prompts. `data_source` names our kind of problem: a reward function of one's own is chosen by it.
    """

    name = "verl"
    title = "Prompts with rewards (verl)"
    read_by = "verl (RLHFDataset)"
    writes_thoughts = False
    is_table = True
    by_problem = True
    containers = TABLES
    columns: JSON = {
        "data_source": "string",
        "prompt": [{"role": "string", "content": "string"}],
        "ability": "string",
        "reward_model": {"style": "string", "ground_truth": "string"},
        "extra_info": {"split": "string", "index": "int64", "problem_id": "string", "problem_hash": "string"},
    }
    needs = "problems with a reference answer"

    def takes(self, item: ExportItem) -> bool:
        """Traces of problems with a reference answer."""
        return item.reference is not None

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:  # noqa: ARG002
        """{"data_source", "prompt": [messages], "ability", "reward_model": {"style", "ground_truth"}, "extra_info"}."""
        for index, (item, asked) in enumerate(asked_once(filter(self.takes, items))):
            yield Row(_row(item, asked, index), item.meta, item.split)


def _row(item: ExportItem, asked: list[dict[str, JSON]], index: int) -> dict[str, JSON]:
    return {
        "data_source": f"minicolumn/{item.problem_kind}",
        "prompt": asked,
        "ability": KINDS[item.problem_kind].ability or item.problem_kind.value,
        "reward_model": {"style": "rule", "ground_truth": answer_column(item.reference)},
        "extra_info": {
            "split": item.split,
            "index": index,
            "problem_id": item.problem_name,
            "problem_hash": item.problem_hash,
        },
    }
