"""What a model sent back, taken apart: pure functions over texts."""

from trajectories.core.completions.thoughts import Content, Part, PartKind, content_of, split_thoughts

__all__ = ["Content", "Part", "PartKind", "content_of", "split_thoughts"]
