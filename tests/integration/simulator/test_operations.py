"""Operations of the API: jobs, events, checkpoints, cancelling and deleting."""

from __future__ import annotations

import httpx
import pytest

from together_ext.simulator import (
    DPO_JOB,
    FAILED_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    Simulator,
)
from together_ext.simulator.catalog import MODEL, TRAINING_FILE
from together_generated import AuthenticatedClient
from together_generated.api.fine_tuning import (
    cancel_fine_tune,
    create_fine_tune,
    delete_fine_tune,
    download_fine_tune,
    list_fine_tune_checkpoints,
    list_fine_tune_events,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.models import (
    DownloadCheckpoint,
    FinetuneCreateRequest,
    FinetuneEventType,
    FinetuneJobStatus,
    FinetuneResponse,
    FullTrainingType,
    LoRATrainingType,
    TrainingMethodDPO,
)

from .asking import MERGED, PLAIN, SMALL, download, key_of


class TestOperations:
    """The eight operations, through the generated functions."""

    def test_list_has_every_kind_of_job(self, real_api: AuthenticatedClient) -> None:
        """Completed, running and failed; LoRA and full; SFT and DPO."""
        answer = list_fine_tunes.sync(client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        jobs = {job.id: job for job in answer.data}
        assert {job_id: jobs[job_id].status for job_id in (LORA_JOB, FULL_JOB, DPO_JOB, RUNNING_JOB, FAILED_JOB)} == {
            LORA_JOB: FinetuneJobStatus.COMPLETED,
            FULL_JOB: FinetuneJobStatus.COMPLETED,
            DPO_JOB: FinetuneJobStatus.COMPLETED,
            RUNNING_JOB: FinetuneJobStatus.RUNNING,
            FAILED_JOB: FinetuneJobStatus.ERROR,
        }
        assert isinstance(jobs[FULL_JOB].training_type, FullTrainingType)
        assert isinstance(jobs[LORA_JOB].training_type, LoRATrainingType)
        assert isinstance(jobs[DPO_JOB].training_method, TrainingMethodDPO)

    def test_retrieve_returns_all_fields(self, real: Simulator, real_api: AuthenticatedClient) -> None:
        """Every field of the specification is there, with the types that real servers send."""
        job = retrieve_fine_tune.sync(LORA_JOB, client=real_api)
        assert isinstance(job, FinetuneResponse)
        assert job.model_output_name == "acme-research/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"
        assert job.batch_size == "max"
        assert isinstance(job.total_price, float)
        raw = PLAIN.get(f"{real.url}/fine-tunes/{LORA_JOB}", headers=key_of(real)).json()
        assert set(raw) == set(FinetuneResponse.from_dict(raw).to_dict())
        assert not FinetuneResponse.from_dict(raw).additional_properties
        assert "." in raw["created_at"]

    def test_events_come_in_order(self, real_api: AuthenticatedClient) -> None:
        """From the request to the end."""
        answer = list_fine_tune_events.sync(LORA_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        types = [event.type_ for event in answer.data]
        assert types[0] == FinetuneEventType.JOB_PENDING
        assert types.count(FinetuneEventType.CHECKPOINT_SAVE) == 3
        assert types[-1] == FinetuneEventType.JOB_COMPLETE

    def test_an_old_server_has_upper_case_types_and_no_levels(self, real_api: AuthenticatedClient) -> None:
        """The full job's events have upper-case types and null for a level."""
        answer = list_fine_tune_events.sync(FULL_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert answer.data[0].type_ == "JOB_PENDING"
        assert answer.data[0].level is None

    def test_a_failed_job_has_a_reason(self, real_api: AuthenticatedClient) -> None:
        """In its last event."""
        answer = list_fine_tune_events.sync(FAILED_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert answer.data[-1].type_ == FinetuneEventType.JOB_ERROR
        assert "line 118" in str(answer.data[-1].message)

    @pytest.mark.parametrize(
        ("job_id", "steps"),
        [
            (LORA_JOB, [(250, False), (500, False), (750, False), (1000, True)]),
            (FULL_JOB, [(100, False), (200, True)]),
            (DPO_JOB, [(60, False), (120, True)]),
            (RUNNING_JOB, [(200, False)]),
            (FAILED_JOB, []),
        ],
    )
    def test_checkpoints_are_intermediate_or_final(
        self, real_api: AuthenticatedClient, job_id: str, steps: list[tuple[int, bool]]
    ) -> None:
        """The steps that the package promises."""
        answer = list_fine_tune_checkpoints.sync(job_id, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert list(dict.fromkeys((item.step, item.checkpoint_type == "Final") for item in answer.data)) == steps

    def test_a_new_server_has_more_fields_of_checkpoints(self, real_api: AuthenticatedClient) -> None:
        """The DPO job's have the newer fields, and an entry for each form of the weights."""
        answer = list_fine_tune_checkpoints.sync(DPO_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert str(answer.data[0].object_name).endswith("-step-60")
        assert [item.checkpoint for item in answer.data[:2]] == ["model", "adapter"]
        assert answer.data[1].object_id not in {answer.data[0].object_id, None}

    def test_a_created_job_runs_to_its_end(self, sim: Simulator, api: AuthenticatedClient) -> None:
        """From pending to completed, with checkpoints on the way and weights at the end."""
        body = FinetuneCreateRequest(training_file=TRAINING_FILE, model=MODEL, suffix="mine", n_checkpoints=2)
        job = create_fine_tune.sync(client=api, body=body)
        assert job is not None
        assert job.status == FinetuneJobStatus.PENDING
        assert str(job.model_output_name).startswith("acme-research/Meta-Llama-3.1-8B-Instruct-Reference-mine-")
        states = [sim.advance(job.id) for _ in range(6)]
        assert states == ["queued", "running", "compressing", "uploading", "completed", "completed"]
        assert [item.step for item in sim.job(job.id).checkpoints] == [500, 1000]
        assert download(sim, ft_id=job.id, checkpoint="adapter").status_code == 200

    def test_a_job_can_be_moved_to_a_state(self, sim: Simulator) -> None:
        """Or as far as it goes."""
        assert sim.advance(RUNNING_JOB, to="uploading") == "uploading"
        assert sim.advance(RUNNING_JOB, to="no such state") == "completed"
        assert sim.advance(sim.add_job(status="hibernating"), to="completed") == "hibernating"

    def test_cancel_is_requested_first(self, sim: Simulator, api: AuthenticatedClient) -> None:
        """The job ends at its next step."""
        job = cancel_fine_tune.sync(RUNNING_JOB, client=api)
        assert job is not None
        assert job.status == FinetuneJobStatus.CANCEL_REQUESTED
        assert sim.advance(RUNNING_JOB) == "cancelled"

    def test_a_deleted_job_no_longer_exists(self, sim: Simulator, api: AuthenticatedClient, http: httpx.Client) -> None:
        """From each operation."""
        answer = delete_fine_tune.sync(LORA_JOB, client=api)
        assert answer is not None
        assert LORA_JOB in str(answer.message)
        assert http.get(f"/fine-tunes/{LORA_JOB}").status_code == 404
        assert http.get("/finetune/download", params=MERGED).status_code == 404
        assert LORA_JOB not in {job["id"] for job in http.get("/fine-tunes").json()["data"]}
        with pytest.raises(KeyError):
            sim.job(LORA_JOB)

    def test_download_through_the_generated_client(self, api: AuthenticatedClient) -> None:
        """The whole archive."""
        answer = download_fine_tune.sync_detailed(client=api, ft_id=LORA_JOB, checkpoint=DownloadCheckpoint.MERGED)
        assert answer.content == SMALL

    def test_the_version_in_the_path_is_optional(self, sim: Simulator) -> None:
        """Base URLs of both kinds work; the record distinguishes them."""
        headers = key_of(sim)
        for base in (sim.url, sim.url.removesuffix("/v1")):
            assert PLAIN.get(f"{base}/fine-tunes", headers=headers).status_code == 200
        assert [request.path for request in sim.requests] == ["/fine-tunes", "/fine-tunes"]
        assert [request.target for request in sim.requests] == ["/v1/fine-tunes", "/fine-tunes"]
