"""Exporters by name: one module per file format, see base.Exporter."""

from trajectories.core.exporters.arc_programs import ArcProgramsExporter
from trajectories.core.exporters.arguments import ARGUMENTS_WORDS, DEFAULT_ARGUMENTS, Arguments
from trajectories.core.exporters.base import Exporter, ExportItem, encode_line, encode_row, make_row
from trajectories.core.exporters.full import FullExporter
from trajectories.core.exporters.preference_repairs import PreferenceRepairsExporter
from trajectories.core.exporters.prompt_only import PromptOnlyExporter
from trajectories.core.exporters.sft_messages import SftMessagesExporter
from trajectories.core.exporters.sft_prompt_completion import SftPromptCompletionExporter
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, THOUGHTS_WORDS, Thoughts

EXPORTERS: dict[str, Exporter] = {
    exporter.name: exporter
    for exporter in (
        SftMessagesExporter(),
        SftPromptCompletionExporter(),
        PromptOnlyExporter(),
        PreferenceRepairsExporter(),
        ArcProgramsExporter(),
        FullExporter(),
    )
}
"""The first is the default."""

__all__ = [
    "ARGUMENTS_WORDS",
    "DEFAULT_ARGUMENTS",
    "DEFAULT_THOUGHTS",
    "EXPORTERS",
    "THOUGHTS_WORDS",
    "Arguments",
    "ExportItem",
    "Exporter",
    "Thoughts",
    "encode_line",
    "encode_row",
    "make_row",
]
