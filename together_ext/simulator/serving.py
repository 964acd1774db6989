"""Endpoints and their hardware."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .jobs import numbered_id
from .payloads import timestamp

_STATES = {"PENDING": "STARTING", "STARTING": "STARTED", "STOPPING": "STOPPED"}
"""The state that follows each state automatically."""

_DEPLOYMENT_STATES = {
    "PENDING": "DEPLOYMENT_STATE_PROVISIONING",
    "STARTING": "DEPLOYMENT_STATE_PROVISIONING",
    "STARTED": "DEPLOYMENT_STATE_READY",
    "STOPPING": "DEPLOYMENT_STATE_STOPPING",
    "STOPPED": "DEPLOYMENT_STATE_STOPPED",
}
"""The names of the same states in newer clients."""

_HARDWARE = (("1x_nvidia_h100_80gb_sxm", "h100-80gb", 1, 5.6), ("4x_nvidia_h100_80gb_sxm", "h100-80gb", 4, 22.4))


@dataclass(eq=False)
class Endpoint:
    """An endpoint, which serves a model."""

    id: str
    name: str
    settings: Mapping[str, object]
    created_at: datetime
    state: str = "PENDING"
    changes: dict[str, object] = field(default_factory=dict)

    def payload(self) -> dict[str, object]:
        """The endpoint in the format of the API."""
        settings = {**self.settings, **self.changes}
        return {
            "object": "endpoint",
            "id": self.id,
            "name": self.name,
            "display_name": settings.get("display_name") or self.name,
            "model": settings["model"],
            "hardware": settings["hardware"],
            "type": "dedicated",
            "owner": "acme-research",
            "state": self.state,
            "autoscaling": settings["autoscaling"],
            "inactive_timeout": settings.get("inactive_timeout"),
            "created_at": timestamp(self.created_at),
        }

    def project_payload(self, project: str) -> dict[str, object]:
        """The endpoint with its only deployment, in the format of newer clients."""
        digest = hashlib.sha256(self.id.encode()).hexdigest()
        model, created = f"ml_{digest[:12]}", timestamp(self.created_at)
        deployment = {
            "id": f"dep_{digest[12:24]}",
            "autoscaling": self.settings["autoscaling"],
            "createdAt": created,
            "estimatedEffectiveTrafficShare": 1.0,
            "model": f"projects/{project}/models/{model}/revisions/rv_{digest[24:36]}",
            "modelId": model,
            "name": f"{self.name}/default",
            "state": _DEPLOYMENT_STATES[self.state],
            "trafficMode": "TRAFFIC_MODE_LIVE",
            "desiredReplicas": 1,
            "readyReplicas": int(self.state == "STARTED"),
            "hardware": self.settings["hardware"],
        }
        return {
            "id": f"ep_{digest[36:48]}",
            "createdAt": created,
            "updatedAt": created,
            "deployments": [deployment],
            "endpointType": "ENDPOINT_TYPE_DEDICATED",
            "etag": digest[:8],
            "name": self.name,
            "projectId": project,
            "trafficSplit": [],
            "visibility": "VISIBILITY_PRIVATE",
        }


class Endpoints:
    """The account's endpoints by ID; each enters its next state whenever it is retrieved.

    ``seed`` changes the IDs of new ones. Thread-safe.
    """

    def __init__(self, clock: Callable[[], datetime], seed: str = "") -> None:
        self._clock, self._seed, self._lock = clock, seed, threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}

    def restore(self, endpoints: Iterable[Endpoint]) -> None:
        """Replace all endpoints."""
        with self._lock:
            self._endpoints = {endpoint.id: endpoint for endpoint in endpoints}

    def all(self) -> list[Endpoint]:
        """Every endpoint, in the order of creation."""
        with self._lock:
            return list(self._endpoints.values())

    def get(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint with this ID, in its next state; None if there is none."""
        with self._lock:
            found = self._endpoints.get(endpoint_id)
            if found is not None:
                found.state = _STATES.get(found.state, found.state)
            return found

    def create(self, settings: Mapping[str, object]) -> Endpoint:
        """Create an endpoint, which starts unless its state is set to `STOPPED`."""
        with self._lock:
            candidates = (numbered_id("endpoint", f"{self._seed}endpoint {number}") for number in itertools.count(1))
            endpoint_id = next(candidate for candidate in candidates if candidate not in self._endpoints)
            digits = endpoint_id.removeprefix("endpoint-")
            state = "STOPPED" if settings.get("state") == "STOPPED" else "PENDING"
            name = f"acme-research/{settings['model']}-{digits[:8]}".replace(
                "acme-research/acme-research/", "acme-research/"
            )
            self._endpoints[endpoint_id] = Endpoint(endpoint_id, name, settings, self._clock(), state)
            return self._endpoints[endpoint_id]

    def update(self, found: Endpoint, changes: dict[str, object]) -> None:
        """Change an endpoint."""
        with self._lock:
            match changes.pop("state", None):
                case "STARTED":
                    found.state = "STARTING"
                case "STOPPED":
                    found.state = "STOPPING"
            found.changes |= changes

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint."""
        with self._lock:
            self._endpoints.pop(endpoint_id, None)


def hardware(at: datetime, *, for_model: bool) -> list[dict[str, object]]:
    """The hardware for endpoints in the format of the API, with its availability if it is for a model."""
    return [
        {
            "object": "hardware",
            "id": name,
            "pricing": {"cents_per_minute": cents},
            "specs": {"gpu_type": gpu, "gpu_link": "sxm", "gpu_memory": 80, "gpu_count": count},
            **({"availability": {"status": "available" if count == 1 else "unavailable"}} if for_model else {}),
            "updated_at": timestamp(at),
        }
        for name, gpu, count, cents in _HARDWARE
    ]
