"""What the name of a file says of all traces in it: which sample of each problem they are, and whose they are."""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from trajectories.core.importers.beside_rows import model_of_folder
from trajectories.core.importers.foreign_traces import ForeignTrace

SEED = re.compile(r"-rs(\d{1,6})(?![0-9a-zA-Z])")
"""How NeMo-Skills names the output of one seed: `output-rs3.jsonl`."""


def told_by_file(trace: ForeignTrace, path: str, model: str = "") -> ForeignTrace:
    """The trace with what its row does not say: the number of its sample by the seed in the name of its file, and the
    `model` that a person named for all of them, or that the folder of its log names."""
    if not trace.model and not trace.archived_item and (named := model or model_of_folder(path)):
        trace = replace(trace, model=named)
    if "alternative" in trace.facts or (seed := _seed_of(path)) is None:
        return trace
    return replace(trace, facts={**trace.facts, "alternative": seed}, is_sample=False)


@lru_cache(maxsize=16)
def _seed_of(path: str) -> int | None:
    """The seed in the name of a file, which all rows of the file ask for."""
    seed = SEED.search(PurePosixPath(path.replace("\\", "/")).name)
    return None if seed is None else int(seed[1])
