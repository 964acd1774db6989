"""Bodies of requests with values of other types: each is refused in the API's format, and none breaks the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import httpx
import pytest

from together_ext.simulator import LORA_JOB, MODEL, RUNNING_JOB, TRAINING_FILE, Simulator
from together_ext.simulator.owner import PROJECT
from tools.contract import JSON, PREFIXES, operations

from .asking import PLAIN, key_of

TRAINING: Final = {
    "training_file": TRAINING_FILE,
    "validation_file": TRAINING_FILE,
    "model": MODEL,
    "n_epochs": 1,
    "n_evals": 1,
    "training_method": {"method": "sft", "train_on_inputs": "auto"},
    "training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 8, "lora_dropout": 0.5, "lora_trainable_modules": "a"},
    "from_checkpoint": LORA_JOB,
}
ENDPOINT: Final = {
    "display_name": "mine",
    "state": "STOPPED",
    "autoscaling": {"min_replicas": 1, "max_replicas": 1},
    "inactive_timeout": 5,
}
PARTS: Final = {"file_name": "a.jsonl", "purpose": "fine-tune", "file_type": "jsonl", "file_size": 9, "checksum": "00"}

BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /fine-tunes": {
        **TRAINING,
        **dict.fromkeys(("packing", "early_stopping_enabled"), True),
        **dict.fromkeys(("max_seq_length", "n_checkpoints", "gradient_accumulation_steps", "random_seed"), 1),
        **dict.fromkeys(("early_stopping_patience", "early_stopping_warmup_evals"), 1),
        **dict.fromkeys(("learning_rate", "warmup_ratio", "max_grad_norm", "weight_decay"), 0.5),
        "early_stopping_min_delta": 0.5,
        **dict.fromkeys(("suffix", "wandb_api_key", "wandb_base_url", "wandb_project_name", "wandb_name"), "a"),
        **dict.fromkeys(("wandb_entity", "from_hf_model", "hf_model_revision", "hf_api_token"), "a"),
        "hf_output_repo_name": "a",
        "batch_size": "max",
        "train_on_inputs": "auto",
        "lr_scheduler": {"lr_scheduler_type": "linear", "lr_scheduler_args": {}},
        "multimodal_params": {"train_vision": False},
    },
    f"GET /fine-tunes/{LORA_JOB}/metrics": {
        "global_step_from": 1,
        "global_step_to": 9,
        "logged_at_from": "2025-01-01",
        "logged_at_to": "2027-01-01",
    },
    "POST /fine-tunes/estimate-price": TRAINING,
    "POST /fine-tunes/preview": {
        "model": MODEL,
        "training_file": TRAINING_FILE,
        "top_k": 1,
        "train_on_inputs": True,
        "training_method": "sft",
    },
    f"POST /v2/projects/{PROJECT['id']}/models/download": {"objectId": "ml_a", "revisionId": "rv_a", "paths": ["a"]},
    "POST /chat/completions": {
        "model": MODEL,
        "messages": [{"role": "user", "content": "a"}],
        **dict.fromkeys(("max_tokens", "top_k", "n", "seed", "logprobs"), 1),
        **dict.fromkeys(("temperature", "top_p", "min_p", "repetition_penalty"), 0.5),
        **dict.fromkeys(("presence_penalty", "frequency_penalty"), 0.5),
        "echo": False,
        "stop": ["a"],
        "response_format": {},
        "tools": [{}],
        "tool_choice": "auto",
    },
    "POST /endpoints": {
        "model": MODEL,
        "hardware": "1x_nvidia_h100_80gb_sxm",
        **ENDPOINT,
        "disable_speculative_decoding": True,
        "availability_zone": "a",
    },
    "PATCH /endpoints/{endpoint}": ENDPOINT,
    "POST /files/multipart/initiate": {**PARTS, "num_parts": 1},
    "POST /files/multipart/complete": {
        "upload_id": "{upload}",
        "file_id": "{file}",
        "parts": [{"part_number": 1, "etag": "00"}],
    },
    "POST /files/multipart/abort": {"upload_id": "{upload}", "file_id": "{file}"},
}
"""Each operation with a JSON body, and a body with all its fields."""

ADMIN: Final[dict[str, dict[str, Any]]] = {
    "POST /jobs": {
        "id": "ft-added",
        "status": "running",
        "training_type": "Lora",
        "steps": [1, 2],
        "model_output_name": "a",
        "archive_size": 100,
    },
    f"POST /jobs/{RUNNING_JOB}/advance": {"to": "completed"},
    f"POST /jobs/{RUNNING_JOB}/fail": {"message": "a", "status": "error"},
    "POST /faults": {"method": "GET", "path": "/odd", "status": 500, "headers": {"a": "b"}, "body": "a", "delay": 0.5},
}
"""The same of the admin interface."""

ODD: Final[tuple[Any, ...]] = (True, 5, 1.5, "odd", [], [[]], [5], [{}], {}, {"a": []})
UNUSUAL: Final = (b"1e400", b"NaN", b"-Infinity", b"1" + b"0" * 400, b"9" * 5000, b'"\\ud800"', b"-1", b"null")


def test_the_table_has_every_operation_and_field_of_the_specification() -> None:
    for operation in operations():
        schema: Any = operation.node.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
        if schema is None:
            continue
        if "$ref" in schema:
            schema = operation.schemas[schema["$ref"].rpartition("/")[2]]
        (body,) = [
            body
            for name, body in BODIES.items()
            if name.startswith(f"{operation.method} ") and operation.path.match(PREFIXES.sub("", name.split()[1]))
        ]
        assert set(schema["properties"]) == set(body)


def fields(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in a body."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from fields(inner, (*path, name))


def changed(body: object, path: tuple[Any, ...], value: object) -> Any:  # noqa: ANN401 -- JSON
    """A copy of a body with another value at a path."""
    found = inner = deepcopy(body)
    for name in path[:-1]:
        inner = inner[name]  # type: ignore[index]  # an object or a list
    inner[path[-1]] = value  # type: ignore[index]
    return found


def is_refused(answer: httpx.Response) -> bool:
    """Whether it is a refusal; it has the API's format then."""
    assert answer.status_code < 500
    if answer.status_code < 400:
        return False
    assert isinstance(answer.json()["error"]["message"], str)
    return True


