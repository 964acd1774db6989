# Code as users write it: mypy --strict and pyright must accept each function.
import argparse
import dataclasses
import tarfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Unpack

import httpx

from together_ext import (
    AsyncTogether,
    BestCheckpoint,
    Checkpoint,
    CheckpointType,
    DownloadCheckpointType,
    DownloadOptions,
    DownloadProgress,
    DownloadResult,
    Job,
    JobFailedError,
    JobNotReadyError,
    JobParameters,
    Limits,
    RuleError,
    Together,
    WaitTimeoutError,
    token_count,
    verify,
)
from together_ext.bulk import DownloadPlan, Outcome, all_checkpoints, jobs


def a_client_with_defaults() -> Together:
    return Together()


def a_client_with_settings(http_client: httpx.Client) -> Together:
    return Together("key", "https://host.example/v1", timeout=30, max_retries=0, http_client=http_client)


def a_client_as_a_context_manager() -> list[str]:
    with Together(api_key="key", call_timeout=20.0) as client:
        return client.fine_tuning.list_models()


async def an_async_client_as_a_context_manager(http_client: httpx.AsyncClient) -> list[str]:
    async with AsyncTogether(api_key="key", http_client=http_client) as client:
        return await client.fine_tuning.list_models()


def the_jobs(client: Together) -> list[str]:
    return [job.id for job in client.fine_tuning.list().data]


async def the_jobs_async(client: AsyncTogether) -> list[str]:
    return [job.id for job in (await client.fine_tuning.list()).data]


def the_newest_job(client: Together) -> str:
    return client.fine_tuning.list().data[0].id


def jobs_as_one_type(client: Together) -> list[Job]:
    return [Job.of(job) for job in client.fine_tuning.list().data]


def the_name_of_the_model(client: Together) -> str:
    job = Job.of(client.fine_tuning.retrieve("ft-1"))
    if job.model_output_name is None:
        raise ValueError(job.status)
    return job.model_output_name


async def the_name_of_the_model_async(client: AsyncTogether) -> str | None:
    return Job.of(await client.fine_tuning.retrieve("ft-1")).model_output_name


def a_status_compared(client: Together) -> bool:
    return client.fine_tuning.retrieve("ft-1").status == "completed"


def the_age_of_a_job(job: Job) -> timedelta | None:
    return None if job.created_at is None else datetime.now(UTC) - job.created_at


def jobs_by_status(client: Together) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for job in client.fine_tuning.list().data:
        found.setdefault(Job.of(job).status or "unknown", []).append(job.id)
    return found


def a_job_as_a_dictionary(client: Together) -> dict[str, Any]:
    return client.fine_tuning.retrieve("ft-1").to_dict()


async def a_job_as_a_response_of_a_handler(client: AsyncTogether) -> dict[str, Any]:
    return dataclasses.asdict(Job.of(await client.fine_tuning.retrieve("ft-1")))


def all_jobs_as_dictionaries(client: Together) -> Iterator[dict[str, Any]]:
    return client.fine_tuning.list().documents()


def a_created_job(client: Together) -> Job:
    return Job.of(client.fine_tuning.create(training_file="file-1", model="meta-llama/Meta-Llama-3-8B", n_epochs=3))


async def a_created_job_async(client: AsyncTogether) -> str:
    job = await client.fine_tuning.create(
        training_file="file-1", model="m", batch_size="max", train_on_inputs="auto", lora=True, lora_r=16
    )
    return job.id


def a_job_with_preferences(client: Together) -> str:
    return client.fine_tuning.create(training_file="file-1", model="m", training_method="dpo", dpo_beta=0.1).id


def a_job_from_parameters(client: Together) -> str:
    parameters: JobParameters = {"training_file": "file-1", "model": "m", "learning_rate": 1e-5}
    return client.fine_tuning.create(**parameters).id


def a_wrapper_of_create(client: Together, **parameters: Unpack[JobParameters]) -> str:
    return client.fine_tuning.create(**parameters).id


def a_price(client: Together) -> float:
    estimate = client.fine_tuning.estimate_price(training_file="file-1", model="m", n_epochs=3)
    return estimate.estimated_total_price or 0.0


async def a_price_async(client: AsyncTogether) -> bool:
    return bool((await client.fine_tuning.estimate_price(training_file="file-1", model="m")).allowed_to_proceed)


def a_cancelled_job(client: Together) -> Job:
    return Job.of(client.fine_tuning.cancel("ft-1"))


def a_job_waited_for(client: Together) -> Job:
    return Job.of(client.fine_tuning.wait("ft-1", timeout=3600, poll_interval=5))


def a_job_with_updates(client: Together) -> str:
    return client.fine_tuning.wait("ft-1", on_update=lambda job: print(job.id, job.status)).id


async def a_job_waited_for_async(client: AsyncTogether) -> str:
    return (await client.fine_tuning.wait("ft-1", 60)).id


