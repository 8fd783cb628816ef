"""Where the hospital's own services keep what they are told, and the files that let them in."""

from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_random as random

from components.authority import CertificateAuthority
from components.object_store import Bucket
from components.record_access import OWNER, WRITER


class Records(Protocol):
    """What the services need of the medical records: passwords by user, and when they are there."""

    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]


class Cache(Protocol):
    """What the services need of the cache: its name, whom to ask for it, passwords by user."""

    name: str
    sentinels: list[str]
    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]


_KEY_ID = "00000001"
"""Eight letters or digits, as app/storage/vault.py wants them."""


@dataclass(frozen=True)
class Stores:
    """Records, cache and the bucket of patients' documents, and the ``authority`` that all are known by.

    document_key: see :func:`document_key`
    """

    authority: CertificateAuthority
    records: Records
    cache: Cache
    documents: Bucket
    document_key: pulumi.Output[str]

    @property
    def credentials(self) -> dict[str, pulumi.Output[str]]:
        """File -> content, as :class:`app.settings.Settings` reads them."""
        return {
            "authority": self.authority.certificate,
            "records-password": self.records.users[WRITER],
            "cache-password": self.cache.users["app"],
            "store-access-key": self.documents.access_key,
            "store-secret-key": self.documents.secret_key,
            "document-keys": self.document_key,
        }

    @property
    def migration_credentials(self) -> dict[str, pulumi.Output[str]]:
        """File -> content for whoever changes the tables, and for nobody else."""
        return {
            "authority": self.authority.certificate,
            "records-owner-password": self.records.users[OWNER],
        }


def document_key(keep: bool) -> pulumi.Output[str]:
    """With what documents are sealed before they leave a process: ``id:base64``, secret.

    Whoever loses it loses the documents: with ``keep`` the engine never deletes it.
    """
    key = random.RandomBytes(
        "document-key",
        length=32,
        opts=pulumi.ResourceOptions(protect=keep, additional_secret_outputs=["base64", "hex"]),
    )
    return pulumi.Output.secret(pulumi.Output.concat(_KEY_ID, ":", key.base64, "\n"))