@pytest.fixture
def names(sim: Simulator) -> dict[str, str]:
    """The IDs of an endpoint and of an upload."""
    made = PLAIN.post(f"{sim.url}/endpoints", json=BODIES["POST /endpoints"], headers=key_of(sim)).json()
    initiate = {**PARTS, "num_parts": 1}
    upload = PLAIN.post(f"{sim.url}/files/multipart/initiate", json=initiate, headers=key_of(sim)).json()
    return {"endpoint": made["id"], "upload": upload["upload_id"], "file": upload["file_id"]}


UNIONS: Final[dict[tuple[Any, ...], tuple[type, ...]]] = {
    ("batch_size",): (int,),
    ("train_on_inputs",): (bool,),
    ("training_method", "train_on_inputs"): (bool,),
    ("tool_choice",): (dict,),
    ("messages", 0, "role"): (object,),
    ("messages", 0, "content"): (object,),
}
"""Further types of fields that take several; what is in a message is not typed."""


def is_wrong(path: tuple[Any, ...], usual: object, odd: object) -> bool:
    """Whether a value has another type than the usual one."""
    kinds = {type(usual), *UNIONS.get(path, ())}
    return not (object in kinds or type(odd) in kinds or (float in kinds and type(odd) is int))


def of_path(body: Any, path: tuple[Any, ...]) -> object:  # noqa: ANN401 -- JSON
    """The value at a path."""
    for name in path:
        body = body[name]
    return body


