"""What a model sent back, taken apart and counted, however its provider writes it down: pure functions."""

from trajectories.core.completions.thoughts import Content, Part, PartKind, content_of, split_thoughts
from trajectories.core.completions.usage import Counted, read_usage

__all__ = ["Content", "Counted", "Part", "PartKind", "content_of", "read_usage", "split_thoughts"]
