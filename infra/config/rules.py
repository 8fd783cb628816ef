"""Every rule over more than one field, in the order in which their problems are told."""

from collections.abc import Callable, Iterator

from infra.config import capacity_rules, cloud_rules, cluster_rules, edge_rules, network_rules, shape_rules
from infra.config.model import Hospital
from infra.config.problems import Problem

Rule = Callable[[Hospital], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    *shape_rules.RULES,
    *network_rules.RULES,
    *edge_rules.RULES,
    *cluster_rules.RULES,
    *capacity_rules.RULES,
    *cloud_rules.RULES,
)


def broken_rules(hospital: Hospital) -> list[Problem]:
    """Everything that is wrong with ``hospital``; empty when it can be built."""
    return [problem for rule in RULES for problem in rule(hospital)]