def filled(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 -- JSON
    """A body with the IDs of the simulator."""
    text = json.dumps(value)
    for name, found in names.items():
        text = text.replace(f"{{{name}}}", found)
    return json.loads(text)


@pytest.mark.parametrize("operation", [*BODIES, *(f"{name} (admin)" for name in ADMIN)])
def test_a_value_of_another_type_is_refused(sim: Simulator, names: dict[str, str], operation: str) -> None:
    """And no value is the end of the simulator: not one of the right type, and no number without a limit."""
    name, is_admin = operation.removesuffix(" (admin)"), operation.endswith(" (admin)")
    method, target = name.format(**names).split()
    body = filled((ADMIN if is_admin else BODIES)[name], names)
    key = {"Authorization": f"Bearer {sim.admin_token}"} if is_admin else key_of(sim)
    url = f"{sim.admin_url if is_admin else sim.url}{target}"

    def sent(content: bytes) -> bool:
        return is_refused(PLAIN.request(method, url, content=content, headers={**key, "Content-Type": JSON}))

    accepted: list[tuple[tuple[Any, ...], Any]] = []
    for path in fields(body):
        usual = of_path(body, path)
        for odd in ODD:
            was_refused = sent(json.dumps(changed(body, path, odd)).encode())
            if is_wrong(path, usual, odd) and not was_refused:
                accepted.append((path, odd))
        text = json.dumps(changed(body, path, "THIS")).encode()
        accepted += [
            (path, odd) for odd in UNUSUAL if not sent(text.replace(b'"THIS"', odd)) and odd not in {b"-1", b"null"}
        ]
    for odd in (5, "odd", [], [5], None):
        if not sent(json.dumps(odd).encode()) and not (is_admin and odd == []):
            accepted.append(((), odd))
    assert not accepted


@pytest.mark.parametrize("odd", ["x5", "c٣", "-1", "", "9" * 5000])
@pytest.mark.parametrize(
    "path",
    [
        f"/finetune/download?ft_id={LORA_JOB}&checkpoint_step=",
        f"/v2/projects/{PROJECT['id']}/models?after=",
        f"/v2/projects/{PROJECT['id']}/models?limit=",
        "/v2/supported-models?limit=",
        f"/fine-tunes/{LORA_JOB}/metrics?global_step_from=",
        f"/fine-tunes/{LORA_JOB}/metrics?resolution=",
        f"/fine-tunes/{LORA_JOB}/metrics?logged_at_to=",
    ],
)
def test_no_number_in_a_query_is_the_end_of_the_simulator(real: Simulator, path: str, odd: str) -> None:
    is_refused(PLAIN.get(f"{real.url}{path}{odd}", headers=key_of(real)))


@pytest.mark.parametrize("messages", [5, "odd", [5], [[]], {}, None, [{"content": 5}], [{"content": "\ud800"}], [{}]])
def test_no_training_file_is_the_end_of_the_simulator(sim: Simulator, messages: object) -> None:
    training_file = sim.add_file(f"{json.dumps({'messages': messages})}\n".encode())
    body = {"model": MODEL, "training_file": training_file}
    answer = PLAIN.post(f"{sim.url}/fine-tunes/preview", json=body, headers=key_of(sim))
    assert is_refused(answer) is not (isinstance(messages, list) and isinstance(messages[0], dict))


def test_a_job_without_a_readable_training_file_has_no_tokenized_dataset(sim: Simulator) -> None:
    body = {"training_file": sim.add_file(b"odd", "odd.csv"), "model": MODEL}
    made = PLAIN.post(f"{sim.url}/fine-tunes", json=body, headers=key_of(sim)).json()
    sim.advance(made["id"], to="completed")
    url = f"{sim.url}/fine-tunes/{made['id']}/download-tokenized-dataset"
    assert is_refused(PLAIN.get(url, headers=key_of(sim)))
