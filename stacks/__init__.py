"""Each stack composes components and reads from top to bottom like the drawing on the whiteboard."""

from dataclasses import dataclass

import pulumi

from components.database import PostgresCluster
from components.detector import FailureDetector
from components.kubernetes import KubernetesCluster
from components.load_balancer import LoadBalancer
from components.service import MedicalService


@dataclass(frozen=True)
class Outputs:
    """What a stack tells the outside.

    url: where clinicians' devices connect
    address: the floating address
    certificate_authority: PEM of the hospital's authority, to be installed on the devices
    release: the service's release that was rolled out
    statistics: per machine, where its load balancer's statistics are; user and password (secret) for them
    kubernetes: where the cluster's API answers; kubeconfig (secret): an administrator's way in
    database: host:port of the medical records' primary, by the floating address, TLS only
    database_users: name -> password (secret)
    detectors: per machine, where its failure detector says what it sees; none where nothing can fail over
    """

    url: pulumi.Output[str]
    address: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    release: str
    statistics: pulumi.Output[dict[str, str]]
    statistics_user: pulumi.Output[str]
    statistics_password: pulumi.Output[str]
    kubernetes: str
    kubeconfig: pulumi.Output[str]
    database: str
    database_users: dict[str, pulumi.Output[str]]
    detectors: pulumi.Output[dict[str, str]]

    @classmethod
    def of(
        cls,
        edge: LoadBalancer,
        cluster: KubernetesCluster,
        records: PostgresCluster,
        service: MedicalService,
        detector: FailureDetector | None = None,
    ) -> "Outputs":
        """What the outside needs of a deployed hospital."""
        return cls(
            url=edge.url,
            address=edge.address,
            certificate_authority=edge.certificate_authority,
            release=service.release,
            statistics=edge.statistics,
            statistics_user=edge.statistics_user,
            statistics_password=edge.statistics_password,
            kubernetes=cluster.api,
            kubeconfig=cluster.kubeconfig,
            database=records.endpoint,
            database_users={user: pulumi.Output.secret(word) for user, word in records.users.items()},
            detectors=detector.status if detector else pulumi.Output.from_input({}),
        )
