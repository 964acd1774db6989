# Mistakes of users: mypy --strict and pyright must report each line that ends in "# error", and no other.
from together_ext import AsyncTogether, DownloadOptions, DownloadResult, Job, JobParameters, Together, Togther  # error
from together_ext.bulk import jobs


def a_typo_in_a_type(client: Together) -> None:
    client.fine_tuning.download("ft-1", checkpoint_type="adaptor")  # error


async def a_typo_in_a_type_async(client: AsyncTogether) -> None:
    await client.fine_tuning.download("ft-1", checkpoint_type="merge")  # error


def a_type_as_any_text(client: Together, kind: str) -> None:
    client.fine_tuning.download("ft-1", checkpoint_type=kind)  # error


def a_typo_in_a_keyword_of_download(client: Together) -> None:
    client.fine_tuning.download("ft-1", checkpoint_typ="adapter")  # error


async def a_typo_in_a_keyword_of_download_async(client: AsyncTogether) -> None:
    await client.fine_tuning.download("ft-1", ouput="models/")  # error


def a_step_as_text(client: Together) -> None:
    client.fine_tuning.download("ft-1", checkpoint_step="500")  # error


def an_output_as_a_positional_argument(client: Together) -> None:
    client.fine_tuning.download("ft-1", "models/")  # error


def no_job_to_download(client: Together) -> None:
    client.fine_tuning.download(output="models/")  # error


def a_wrong_callback(client: Together) -> None:
    client.fine_tuning.download("ft-1", progress="bar")  # error


def a_download_that_is_not_awaited(client: AsyncTogether) -> str:
    return client.fine_tuning.download("ft-1").filename  # error


def a_field_that_a_result_does_not_have(result: DownloadResult) -> None:
    print(result.path)  # error


def a_changed_result(result: DownloadResult) -> None:
    result.size = 0  # error


def wrong_options() -> DownloadOptions:
    return {"checkpoint_type": "lora"}  # error


def a_typo_in_a_type_of_a_stream(client: Together) -> None:
    client.fine_tuning.open("ft-1", checkpoint_type="adaptor")  # error


async def a_stream_that_is_awaited(client: AsyncTogether) -> None:
    await client.fine_tuning.open("ft-1")  # error


def a_typo_in_a_keyword_of_a_stream(client: Together) -> None:
    client.fine_tuning.open("ft-1", windows=1 << 20)  # error


def a_typo_in_a_keyword_of_many_downloads(client: Together) -> None:
    client.fine_tuning.download_many(["ft-1"], output="models/", paralell=2)  # error


def a_typo_in_the_type_of_many_downloads(client: Together) -> None:
    client.fine_tuning.download_many(["ft-1"], checkpoint_type="lora")  # error


def numbers_as_names(client: Together) -> None:
    client.fine_tuning.download_many([1, 2])  # error


def a_result_that_may_be_missing(client: Together) -> list[str]:
    return [outcome.result.filename for outcome in client.fine_tuning.download_many(["ft-1"])]  # error


async def many_downloads_of_an_async_client_in_a_plain_loop(client: AsyncTogether) -> None:
    for outcome in client.fine_tuning.download_many(["ft-1"]):  # error
        print(outcome)


def an_unknown_source(client: Together) -> None:
    client.fine_tuning.download("ft-1", extract=True, source="cache")  # error


def a_setting_that_is_no_text(client: Together) -> None:
    client.fine_tuning.download("ft-1", storage_options={"allow_http": True})  # error


def a_typo_in_a_selection() -> None:
    jobs(stauts="completed")  # error


def a_typo_in_a_setting_of_a_client() -> None:
    Together(apikey="key")  # error


async def an_async_client_in_a_plain_block() -> None:
    with AsyncTogether() as client:  # error
        print(client)


def a_typo_in_a_keyword_of_wait(client: Together) -> None:
    client.fine_tuning.wait("ft-1", pol_interval=5)  # error


def a_callback_that_takes_too_much(client: Together) -> None:
    client.fine_tuning.wait("ft-1", on_update=lambda job, step: print(job, step))  # error


def a_typo_in_a_keyword_of_a_conversation(client: Together) -> None:
    client.chat.completions.create(model="m", messages=[], temprature=0.2)  # error


def a_conversation_as_text(client: Together) -> None:
    client.chat.completions.create(model="m", messages="Hello")  # error


def a_typo_in_a_keyword_of_a_model(client: Together) -> None:
    client.models.download("ml_1", revison="rv_1")  # error


def a_typo_in_a_keyword_of_create(client: Together) -> None:
    client.fine_tuning.create(training_file="file-1", model="m", epochs=3)  # error


async def a_typo_in_a_keyword_of_create_async(client: AsyncTogether) -> None:
    await client.fine_tuning.create(training_file="file-1", model="m", n_epoch=3)  # error


def a_job_without_a_file(client: Together) -> None:
    client.fine_tuning.create(model="m")  # error


def a_number_as_text(client: Together) -> None:
    client.fine_tuning.create(training_file="file-1", model="m", n_epochs="3")  # error


def an_unknown_method(client: Together) -> None:
    client.fine_tuning.create(training_file="file-1", model="m", training_method="ppo")  # error


def an_unknown_scheduler(client: Together) -> None:
    client.fine_tuning.create(training_file="file-1", model="m", lr_scheduler_type="cosin")  # error


def a_typo_in_parameters() -> JobParameters:
    return {"training_file": "file-1", "modle": "m"}  # error


def a_price_of_an_unknown_batch_size(client: Together) -> None:
    client.fine_tuning.estimate_price(training_file="file-1", model="m", batch_size="min")  # error


def a_name_that_may_be_missing(client: Together) -> str:
    return Job.of(client.fine_tuning.retrieve("ft-1")).model_output_name  # error


def a_changed_job(job: Job) -> None:
    job.status = "completed"  # error


def a_typo_in_a_field_of_a_job(job: Job) -> None:
    print(job.state)  # error


def a_timeout_as_text(client: Together) -> None:
    client.fine_tuning.wait("ft-1", timeout="1h")  # error


def an_unknown_mode(client: Together) -> None:
    client.fine_tuning.best_checkpoint("ft-1", mode="lowest")  # error


def an_unknown_form(client: Together) -> None:
    client.fine_tuning.content("ft-1", checkpoint="default")  # error


def an_unknown_purpose(client: Together) -> None:
    client.files.upload("train.jsonl", purpose="finetune")  # error


async def an_unknown_purpose_async(client: AsyncTogether) -> None:
    await client.files.upload("train.jsonl", purpose="training")  # error


def an_unknown_state(client: Together) -> None:
    client.endpoints.update("endpoint-1", state="stopped")  # error


def an_unknown_kind(client: Together) -> None:
    client.endpoints.list(type="shared")  # error


def a_conversation_without_a_model(client: Together) -> None:
    client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}])  # error


async def a_streamed_conversation_async(client: AsyncTogether) -> None:
    await client.chat.completions.create(model="m", messages=[], stream="yes")  # error


def a_method_that_does_not_exist(client: Together) -> None:
    client.fine_tuning.stop("ft-1")  # error


def events_of_an_async_client_in_a_plain_loop(client: AsyncTogether) -> None:
    for event in client.fine_tuning.follow_events("ft-1"):  # error
        print(event)
