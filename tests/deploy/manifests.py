#!/usr/bin/env python3
"""Holds the rendered manifests to what no schema knows: that their parts fit each other and the program.

    manifests.py ROSTER RENDERED

ROSTER is the program, RENDERED the output of `kubectl kustomize`. Prints what does not fit.
"""

import sys
from pathlib import Path

import settings
import yaml

ROOT = Path(__file__).parents[2]
# What the server may need to end, in seconds.
DRAIN = 10


def read(path):
    """The objects by kind and name; the services are two."""
    objects = yaml.safe_load_all(Path(path).read_text())
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def only(objects, kind):
    """The one object of a kind."""
    [found] = [item for (of_kind, _), item in objects.items() if of_kind == kind]
    return found


def selectors(objects, template):
    """Every selector that must mean the servers, by where it stands."""
    deployment = only(objects, "Deployment")["spec"]
    for (kind, name), item in objects.items():
        if kind == "Service":
            yield f"{kind} {name}", item["spec"].get("selector")
    yield "Deployment", deployment["selector"].get("matchLabels")
    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        yield kind, only(objects, kind)["spec"].get(key, {}).get("matchLabels")
    for constraint in template["spec"]["topologySpreadConstraints"]:
        yield "topologySpreadConstraints", constraint["labelSelector"].get("matchLabels")


def named_ports(objects, container):
    """Every port that is named, by where."""
    for (kind, name), item in objects.items():
        if kind == "Service":
            yield from ((f"Service {name}", port["targetPort"]) for port in item["spec"]["ports"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        yield probe, container[probe]["httpGet"]["port"]
    for rule in only(objects, "NetworkPolicy")["spec"]["ingress"]:
        yield from (("NetworkPolicy", port["port"]) for port in rule["ports"])


def references(pod, container):
    """The objects that the pod needs, as kind and name."""
    yield from (("ConfigMap", source["configMapRef"]["name"]) for source in container["envFrom"])
    yield from (("Secret", volume["secret"]["secretName"]) for volume in pod["volumes"])


def is_restricted(pod, container):
    """What the namespace's standard, restricted, asks for, and a file system that cannot be written."""
    context, own = pod["securityContext"], container["securityContext"]
    return (
        context["runAsNonRoot"]
        and context["seccompProfile"]["type"] == "RuntimeDefault"
        and own["allowPrivilegeEscalation"] is False
        and own["readOnlyRootFilesystem"]
        and own["capabilities"] == {"drop": ["ALL"]}
        and pod["automountServiceAccountToken"] is False
    )


def of_kubernetes(objects):
    template = only(objects, "Deployment")["spec"]["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    [container] = pod["containers"]
    for where, selector in selectors(objects, template):
        if not selector or not selector.items() <= labels.items():
            yield f"{where} selects {selector}, and not {labels}"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    if ports != settings.PORTS:
        yield f"the container's ports are {ports}"
    for where, name in named_ports(objects, container):
        if name not in ports:
            yield f"{where}: there is no port {name}"
    for name in references(pod, container):
        if name not in objects:
            yield f"there is no {name}"
    target = only(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    if (target["kind"], target["name"]) not in objects:
        yield f"the autoscaler scales {target}"
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    if pod["terminationGracePeriodSeconds"] < pause + DRAIN:
        yield "terminationGracePeriodSeconds is shorter than preStop and what the server needs"
    if not is_restricted(pod, container):
        yield "the container may do too much"
    if pod["enableServiceLinks"]:
        yield "Kubernetes would set variables of the server's prefix"


def of_settings(roster, objects):
    image = settings.of_image(ROOT / "Dockerfile")
    variables = only(objects, "ConfigMap")["data"]
    yield from settings.problems("Kubernetes", roster, image | variables)
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name, service in compose["services"].items():
        if name == "postgres":
            continue
        variables = image | settings.of_compose(service)
        yield from settings.problems(f"Compose, {name}", roster, variables)
        if int(service["stop_grace_period"].rstrip("s")) < DRAIN:
            yield f"Compose, {name}: stop_grace_period is shorter than what the server needs"


def main():
    _, roster, rendered = sys.argv
    objects = read(rendered)
    found = [*of_kubernetes(objects), *of_settings(roster, objects)]
    for problem in found:
        print(f"manifests: {problem}")
    print(f"manifests: {len(objects)} objects, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
