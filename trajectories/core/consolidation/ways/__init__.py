"""Ways of choosing by name: how several samples of a problem become one answer, or a few guesses, see base.Way."""

from trajectories.core.consolidation.ways.base import Group, Sample, Value, Way
from trajectories.core.consolidation.ways.choosing import Choice, choose
from trajectories.core.consolidation.ways.members import MEMBERS

WAYS: dict[str, Way] = {way.name: way for way in MEMBERS}
"""By the name that stands in addresses, the plainest first."""

__all__ = ["WAYS", "Choice", "Group", "Sample", "Value", "Way", "choose"]
