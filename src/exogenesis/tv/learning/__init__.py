"""What follows from the skills: facts, rhythm and snapshots, computed anew at any time."""

from exogenesis.tv.learning.attributes import Attributes
from exogenesis.tv.learning.facts import Fact
from exogenesis.tv.learning.learning import Learning

__all__ = ["Attributes", "Fact", "Learning"]
