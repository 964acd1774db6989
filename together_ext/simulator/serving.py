"""Models that answer, endpoints that serve them, and the hardware for that."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from together_ext.simulator.payloads import timestamp

_STATES = {"PENDING": "STARTING", "STARTING": "STARTED", "STOPPING": "STOPPED"}
"""Which state comes next by itself."""

_HARDWARE = (("1x_nvidia_h100_80gb_sxm", "h100-80gb", 1, 5.6), ("4x_nvidia_h100_80gb_sxm", "h100-80gb", 4, 22.4))


@dataclass(eq=False)
class Endpoint:
    """A model that is served."""

    id: str
    name: str
    settings: Mapping[str, object]
    created_at: datetime
    state: str = "PENDING"
    changes: dict[str, object] = field(default_factory=dict)

    def payload(self) -> dict[str, object]:
        """The endpoint as the API writes it."""
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


class Endpoints:
    """The account's endpoints by ID; each is a state further whenever it is asked for. For use from several threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._lock, self._numbers = clock, threading.Lock(), itertools.count(1)
        self._endpoints: dict[str, Endpoint] = {}

    def all(self) -> list[Endpoint]:
        """Every endpoint, in the order of their coming."""
        with self._lock:
            return list(self._endpoints.values())

    def get(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint of that ID."""
        with self._lock:
            found = self._endpoints.get(endpoint_id)
            if found is not None:
                found.state = _STATES.get(found.state, found.state)
            return found

    def create(self, settings: Mapping[str, object]) -> Endpoint:
        """A new endpoint, which starts unless told otherwise."""
        with self._lock:
            digits = hashlib.sha256(f"endpoint {next(self._numbers)}".encode()).hexdigest()
            endpoint_id = f"endpoint-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
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
        """Forget an endpoint."""
        with self._lock:
            self._endpoints.pop(endpoint_id, None)


def hardware(at: datetime, *, for_model: bool) -> list[dict[str, object]]:
    """What endpoints can run on, as the API writes it; whether it is free is only told for a model."""
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


def completion(model: str, messages: Iterable[Mapping[str, object]], at: datetime) -> dict[str, object]:
    """What a model answers: the last message, to show that it has come."""
    said = [str(message.get("content") or "") for message in messages]
    answer = f"You said: {said[-1]}"
    counts = sum(len(text.split()) for text in said), len(answer.split())
    return {
        "id": f"sim-{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}",
        "object": "chat.completion",
        "created": int(at.timestamp()),
        "model": model,
        "prompt": [],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": answer, "tool_calls": []},
            }
        ],
        "usage": {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)},
    }
