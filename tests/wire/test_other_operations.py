"""Metrics, limits, prices, files, chat and endpoints: what is sent, and answers of every kind that parse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import attrs
import pytest

from together_generated import models
from together_generated.api.account import whoami
from together_generated.api.chat import create_chat_completion
from together_generated.api.endpoints import (
    create_endpoint,
    delete_endpoint,
    list_endpoints,
    retrieve_endpoint,
    update_endpoint,
)
from together_generated.api.files import delete_file, list_files, retrieve_file, retrieve_file_content, upload_file
from together_generated.api.fine_tuning import (
    estimate_fine_tune_price,
    list_fine_tune_metrics,
    list_fine_tune_models,
    preview_fine_tune,
    retrieve_fine_tune_model_limits,
    retrieve_tokenized_dataset,
)
from together_generated.api.hardware import list_hardware
from together_generated.api.registry import (
    download_model,
    list_model_files,
    list_model_revisions,
    list_models,
    retrieve_model,
)
from together_generated.types import File

from .conftest import KEY, Api
from .payloads import (
    COMPLETION,
    ENDPOINT,
    FILE,
    HARDWARE,
    LIMITS,
    MODEL,
    MODEL_DOWNLOAD,
    MODELS,
    PREVIEW,
    PRICE,
    REVISION_FILES,
    REVISIONS,
    TOKENIZED_DATASET,
    WHO_AM_I,
)
from .semantics import Json, meaning

WHOLE: dict[type[Any], dict[str, Json]] = {
    models.FileObject: FILE,
    models.Endpoint: ENDPOINT,
    models.Hardware: HARDWARE,
    models.ChatCompletion: COMPLETION,
    models.FinetuneModelLimits: LIMITS,
    models.FinetunePriceEstimate: PRICE,
    models.WhoAmI: WHO_AM_I,
    models.RegistryModel: MODEL,
    models.RegistryModelList: MODELS,
    models.RevisionList: REVISIONS,
    models.RevisionFileList: REVISION_FILES,
    models.ModelDownload: MODEL_DOWNLOAD,
    models.TokenizedDataset: TOKENIZED_DATASET,
    models.FinetunePreview: PREVIEW,
}
EACH = pytest.mark.parametrize(("model", "payload"), WHOLE.items(), ids=[kind.__name__ for kind in WHOLE])


@EACH
def test_a_response_is_written_back_unchanged_without_unknown_fields(
    model: type[Any], payload: dict[str, Json]
) -> None:
    found = model.from_dict(payload)
    assert meaning(found.to_dict()) == meaning(payload)
    assert found.additional_keys == []
    assert {field.name for field in attrs.fields(model) if field.init} == {
        "type_" if name == "type" else "object_" if name == "object" else _attribute(name) for name in payload
    }


def _attribute(name: str) -> str:
    if name == "bytes":
        return "bytes_"
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


@EACH
@pytest.mark.parametrize("odd", [None, "odd", 7, [], {"new": True}])
def test_no_field_but_the_id_can_break_a_response(model: type[Any], payload: dict[str, Json], odd: Json) -> None:
    for name in payload:
        if name != "id" or model is models.ChatCompletion:
            model.from_dict({**payload, name: odd})
    model.from_dict({"id": "x", "brand_new": odd})


def ask(api: Api, endpoint: Any, *args: object, **keywords: object) -> Any:  # noqa: ANN401 -- of any operation
    """Call a generated function of any kind."""
    anything: Any = api
    return anything.call(endpoint, *args, **keywords)


# What is sent ---------------------------------------------------------------------------------------------------------

CALLS: dict[str, tuple[Callable[[Api], object], str, str, Json]] = {
    "metrics": (
        lambda api: ask(
            api,
            list_fine_tune_metrics,
            "ft-1",
            client=api.client,
            body=models.FinetuneMetricsFilter(global_step_from=5),
        ),
        "GET",
        "/v1/fine-tunes/ft-1/metrics",
        {"global_step_from": 5},
    ),
    "price": (
        lambda api: ask(
            api, estimate_fine_tune_price, client=api.client, body=models.FinetunePriceRequest(training_file="f")
        ),
        "POST",
        "/v1/fine-tunes/estimate-price",
        {"training_file": "f"},
    ),
    "models": (
        lambda api: ask(api, list_fine_tune_models, client=api.client),
        "GET",
        "/v1/fine-tunes/models/supported",
        None,
    ),
    "limits": (
        lambda api: ask(api, retrieve_fine_tune_model_limits, client=api.client, model_name="a/b"),
        "GET",
        "/v1/fine-tunes/models/limits?model_name=a%2Fb",
        None,
    ),
    "files": (lambda api: ask(api, list_files, client=api.client), "GET", "/v1/files", None),
    "file": (lambda api: ask(api, retrieve_file, "file-1", client=api.client), "GET", "/v1/files/file-1", None),
    "delete file": (lambda api: ask(api, delete_file, "file-1", client=api.client), "DELETE", "/v1/files/file-1", None),
    "chat": (
        lambda api: ask(
            api,
            create_chat_completion,
            client=api.client,
            body=models.ChatCompletionRequest.from_dict(
                {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
            ),
        ),
        "POST",
        "/v1/chat/completions",
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    ),
    "endpoints": (
        lambda api: ask(api, list_endpoints, client=api.client, mine=True),
        "GET",
        "/v1/endpoints?mine=true",
        None,
    ),
    "create endpoint": (
        lambda api: ask(
            api,
            create_endpoint,
            client=api.client,
            body=models.EndpointCreateRequest("m", "h", models.Autoscaling(1, 2), inactive_timeout=None),
        ),
        "POST",
        "/v1/endpoints",
        {
            "model": "m",
            "hardware": "h",
            "autoscaling": {"min_replicas": 1, "max_replicas": 2},
            "inactive_timeout": None,
        },
    ),
    "endpoint": (lambda api: ask(api, retrieve_endpoint, "e-1", client=api.client), "GET", "/v1/endpoints/e-1", None),
    "update endpoint": (
        lambda api: ask(
            api,
            update_endpoint,
            "e-1",
            client=api.client,
            body=models.EndpointUpdateRequest(state=models.EndpointTarget.STOPPED),
        ),
        "PATCH",
        "/v1/endpoints/e-1",
        {"state": "STOPPED"},
    ),
    "hardware": (
        lambda api: ask(api, list_hardware, client=api.client, model="a/b"),
        "GET",
        "/v1/hardware?model=a%2Fb",
        None,
    ),
    "tokenized dataset": (
        lambda api: ask(api, retrieve_tokenized_dataset, "ft-1", client=api.client),
        "GET",
        "/v1/fine-tunes/ft-1/download-tokenized-dataset",
        None,
    ),
    "preview": (
        lambda api: ask(
            api, preview_fine_tune, client=api.client, body=models.FinetunePreviewRequest("m", "file-1", top_k=3)
        ),
        "POST",
        "/v1/fine-tunes/preview",
        {"model": "m", "training_file": "file-1", "top_k": 3},
    ),
    # The address of these begins at the root of the server: the base URL of a plain generated client is without `/v1`.
    "whoami": (lambda api: ask(api, whoami, client=api.client), "GET", "/v1/v3/whoami", None),
    "list models": (
        lambda api: ask(api, list_models, "p-1", client=api.client, after="c 2", limit=7),
        "GET",
        "/v1/v2/projects/p-1/models?after=c+2&limit=7",
        None,
    ),
    "model": (
        lambda api: ask(api, retrieve_model, "p-1", "acme/Model", client=api.client),
        "GET",
        "/v1/v2/projects/p-1/models/acme%2FModel",
        None,
    ),
    "revisions": (
        lambda api: ask(api, list_model_revisions, "p-1", "ml_1", client=api.client),
        "GET",
        "/v1/v2/projects/p-1/models/ml_1/revisions",
        None,
    ),
    "model files": (
        lambda api: ask(api, list_model_files, "p-1", "ml_1", client=api.client, revision_id="rv_1"),
        "GET",
        "/v1/v2/projects/p-1/models/ml_1/files?revisionId=rv_1",
        None,
    ),
    "download model": (
        lambda api: ask(
            api, download_model, "p-1", client=api.client, body=models.ModelDownloadRequest("ml_1", "rv_1", [])
        ),
        "POST",
        "/v1/v2/projects/p-1/models/download",
        {"objectId": "ml_1", "revisionId": "rv_1", "paths": []},
    ),
}


@pytest.mark.parametrize(("call", "method", "address", "body"), CALLS.values(), ids=CALLS)
def test_each_operation_requests_its_address_with_the_key(
    api: Api, call: Callable[[Api], object], method: str, address: str, body: Json
) -> None:
    api.answer({"id": "x"})
    call(api)
    assert (api.request.method, api.address) == (method, address)
    assert api.request.headers.getlist("Authorization") == [f"Bearer {KEY}"]
    sent = api.request.get_data()
    assert (json.loads(sent) if sent else None) == body


def test_an_upload_has_its_parts(api: Api) -> None:
    api.answer(FILE)
    content = b'{"text": "--+++"}\r\n--+++\r\n'
    body = models.FileUpload(
        models.FilePurpose.FINE_TUNE, "train.jsonl", File(BytesIO(content), "train.jsonl"), models.FileType.JSONL
    )
    found = ask(api, upload_file, client=api.client, body=body)
    assert found.id == "file-5e1fd3c2"
    form = api.request.form
    assert (form["purpose"], form["file_name"], form["file_type"]) == ("fine-tune", "train.jsonl", "jsonl")
    with api.request.files["file"].stream as sent:
        assert sent.read() == content


def test_the_content_of_a_file_is_returned_unchanged(api: Api) -> None:
    api.answer_bytes(b"\x00\xffdata", content_type="application/octet-stream")
    found = ask(api, retrieve_file_content, "file-1", client=api.client)
    assert found.payload.read() == b"\x00\xffdata"
    assert api.address == "/v1/files/file-1/content"


def test_the_deletion_of_an_endpoint_has_an_empty_response(api: Api) -> None:
    api.answer_bytes(b"", status=204, content_type="text/plain")
    if api._runner is None:
        answer = delete_endpoint.sync_detailed("e-1", client=api.client)
    else:
        answer = api._runner.run(delete_endpoint.asyncio_detailed("e-1", client=api.client))
    assert (answer.status_code, answer.parsed) == (204, None)
    assert (api.request.method, api.address) == ("DELETE", "/v1/endpoints/e-1")
