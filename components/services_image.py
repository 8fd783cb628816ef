"""Brings the services' image of one release to the machines that will run it."""

from collections.abc import Sequence

import pulumi

from app.release import Release
from components.container_runtime import believe, pack
from components.machine import Machine
from components.remote_script import call
from lab.host import LabError
from lab.images.artefact import ImageBundle
from lab.images.bundle import trust
from lab.images.catalogue import SERVICES
from lab.images.services import find_services, plan_services

_LIBRARY = "container_runtime.sh"
_ABOUT = call("about", "services")
_IMPORT = 600
"""Seconds for checking, importing and unpacking on a slow disk."""


def services_for(release: Release) -> ImageBundle:
    """The archive with the image of ``release``.

    A preview works without; one that is not there is pulumi.RunError in an update.
    """
    try:
        return find_services(release)
    except LabError as error:
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(str(error)) from None
        pulumi.log.warn(f"{error} (a preview works without, an update does not)")
        return plan_services(release)


def deliver_services(
    machine: Machine, archive: ImageBundle, signers: Sequence[str], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """``machine`` takes ``archive`` as it takes the bundle: once, whole, and only if a signer signed it.

    The images of earlier releases stay, for the way back.

    Raises pulumi.RunError when none of the signers signed it.
    """
    believe(archive, signers)
    source = str(archive.archive) if archive.digest else __file__  # in a preview any file stands for it
    size = archive.archive.stat().st_size if archive.digest else 0
    return machine.host.deliver(
        "services-image",
        source,
        archive.archive_digest,
        room=lambda incoming: f"{_ABOUT}\n{call('look_at_bundle', incoming, archive.digest, str(size))}",
        arrived=lambda incoming, copy: f"{_ABOUT}\n{call('take_bundle', incoming, copy, archive.digest)}",
        remove=lambda incoming: f"{_ABOUT}\n{call('drop_images', incoming, SERVICES.repository)}",
        library=_LIBRARY,
        stdin=pack({**archive.papers(), "signers": trust(signers)}),
        timeout=_IMPORT,
        opts=opts,
    )
