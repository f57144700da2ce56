"""Procedural problems: the catalogue of families, previews, and imports of what they make."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.text import slugify

from trajectories.adapters.files import write_whole
from trajectories.adapters.procedural import is_being_installed, is_installed, shared_source
from trajectories.core.problems import ImportFault
from trajectories.core.problems.procedural import (
    Draw,
    Example,
    Family,
    Knob,
    KnobKind,
    ProceduralError,
    to_problem,
)
from trajectories.core.problems.shipped_families import SHIPPED_FAMILIES, SOURCE, examples_of, records_of
from trajectories.core.records import ProblemRecord
from trajectories.services.problems.imports import ImportReport, import_records, name_of_set
from trajectories.services.problems.references import reference_fault

PREVIEWED = 3
WORKED_BY = "worked solutions"
"""The sampler that worked solutions stand under once they are imported."""
PREVIEW_SECONDS = 4.0
"""How long somebody waits for the first problems of a draw."""
CATALOGUE_FORM = 1
"""Raised when what the file holds changes."""


def procedural_installed() -> bool:
    """Whether the optional package of families is here."""
    return is_installed()


def procedural_being_installed() -> bool:
    """Whether the optional package of families will be here in a moment."""
    return is_being_installed()


class Families:
    """core.generation.base.Tools: families of procedural problems, where they are installed."""

    def examples(self, draw: Draw) -> Iterator[Example]:
        """The problems of a draw. Raises ProceduralError, also for a family that comes with the application: its
        problems need no scorer and are made on its own page."""
        if draw.family in SHIPPED_FAMILIES:
            raise ProceduralError(f"{draw.family} makes its problems on its own page, Problems, Procedural families")
        return shared_source().examples(draw)


def stored_families() -> list[Family] | None:
    """The families as they were described once for this version of the package; None until then."""
    try:
        rows = json.loads(_catalogue_path().read_text())
    except (FileNotFoundError, ValueError):
        return None
    return [_family(row) for row in rows]


def describe_families() -> list[Family]:
    """All families with an example each, from the stored file or, half a minute later, from the package.

    Raises ProceduralError where the package is not installed.
    """
    source = shared_source()
    stored = stored_families()
    if stored is not None:
        return stored
    families = [_without_entry(family) for family in source.families()]
    text = json.dumps([asdict(family) for family in families])
    write_whole(_catalogue_path(), [text.encode()])
    return families


def get_family(name: str) -> Family | None:
    """The family of that name, None where there is none or the families are not described yet."""
    if name in SHIPPED_FAMILIES:
        return SHIPPED_FAMILIES[name]
    stored = stored_families() if procedural_installed() else None
    return next((family for family in stored or () if family.name == name), None)


def preview_procedural(draw: Draw) -> list[Example]:
    """The first problems of a draw. Raises ProceduralError where the family refuses or takes too long."""
    if draw.family in SHIPPED_FAMILIES:
        return list(islice(examples_of(draw), PREVIEWED))
    return list(islice(shared_source().examples(draw, seconds=PREVIEW_SECONDS), PREVIEWED))


def import_procedural(*, actor: User | None, draw: Draw, set_title: str, split: str) -> ImportReport:
    """Import all problems of a draw into the set of that title, which is made where there is none.

    Where the family fails at one problem, none is imported and the report has the fault. Raises ValidationError for a
    title that makes no slug or is too long.
    """
    return import_records(
        actor=actor,
        set_name=name_of_set(set_title),
        set_title=set_title,
        source=procedural_source_name(draw.family),
        records=draw_records(draw, split=split),
        on_fault="all_or_nothing",
    )


def worked_rows(draw: Draw) -> Iterator[bytes]:
    """The worked solutions of a draw as lines of a file that the import of traces reads: what a model can begin to
    learn from. Raises ProceduralError, at once for a family that writes none."""
    if draw.family not in SHIPPED_FAMILIES:
        raise ProceduralError(f"{draw.family} writes no worked solutions")
    rows = (
        {"question": example.question, "response": example.solution, "model": WORKED_BY}
        for example in examples_of(draw)
    )
    return (f"{json.dumps(row, ensure_ascii=False)}\n".encode() for row in rows)


def procedural_source_name(family: str) -> str:
    """The package that a family comes from, and its version."""
    return SOURCE if family in SHIPPED_FAMILIES else shared_source().source_name()


def draw_records(draw: Draw, *, split: str, start: int = 0) -> Iterator[ProblemRecord | ImportFault]:
    """The problems of a draw from index `start` on, each checked; where the family breaks, a fault ends them."""
    index = start
    try:
        for index, record in enumerate(_drawn(draw, split=split)):
            if index < start:
                continue
            reason = reference_fault(record)
            yield ImportFault(draw.family, f"problem {index}", reason) if reason else record
    except (ProceduralError, ValueError, TypeError) as fault:
        yield ImportFault(draw.family, f"near problem {index}", str(fault))


def _drawn(draw: Draw, *, split: str) -> Iterator[ProblemRecord]:
    """The problems of a draw from the first on. Raises ProceduralError, ValueError and TypeError."""
    if draw.family in SHIPPED_FAMILIES:
        return records_of(draw, split=split)
    examples = enumerate(shared_source().examples(draw))
    return (to_problem(example, draw, index, split=split) for index, example in examples)


def _catalogue_path() -> Path:
    version = slugify(shared_source().source_name().replace(".", "-"))
    return Path(settings.VAR_DIR) / "procedural" / f"families-{CATALOGUE_FORM}-{version}.json"


def _without_entry(family: Family) -> Family:
    """What pages show of a family: the scorer's part of an example can be large."""
    return family if family.example is None else replace(family, example=replace(family.example, entry={}))


def _family(row: Mapping[str, Any]) -> Family:
    fields = dict(row)
    fields["knobs"] = tuple(_knob(knob) for knob in row["knobs"])
    fields["example"] = Example(**row["example"]) if row["example"] else None
    fields["levels"], fields["fixed"] = tuple(row["levels"]), tuple(row["fixed"])
    return Family(**fields)


def _knob(row: Mapping[str, Any]) -> Knob:
    return Knob(**{**row, "kind": KnobKind(row["kind"]), "choices": tuple(row["choices"])})