def a_failure_of_a_job(client: Together) -> str:
    try:
        client.fine_tuning.wait("ft-1")
    except JobFailedError as error:
        return f"{Job.of(error.job).status}: {error}"
    except WaitTimeoutError as error:
        return Job.of(error.job).id
    return ""


def the_events(client: Together) -> list[str]:
    return [f"{event.created_at} {event.message}" for event in client.fine_tuning.list_events("ft-1").data]


def the_followed_events(client: Together) -> None:
    for event in client.fine_tuning.follow_events("ft-1", poll_interval=2):
        print(event.message)


async def the_followed_events_async(client: AsyncTogether) -> None:
    async for event in client.fine_tuning.follow_events("ft-1"):
        print(event.message)


def the_checkpoints(client: Together) -> list[Checkpoint]:
    return [found for found in client.fine_tuning.list_checkpoints("ft-1") if found.step > 100]


async def the_checkpoints_async(client: AsyncTogether) -> list[int]:
    return [found.step for found in await client.fine_tuning.list_checkpoints("ft-1")]


def the_metrics(client: Together) -> list[Any]:
    found = client.fine_tuning.list_metrics("ft-1", global_step_from=10, logged_at_from="2026-01-31T12:00:00Z")
    return [item["train/loss"] for item in found.metrics]


def the_metrics_of_a_day(client: Together, day: datetime) -> int:
    return len(client.fine_tuning.list_metrics("ft-1", logged_at_from=day, logged_at_to=day).metrics)


def the_best_checkpoint(client: Together) -> BestCheckpoint:
    return client.fine_tuning.best_checkpoint("ft-1", "train_loss", mode="min")


async def the_best_checkpoint_async(client: AsyncTogether) -> str:
    return (await client.fine_tuning.best_checkpoint("ft-1", mode="max")).checkpoint.name


def a_download(client: Together) -> DownloadResult:
    return client.fine_tuning.download("ft-1:500", output="models/", checkpoint_type="adapter")


async def a_download_async(client: AsyncTogether) -> DownloadResult:
    return await client.fine_tuning.download("ft-1:500", output=Path("models"), checkpoint_type="adapter")


def a_download_with_the_enum(client: Together) -> DownloadResult:
    return client.fine_tuning.download("ft-1", checkpoint_type=CheckpointType.MERGED)


def a_download_with_the_enum_of_the_official_client(client: Together) -> DownloadResult:
    return client.fine_tuning.download("ft-1", checkpoint_type=DownloadCheckpointType.ADAPTER)


def a_download_with_a_type_from_the_command_line(client: Together) -> DownloadResult:
    parser = argparse.ArgumentParser()
    parser.add_argument("--type", type=CheckpointType, default=CheckpointType.DEFAULT)
    kind: CheckpointType = parser.parse_args().type
    return client.fine_tuning.download("ft-1", checkpoint_type=kind)


def a_download_with_progress(client: Together) -> DownloadResult:
    def show(progress: DownloadProgress) -> None:
        print(progress.state)

    return client.fine_tuning.download("ft-1", progress=show)


def an_extracted_download(client: Together) -> str:
    result = client.fine_tuning.download(
        "ft-1",
        extract=True,
        keep_archive=True,
        base_model="org/name",
        limits=Limits(),
        lock_timeout=5,
        spool=None,
        durable=False,
    )
    return result.extracted_to or result.filename


def a_download_with_limits(client: Together) -> int:
    return client.fine_tuning.download("ft-1", connections=4, limit_rate=1e6, overwrite=True).size


def a_wrapper_of_download(client: Together, name: str, **options: Unpack[DownloadOptions]) -> DownloadResult:
    return client.fine_tuning.download(name, **options)


def a_download_of_each_checkpoint(client: Together) -> list[str]:
    return [client.fine_tuning.download(found.name).filename for found in client.fine_tuning.list_checkpoints("ft-1")]


def what_a_download_returned(result: DownloadResult) -> tuple[str, int | None, str | None]:
    return result.id, result.checkpoint_step, result.sha256


def a_job_that_is_not_ready(client: Together) -> str:
    try:
        return client.fine_tuning.download("ft-1").filename
    except JobNotReadyError as error:
        return error.status
    except RuleError as error:
        return str(error)


def many_downloads(client: Together) -> dict[str, str]:
    found: dict[str, str] = {}
    for outcome in client.fine_tuning.download_many(["ft-1", "ft-2:best"], output="models/", parallel=2, extract=True):
        if outcome.result is None:
            print(f"{outcome.name}: {outcome.error} after {outcome.seconds:.1f} s")
        else:
            found[outcome.name] = outcome.result.filename
    return found


def many_downloads_of_selections(client: Together) -> int:
    chosen = client.fine_tuning.download_many([all_checkpoints("ft-1"), jobs(suffix="prod"), "ft-2"], output="models/")
    return sum(outcome.result is not None for outcome in chosen)


