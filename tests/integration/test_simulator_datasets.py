"""The simulator's operations on tokenized training data, read with the typed client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from together_ext.simulator import FAILED_JOB, LORA_JOB, MODEL, TRAINING_FILE, Simulator
from together_generated import AuthenticatedClient, models
from together_generated.api.fine_tuning import preview_fine_tune, retrieve_tokenized_dataset
from together_generated.errors import UnexpectedStatus


@pytest.fixture
def api(sim: Simulator) -> Iterator[AuthenticatedClient]:
    """The typed client."""
    with AuthenticatedClient(base_url=sim.url, token=sim.api_key, raise_on_unexpected_status=True) as client:
        yield client


def preview(api: AuthenticatedClient, **wanted: object) -> models.FinetunePreview:
    """A preview of a training file."""
    fields = {"model": MODEL, "training_file": TRAINING_FILE, **wanted}
    found = preview_fine_tune.sync(client=api, body=models.FinetunePreviewRequest.from_dict(fields))
    assert found is not None
    return found


def rows(found: models.FinetunePreview) -> list[models.PreviewRow]:
    """The examples of a preview."""
    assert isinstance(found.rows, list)
    return [row for row in found.rows if isinstance(row, models.PreviewRow)]


def test_the_first_examples_are_tokenized_and_the_answers_count_for_the_loss(api: AuthenticatedClient) -> None:
    found = preview(api, top_k=2)
    first, second = rows(found)
    assert found.dataset_format is models.DatasetFormat.CONVERSATION
    assert "".join(map(str, first.tokens or [])) == "Hello?Hello!"
    assert (first.trained_spans, first.num_tokens, first.num_trained_tokens) == ([[6, 12]], 12, 6)
    assert first.labels == [-100] * 6 + list(b"Hello!")
    assert first == second


def test_prompts_count_on_request(api: AuthenticatedClient) -> None:
    assert rows(preview(api, top_k=1, train_on_inputs=True))[0].num_trained_tokens == 12


@pytest.mark.parametrize(
    ("line", "texts"),
    [('{"prompt": "a", "completion": "bc"}', (3, 2)), ('{"text": "abcd"}', (4, 4))],
)
def test_other_formats_are_tokenized(
    api: AuthenticatedClient, sim: Simulator, line: str, texts: tuple[int, int]
) -> None:
    (row,) = rows(preview(api, training_file=sim.add_file(f"{line}\n".encode())))
    assert (row.num_tokens, row.num_trained_tokens) == texts


@pytest.mark.parametrize(
    ("wanted", "status"), [({"model": "none"}, 404), ({"training_file": "file-none"}, 404), ({"model": ""}, 400)]
)
def test_a_wrong_preview_is_refused(api: AuthenticatedClient, wanted: dict[str, object], status: int) -> None:
    with pytest.raises(UnexpectedStatus) as refused:
        preview(api, **wanted)
    assert refused.value.status_code == status


def test_a_file_of_another_kind_has_no_preview(api: AuthenticatedClient, sim: Simulator) -> None:
    with pytest.raises(UnexpectedStatus) as refused:
        preview(api, training_file=sim.add_file(b"x\n"))
    assert refused.value.status_code == 400


def test_the_tokenized_dataset_of_a_completed_job_is_an_archive_at_a_presigned_url(api: AuthenticatedClient) -> None:
    found = retrieve_tokenized_dataset.sync(LORA_JOB, client=api)
    assert found is not None
    content = httpx.get(str(found.url)).content
    assert (len(content), content[:4]) == (found.size, b"\x28\xb5\x2f\xfd")
    assert found.filename == f"{LORA_JOB}-tokenized-dataset.tar.zst"


def test_a_job_that_failed_has_no_tokenized_dataset(api: AuthenticatedClient) -> None:
    with pytest.raises(UnexpectedStatus) as refused:
        retrieve_tokenized_dataset.sync(FAILED_JOB, client=api)
    assert refused.value.status_code == 404
