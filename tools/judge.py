"""Try what `openapi.yaml` allows, and what it does not, on the simulator: what `make test-spec` runs.

Schemathesis makes the requests. No response may be a 5xx; each must have a status, a media type and a body that are
described. The specification describes no errors, so those of the simulator are added first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from together_ext.simulator import DPO_JOB, FAILED_JOB, LORA_JOB, RUNNING_JOB, Simulator
from tools.generate import SPEC
from tools.spec.documents import METHODS, Node, read_openapi, resolve

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
ERROR: Final[Node] = {
    "description": "An error.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "anyOf": [{"required": ["error"]}, {"required": ["message"]}]}
        }
    },
}
"""Every error of the simulator."""

MODEL: Final = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"
HARDWARE: Final = "1x_nvidia_h100_80gb_sxm"
"""A base model that has limits, and hardware for it."""

STREAM: Final[Node] = {"text/event-stream": {"schema": {"type": "string"}}}
"""The other body of a chat completion, in which the specification has no events."""


def judged(document: Node, values: Mapping[str, str]) -> Node:
    """The specification with what the simulator may respond besides, and with existing values in requests.

    Args:
        document: The specification, which is changed.
        values: Values for the fields of requests, by name: random names of models and files do not exist.
    """
    for path, item in document["paths"].items():
        for method in item.keys() & set(METHODS):
            responses = item[method]["responses"]
            responses["4XX"] = ERROR
            for content in item[method].get("requestBody", {}).get("content", {}).values():
                fields = resolve(document, content["schema"]["$ref"])["properties"]
                fields |= {name: {"type": "string", "enum": [values[name]]} for name in fields.keys() & values.keys()}
            if path == "/chat/completions":
                responses["200"]["content"] |= STREAM
            if path == "/finetune/download":
                responses["302"] = {"description": "The location of the archive."}
    return document


def endpoint(simulator: Simulator) -> str:
    """The ID of a new endpoint."""
    headers = {"Authorization": f"Bearer {simulator.api_key}"}
    scaling = {"min_replicas": 1, "max_replicas": 1}
    wanted = {"model": MODEL, "hardware": HARDWARE, "autoscaling": scaling}
    return str(httpx.post(f"{simulator.url}/endpoints", json=wanted, headers=headers).raise_for_status().json()["id"])


def existing(simulator: Simulator) -> dict[str, Mapping[str, str]]:
    """Parameters for which there is something, by operation."""
    files = [simulator.add_file() for _ in range(2)]
    model = simulator.registry.add("acme-research/judged", {"config.json": b"{}"}).id
    project = {"path.projectId": "project-acme"}
    return {
        "GET /fine-tunes/{id}": {"path.id": LORA_JOB},
        "GET /fine-tunes/{id}/events": {"path.id": LORA_JOB},
        "GET /fine-tunes/{id}/checkpoints": {"path.id": LORA_JOB},
        "GET /fine-tunes/{id}/metrics": {"path.id": DPO_JOB},
        "GET /fine-tunes/{id}/download-tokenized-dataset": {"path.id": LORA_JOB},
        "POST /fine-tunes/{id}/cancel": {"path.id": RUNNING_JOB},
        "DELETE /fine-tunes/{id}": {"path.id": FAILED_JOB},
        "GET /fine-tunes/models/limits": {"query.model_name": MODEL},
        "GET /finetune/download": {"query.ft_id": LORA_JOB},
        "GET /files/{id}": {"path.id": files[0]},
        "GET /files/{id}/content": {"path.id": files[0]},
        "DELETE /files/{id}": {"path.id": files[1]},
        "GET /v2/projects/{projectId}/models": project,
        "GET /v2/projects/{projectId}/models/{id}": project | {"path.id": model},
        "GET /v2/projects/{projectId}/models/{id}/revisions": project | {"path.id": model},
        "GET /v2/projects/{projectId}/models/{id}/files": project | {"path.id": model},
        "POST /v2/projects/{projectId}/models/download": project,
        "GET /endpoints/{endpointId}": {"path.endpointId": endpoint(simulator)},
        "PATCH /endpoints/{endpointId}": {"path.endpointId": endpoint(simulator)},
        "DELETE /endpoints/{endpointId}": {"path.endpointId": endpoint(simulator)},
    }


def configuration(parameters: Mapping[str, Mapping[str, str]]) -> str:
    """The configuration of Schemathesis."""
    lines = []
    for name, values in parameters.items():
        given = ", ".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in values.items())
        lines += ["[[operations]]", f"include-name = {json.dumps(name)}", f"parameters = {{ {given} }}", ""]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Run Schemathesis against a simulator; returns its exit code.

    Args:
        arguments: The program, the number of examples for each operation, and more arguments for the program.
    """
    program, examples, *more = arguments
    with tempfile.TemporaryDirectory() as scratch, Simulator() as simulator:
        simulator.add_archive(LORA_JOB, b"weights")
        folder = Path(scratch)
        file_id = simulator.add_file()
        values = {"training_file": file_id, "validation_file": file_id, "model": MODEL, "hardware": HARDWARE}
        (folder / "openapi.json").write_text(json.dumps(judged(read_openapi(SPEC), values)), encoding="utf-8")
        (folder / "schemathesis.toml").write_text(configuration(existing(simulator)), encoding="utf-8")
        command = [str(Path(program).absolute()), "run", "openapi.json", "--url", simulator.url]
        command += ["--header", f"Authorization: Bearer {simulator.api_key}", "--checks", ",".join(CHECKS)]
        command += ["--phases", "coverage,fuzzing", "--max-examples", examples, "--no-color", *more]
        return subprocess.run(  # noqa: S603 -- the program that `make` names
            command, cwd=folder, env=dict(os.environ), check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
