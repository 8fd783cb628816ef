"""What a failure detector may do in the cluster. Pure: values in, manifests out."""

from collections.abc import Mapping
from typing import Any

from components.database_endpoints import CLUSTER, NAMESPACE, instance_addresses
from components.detector_files import ACCOUNT, GROUP
from detector.records import UNCOUPLED
from infra.config.model import Hospital

_DATABASE = "postgresql.cnpg.io"
_RIGHTS = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_LIMIT = "maxStandbyNamesFromCluster"


def render_rights(hospital: Hospital) -> list[Mapping[str, Any]]:
    """What it reads and changes, by name, and nothing else.

    A role cannot name fields: whoever may patch a database's object may change its image. So a policy of the
    API server's own leaves detectors one field of it and their note, to count on no standby or to end that.
    """
    instances = [endpoint.name for endpoint in instance_addresses(hospital)]

    def rule(group: str, resources: list[str], names: list[str], *verbs: str) -> dict[str, Any]:
        return {"apiGroups": [group], "resources": resources, "resourceNames": names, "verbs": list(verbs)}

    metadata = {"name": ACCOUNT, "namespace": NAMESPACE}
    return [
        _POLICY,
        _POLICY_BINDING,
        {
            "apiVersion": f"{_RIGHTS}/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": [
                rule(_DATABASE, ["clusters"], [CLUSTER], "get", "patch"),
                rule(_DATABASE, ["failoverquorums"], [CLUSTER], "get"),
                rule(_DATABASE, ["clusters/status"], [CLUSTER], "patch"),
                rule("", ["pods"], instances, "get"),
                rule("", ["pods/status"], instances, "patch"),
                rule("coordination.k8s.io", ["leases"], [CLUSTER], "get", "patch"),
            ],
        },
        {
            "apiVersion": f"{_RIGHTS}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _RIGHTS, "kind": "Role", "name": ACCOUNT},
            "subjects": [{"apiGroup": _RIGHTS, "kind": "Group", "name": GROUP}],
        },
    ]


def _same(path: str, but: str) -> str:
    """CEL: the map at ``path`` is as it was, whatever became of its key ``but``."""
    now, before = f"object.{path}", f"oldObject.{path}"
    return (
        f"{now}.all(key, key == '{but}' || (key in {before} && {now}[key] == {before}[key]))"
        f" && {before}.all(key, key == '{but}' || key in {now})"
    )


def _or_none(path: str) -> str:
    return f"(has({path}) ? {path} : {{}})"


_NOTES = [_or_none(f"{one}.metadata.annotations") for one in ("object", "oldObject")]
_ALLOWED = {
    "the specification": _same("spec", "postgresql"),
    "PostgreSQL's settings": _same("spec.postgresql", "synchronous"),
    "synchronous replication": _same("spec.postgresql.synchronous", _LIMIT),
    "the limit to anything but none": (
        f"!has(object.spec.postgresql.synchronous.{_LIMIT})"
        f" || object.spec.postgresql.synchronous.{_LIMIT} == 0"
    ),
    "annotations": " && ".join(
        f"{one}.all(key, key == '{UNCOUPLED}' || (key in {other} && {one}[key] == {other}[key]))"
        for one, other in (_NOTES, _NOTES[::-1])
    ),
    **{
        key: f"has(object.metadata.{key}) == has(oldObject.metadata.{key})"
        f" && (!has(object.metadata.{key}) || object.metadata.{key} == oldObject.metadata.{key})"
        for key in ("labels", "finalizers", "ownerReferences")
    },
}

_POLICY: Mapping[str, Any] = {
    "apiVersion": f"{_ADMISSION}/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": ACCOUNT},
    "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "resourceRules": [
                {
                    "apiGroups": [_DATABASE],
                    "apiVersions": ["*"],
                    "operations": ["UPDATE"],
                    "resources": ["clusters"],
                }
            ],
        },
        "matchConditions": [{"name": "detectors", "expression": f"'{GROUP}' in request.userInfo.groups"}],
        "validations": [
            {"expression": expression, "message": f"a failure detector may not change {what}"}
            for what, expression in _ALLOWED.items()
        ],
    },
}

_POLICY_BINDING: Mapping[str, Any] = {
    "apiVersion": f"{_ADMISSION}/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": ACCOUNT},
    "spec": {"policyName": ACCOUNT, "validationActions": ["Deny"]},
}
