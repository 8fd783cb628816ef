"""A big file on its way through the SSH door, without the engine reading it each time."""

from typing import cast

import pulumi
from pulumi.runtime import rpc

HELD = "held"
"""What a machine prints that needs no copy."""

_NOTHING = pulumi.StringAsset("the machine holds it\n")  # the SDK cannot read an empty one back


def big_file(path: str, sha256: str) -> pulumi.Asset:
    """A file asset whose hash (hex; empty if not known) is given, in the form in which assets travel.

    A pulumi.FileAsset cannot say its hash: the engine would read the whole file for every machine at every
    run, changed or not. A false hash gains nothing: the machine verifies what arrives.
    """
    if not sha256:
        return pulumi.FileAsset(path)
    wire = {rpc._special_sig_key: rpc._special_asset_sig, "path": path, "hash": sha256}
    return cast(pulumi.Asset, wire)


async def unless_held(said: pulumi.Output[str], asset: pulumi.Asset) -> pulumi.Asset:
    """``asset``, or next to nothing for a machine that ``said`` it needs none.

    Not an Output: where a preview cannot know what a machine says, the plugin refuses an unknown asset.
    """
    known = await said.future()
    return _NOTHING if known is not None and known.strip() == HELD else asset
