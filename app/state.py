"""What the parts of one running service share."""

from dataclasses import dataclass

from app.checks import Prober
from app.settings import Settings


@dataclass
class State:
    """One service: its settings, the latest results of its checks, and whether it is on its way out."""

    settings: Settings
    prober: Prober
    draining: bool = False

    @property
    def ready(self) -> bool:
        """Whether the edge may send requests here. Draining does not serve, nor does a machine that is itself
        unhealthy; one whose shared components fail does, since the other Mac could do no better."""
        return not self.draining and self.prober.fit
