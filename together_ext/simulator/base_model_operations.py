"""The lists of base models: the plain one, and the catalog of newer clients."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .account import Account
from .answers import ApiError, Operation, whole
from .payloads import timestamp

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_CONTEXT = 131_072
_PRICE = 0.2
"""US dollars for a million tokens."""


@dataclass(frozen=True)
class BaseModelOperations:
    """The operations of base models."""

    account: Account

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of each operation."""
        return [
            ("/models", self.list_all, "GET"),
            ("/autoscale/models", self.list_dedicated, "GET"),
            ("/v2/supported-models", self.list_supported, "GET"),
            ("/v2/supported-models/{id:path}", self.retrieve_supported, "GET"),
        ]

    async def list_all(self, _request: Request) -> Response:
        """List the models that serve requests: a plain array, in which every model is for chats."""
        created = int(_SINCE.timestamp())
        return JSONResponse([_listed(name, created) for name in self.account.base_models()])

    async def list_dedicated(self, _request: Request) -> Response:
        """List the models that dedicated endpoints can serve."""
        return JSONResponse([{"name": name} for name in self.account.base_models()])

    async def list_supported(self, request: Request) -> Response:
        """List the catalog: `search`, `limit` and `after`, the ID of the last model of the page before."""
        wanted = request.query_params
        found = [model for model in self._supported() if wanted.get("search", "").lower() in model["name"].lower()]
        if after := wanted.get("after"):
            found = found[[model["id"] for model in found].index(after) + 1 :] if _has(found, after) else []
        limit = len(found) if (given := whole(wanted.get("limit"))) is None else given
        cursor = found[limit - 1]["id"] if 0 < limit < len(found) else None
        return JSONResponse({"object": "list", "data": found[:limit], "next_cursor": cursor})

    async def retrieve_supported(self, request: Request) -> Response:
        """Return a model of the catalog, by its ID or name."""
        wanted = request.path_params["id"]
        for model in self._supported():
            if wanted in {model["id"], model["name"]}:
                return JSONResponse(model)
        raise ApiError(404, f"Model {wanted} not found", param="id")

    def _supported(self) -> list[dict[str, Any]]:
        return [_supported(name) for name in self.account.base_models()]


def _has(models: list[dict[str, Any]], model_id: str) -> bool:
    return any(model["id"] == model_id for model in models)


def _listed(name: str, created: int) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": created,
        "type": "chat",
        "display_name": name.rpartition("/")[2],
        "organization": name.partition("/")[0],
        "link": "",
        "license": "other",
        "context_length": _CONTEXT,
        "pricing": {"hourly": 0, "input": _PRICE, "output": _PRICE, "base": 0, "finetune": 0},
    }


def _supported(name: str) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    model, config = f"ml_{digest[:12]}", f"cr_{digest[12:24]}"
    profile = {
        "profileId": config,
        "certifiedConfigRevisionId": config,
        "certifiedModelRevisionId": f"rv_{digest[24:36]}",
        "config": f"projects/project-public/configs/{config}",
        "gpuCount": 1,
        "gpuType": "nvidia-h100-80gb",
        "model": f"projects/project-public/models/{model}",
        "modelName": name,
        "parallelism": "TP1",
        "performanceBenchmarks": {},
        "quantization": "",
    }
    return {
        "id": model,
        "name": name,
        "baseModel": f"projects/project-public/models/{model}",
        "baseModelId": model,
        "capabilities": ["CAPABILITY_CHAT"],
        "createdAt": timestamp(_SINCE),
        "updatedAt": timestamp(_SINCE),
        "deploymentProfiles": [profile],
        "displayName": name.rpartition("/")[2],
        "displayType": "chat",
        "inputModalities": ["MODALITY_TEXT"],
        "outputModalities": ["MODALITY_TEXT"],
        "products": ["PRODUCT_SERVERLESS", "PRODUCT_DEDICATED", "PRODUCT_FINE_TUNING"],
        "publisher": name.partition("/")[0],
        "status": "SUPPORTED_MODEL_STATUS_SUPPORTED",
        "contextLength": str(_CONTEXT),
    }
