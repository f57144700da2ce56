"""Exporters by name: one module per file format, see base.Exporter."""

from trajectories.core.exporters.arc_programs import ArcProgramsExporter
from trajectories.core.exporters.arc_submission import ArcSubmissionExporter
from trajectories.core.exporters.arguments import ARGUMENTS_WORDS, DEFAULT_ARGUMENTS, Arguments
from trajectories.core.exporters.base import (
    CONTAINER_WORDS,
    SUFFIXES,
    TABLES,
    Container,
    Exporter,
    ExportItem,
    Pairing,
    Reads,
    Row,
    Ways,
    write_rows,
)
from trajectories.core.exporters.full import FullExporter
from trajectories.core.exporters.lines import encode_line
from trajectories.core.exporters.preference import PreferenceExporter
from trajectories.core.exporters.preference_openai import PreferenceOpenaiExporter
from trajectories.core.exporters.preference_repairs import PreferenceRepairsExporter
from trajectories.core.exporters.prm800k import Prm800kExporter
from trajectories.core.exporters.prompt_only import PromptOnlyExporter
from trajectories.core.exporters.rft_openai import RftOpenaiExporter
from trajectories.core.exporters.sft_messages import SftMessagesExporter
from trajectories.core.exporters.sft_prompt_completion import SftPromptCompletionExporter
from trajectories.core.exporters.sharegpt import SharegptExporter
from trajectories.core.exporters.step_values import StepValuesExporter
from trajectories.core.exporters.stepwise import StepwiseExporter
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, THOUGHTS_WORDS, Thoughts
from trajectories.core.exporters.unpaired import UnpairedExporter
from trajectories.core.exporters.verl import VerlExporter

EXPORTERS: dict[str, Exporter] = {
    exporter.name: exporter
    for exporter in (
        SftMessagesExporter(),
        SftPromptCompletionExporter(),
        SharegptExporter(),
        PromptOnlyExporter(),
        VerlExporter(),
        PreferenceExporter(),
        PreferenceRepairsExporter(),
        UnpairedExporter(),
        StepwiseExporter(),
        StepValuesExporter(),
        Prm800kExporter(),
        PreferenceOpenaiExporter(),
        RftOpenaiExporter(),
        ArcProgramsExporter(),
        ArcSubmissionExporter(),
        FullExporter(),
    )
}
"""The first is the default."""

__all__ = [
    "ARGUMENTS_WORDS",
    "CONTAINER_WORDS",
    "DEFAULT_ARGUMENTS",
    "DEFAULT_THOUGHTS",
    "EXPORTERS",
    "SUFFIXES",
    "TABLES",
    "THOUGHTS_WORDS",
    "Arguments",
    "Container",
    "ExportItem",
    "Exporter",
    "Pairing",
    "Reads",
    "Row",
    "Thoughts",
    "Ways",
    "encode_line",
    "write_rows",
]
