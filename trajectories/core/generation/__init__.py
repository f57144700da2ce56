"""Generators of problems by name: those that ask a language model, and those that are embedded."""

from trajectories.core.generation.arc_augmented import ArcAugmenter
from trajectories.core.generation.base import Generator, Maker, Writer
from trajectories.core.generation.constrained import ConstrainedWriter
from trajectories.core.generation.procedural import ProceduralMaker
from trajectories.core.generation.variants import VariantWriter

WRITERS: dict[str, Writer] = {writer.name: writer for writer in (ConstrainedWriter(), VariantWriter())}
"""Generators that ask a language model."""

MAKERS: dict[str, Maker] = {maker.name: maker for maker in (ProceduralMaker(), ArcAugmenter())}
"""Embedded generators."""

GENERATORS: dict[str, Generator] = {**WRITERS, **MAKERS}
