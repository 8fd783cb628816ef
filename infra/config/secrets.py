"""What a stack file says encrypted, beside the hospital's block: what the services must know and nobody else.

It becomes files in the services' pods, and stands in no other place: the names here are the files' names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.config.problems import Problem

CLIENT_SECRET = "oidcClientSecret"  # noqa: S105 - the name of one
PROVIDER_AUTHORITY = "oidcAuthority"
SIGNATURE_TRUST = "signatureTrust"
MEANINGS = {
    CLIENT_SECRET: "what the services prove themselves by to the identity provider, one line",
    PROVIDER_AUTHORITY: "PEM of the authority that certified the identity provider, if no public one did",
    SIGNATURE_TRUST: "PEM of whose signatures count: roots, authorities, lists of revoked certificates",
}
"""Every secret of the services that a stack may hold, and what it is."""

_HIDDEN = "(hidden)"


@dataclass(frozen=True)
class StackSecrets:
    """Files by name.

    provider: for asking the identity provider; signatures: one in each folder that app/signing/trust.py reads
    """

    provider: Mapping[str, str] = field(default_factory=dict, repr=False)
    signatures: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_secrets(
    told: Mapping[str, str], *, has_provider: bool, required: bool
) -> tuple[StackSecrets, list[Problem]]:
    """The files that ``told`` (name of the secret -> text) makes, and everything that is wrong with it.

    required: whether one that is needed may not be missing; a preview works without
    """
    problems = list(_about_the_provider(told, has_provider, required))
    provider = {}
    if has_provider:
        provider["oidc-client-secret"] = f"{told.get(CLIENT_SECRET, '').strip()}\n"
        if PROVIDER_AUTHORITY in told:
            provider["oidc-authority"] = told[PROVIDER_AUTHORITY]
    signatures: dict[str, str] = {}
    if SIGNATURE_TRUST in told:
        from infra.config.certificates import sorted_trust  # noqa: PLC0415 - most stacks never need it

        try:
            signatures = sorted_trust(told[SIGNATURE_TRUST])
        except ValueError as error:
            problems.append(Problem((full(SIGNATURE_TRUST),), _HIDDEN, str(error)))
    return StackSecrets(provider, signatures), problems


def full(name: str) -> str:
    """The name as it stands in a stack file."""
    return f"prontuario:{name}"


def _about_the_provider(told: Mapping[str, str], has_provider: bool, required: bool) -> Iterator[Problem]:
    if not has_provider:
        for name in {CLIENT_SECRET, PROVIDER_AUTHORITY} & set(told):
            rule = f"there is no identity_provider: add that block, or pulumi config rm {full(name)}"
            yield Problem((full(name),), _HIDDEN, rule)
        return
    path = (full(CLIENT_SECRET),)
    secret = told.get(CLIENT_SECRET)
    if secret is None and required:
        rule = f"identity_provider needs it: pulumi config set --secret {full(CLIENT_SECRET)} < FILE"
        yield Problem(path, "missing", rule)
    if secret is not None and not (secret.strip() and secret.strip().isprintable()):
        yield Problem(path, _HIDDEN, "must be one line of text, as the provider shows it")
    if PROVIDER_AUTHORITY in told:
        from infra.config.certificates import check_authorities  # noqa: PLC0415 - most stacks never need it

        try:
            check_authorities(told[PROVIDER_AUTHORITY])
        except ValueError as error:
            yield Problem((full(PROVIDER_AUTHORITY),), _HIDDEN, str(error))