def many_downloads_in_processes(client: Together) -> list[Outcome[DownloadResult]]:
    with ProcessPoolExecutor(4) as pool:
        return list(client.fine_tuning.download_many("ft-1", output="s3://bucket/", executor=pool))


async def many_downloads_async(client: AsyncTogether) -> list[DownloadResult]:
    outcomes = client.fine_tuning.download_many(["ft-1"], output=Path("models"), checkpoint_type="merged")
    return [outcome.result async for outcome in outcomes if outcome.result is not None]


def a_plan(client: Together) -> int:
    plan: DownloadPlan = client.fine_tuning.plan_downloads(["ft-1"], output="models/")
    return sum(entry.size or 0 for entry in plan.entries)


def a_stream_of_an_archive(client: Together) -> list[str]:
    with (
        client.fine_tuning.open("ft-1", checkpoint_type="adapter", connections=4, window=16 << 20) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        return archive.getnames()


async def a_stream_of_an_archive_async(client: AsyncTogether) -> bytes:
    async with client.fine_tuning.open("ft-1", checkpoint_type=CheckpointType.MERGED) as stream:
        return await stream.read(4)


def a_download_from_the_registry(client: Together) -> str:
    return client.fine_tuning.download("ft-1", extract=True, source="registry", output="models/").source


def raw_content(client: Together) -> bytes:
    return client.fine_tuning.content("ft-1", checkpoint="merged").content


def streamed_content(client: Together) -> int:
    with client.fine_tuning.with_streaming_response.content("ft-1", checkpoint="model_output_path") as response:
        return sum(len(part) for part in response.iter_bytes())


async def streamed_content_async(client: AsyncTogether) -> int:
    size = 0
    async with client.fine_tuning.with_streaming_response.content("ft-1") as response:
        async for part in response.aiter_bytes():
            size += len(part)
    return size


def a_streamed_conversation(client: Together) -> str:
    with client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True) as stream:
        for chunk in stream:
            print(chunk.text, chunk.choices[0].finish_reason)
    return stream.text


async def a_streamed_conversation_async(client: AsyncTogether) -> list[str]:
    messages = [{"role": "user", "content": "Hi"}]
    async with await client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
        return [chunk.text async for chunk in stream]


def an_upload(client: Together) -> str:
    return client.files.upload("train.jsonl", purpose="fine-tune").id


def an_upload_with_progress(client: Together) -> bool:
    return client.files.upload("train.jsonl", progress=lambda now: print(now.rate)).already_existed


async def an_upload_async(client: AsyncTogether) -> str:
    return (await client.files.upload(Path("eval.jsonl"), purpose="eval", check=False)).id


def the_files(client: Together) -> list[str]:
    return [file.id for file in client.files.list().data]


def a_downloaded_file(client: Together) -> Path:
    return client.files.download("file-1", "data.jsonl").path


def a_conversation(client: Together) -> str:
    messages = [{"role": "user", "content": "Hello"}]
    completion = client.chat.completions.create(model="m", messages=messages, max_tokens=10, temperature=0.0)
    return completion.text


def a_conversation_as_the_official_client_reads_it(client: Together) -> str:
    response = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])
    return response.choices[0].message.content or ""


async def a_conversation_async(client: AsyncTogether) -> int:
    completion = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}], n=2)
    return len(completion.choices)


def a_conversation_with_tools(client: Together, tools: list[dict[str, Any]]) -> str:
    completion = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hello"}], tools=tools, response_format={"type": "json_object"}
    )
    return completion.text


def an_endpoint(client: Together) -> str:
    found = client.endpoints.create(
        model="m", hardware="1x_nvidia_h100_80gb_sxm", autoscaling={"min_replicas": 1, "max_replicas": 2}
    )
    return client.endpoints.update(found.id, state="STOPPED").id


async def the_endpoints_async(client: AsyncTogether) -> list[str]:
    return [found.id for found in (await client.endpoints.list(mine=True, type="dedicated")).data]


def the_models(client: Together) -> list[str]:
    files = client.models.list_files("ml_1", revision="rv_1").data
    return [*(one.id for one in client.models.list().data), *(str(file.path) for file in files)]


def a_model(client: Together) -> tuple[str, str, str]:
    found = client.models.download("ml_1", output="out/", revision="rv_1", include=["*.json"], overwrite=True)
    return found.folder, found.verified, found.source


async def the_models_async(client: AsyncTogether) -> list[object]:
    found = await client.models.retrieve("acme/Model")
    return [
        (await client.whoami()).type_,
        *(one.revision_id for one in (await client.models.list_revisions(found.id)).data),
    ]


def tokens() -> int:
    return token_count(n_epochs=3, training_tokens=1000)


def a_verified_folder() -> bool:
    return verify("models/name").good
