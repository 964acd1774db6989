"""The examples of the older generated client, word for word, with only the imports changed.

They use `async with` where there is no function around them, and `os` without an import: a function is put around them,
and `os` is among its names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from together_ext.errors import BadRequestError
from together_ext.generated import ApiClient, Configuration, FineTuningApi
from together_ext.simulator import DOWNLOAD_PATH, FULL_JOB, LORA_JOB, RUNNING_JOB, Simulator
from together_generated import AuthenticatedClient
from together_generated.api import fine_tuning
from together_generated.api.fine_tuning import download_fine_tune
from together_generated.errors import UnexpectedStatus
from together_generated.models import FinetuneCreateRequest

HEAD = """
import together.generated
{imports}from together.generated.rest import ApiException
from pprint import pprint

# Defining the host is optional and defaults to https://api.together.xyz/v1
# See configuration.py for a list of all supported configuration parameters.
configuration = together.generated.Configuration(
    host = "https://api.together.xyz/v1"
)

# The client must configure the authentication and authorization parameters
# in accordance with the API server security policy.
# Examples for each auth method are provided below, use the example that
# satisfies your auth use case.

# Configure Bearer authorization: bearerAuth
configuration = together.generated.Configuration(
    access_token = os.environ["BEARER_TOKEN"]
)

# Enter a context with an instance of the API client
async with together.generated.ApiClient(configuration) as api_client:
    # Create an instance of the API class
    api_instance = together.generated.FineTuningApi(api_client)
{given}
    try:
        # {title}
        api_response = await api_instance.{call}
        print("The response of FineTuningApi->{name}:\\n")
        pprint(api_response)
    except Exception as e:
        print("Exception when calling FineTuningApi->{name}: %s\\n" % e)
"""

IMPORT = "from together.generated.models.{} import {}\n"
RESPONSE = IMPORT.format("finetune_response", "FinetuneResponse")
EXAMPLES = {
    "fine_tunes_get": (IMPORT.format("finetune_list", "FinetuneList"), "", "List all jobs", ""),
    "fine_tunes_id_cancel_post": (
        RESPONSE,
        "    id = 'id_example' # str | Fine-tune ID to cancel. A string that starts with `ft-`.\n",
        "Cancel job",
        "id",
    ),
    "fine_tunes_id_events_get": (
        IMPORT.format("finetune_list_events", "FinetuneListEvents"),
        "    id = 'id_example' # str |\n",
        "List job events",
        "id",
    ),
    "fine_tunes_id_get": (RESPONSE, "    id = 'id_example' # str |\n", "List job", "id"),
    "fine_tunes_post": (
        IMPORT.format("fine_tunes_post_request", "FineTunesPostRequest") + RESPONSE,
        "    fine_tunes_post_request = together.generated.FineTunesPostRequest() # FineTunesPostRequest |\n",
        "Create job",
        "fine_tunes_post_request",
    ),
    "finetune_download_get": (
        IMPORT.format("finetune_download_result", "FinetuneDownloadResult"),
        """    ft_id = 'ft_id_example' # str | Fine-tune ID to download. A string that starts with `ft-`.
    checkpoint_step = 56 # int | Specifies step number for checkpoint to download. (optional)
    checkpoint = 'checkpoint_example' # str | Specifies checkpoint type to download. (optional)
    output = 'output_example' # str | Specifies output file name for downloaded model. (optional)
""",
        "Download model",
        "ft_id, checkpoint_step=checkpoint_step, checkpoint=checkpoint, output=output",
    ),
}


@pytest.fixture(autouse=True)
def _an_account(sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.is_dir()
    monkeypatch.setenv("BEARER_TOKEN", sim.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)


def run(name: str, **replaced: str) -> None:
    """Run an example, perhaps with values in place of those that stand for them."""
    imports, given, title, arguments = EXAMPLES[name]
    code = HEAD.format(imports=imports, given=given, title=title, name=name, call=f"{name}({arguments})")
    for old, new in replaced.items():
        code = code.replace(old, new)
    code = code.replace(
        "import together.generated\n", "import together_ext as together\nimport together_ext.generated\n", 1
    )
    code = code.replace("from together.generated", "from together_ext.generated")
    names: dict[str, object] = {"os": os}
    exec(compile("async def example():\n" + textwrap.indent(code, "    "), "<documentation>", "exec"), names)  # noqa: S102
    asyncio.run(names["example"]())  # type: ignore[operator]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_runs_as_it_stands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The values in them stand for real ones, and are refused in a sentence where they mean nothing."""
    run(name)
    out = capsys.readouterr().out
    if name == "fine_tunes_get":
        assert out.startswith("The response of FineTuningApi->fine_tunes_get:")
        assert LORA_JOB in out or "FinetuneResponseTruncated" in out
    else:
        assert out.startswith(f"Exception when calling FineTuningApi->{name}: ")
        assert any(advice in out for advice in ("expected", "choose", "give", "pass"))


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("fine_tunes_id_get", {"id_example": LORA_JOB}, "FinetuneResponse("),
        ("fine_tunes_id_events_get", {"id_example": LORA_JOB}, "Job finished"),
        ("fine_tunes_id_cancel_post", {"id_example": RUNNING_JOB}, "cancel_requested"),
        ("fine_tunes_post", {"Request()": "Request(training_file='file-1', model='acme/Tiny')"}, "acme/Tiny"),
        (
            "finetune_download_get",
            {
                "ft_id_example": LORA_JOB,
                "= 56": "= 500",
                "checkpoint_example": "adapter",
                "output_example": "model.tar.zst",
            },
            "checkpoint_step=500",
        ),
    ],
)
def test_each_example_works_with_real_values(
    name: str, values: dict[str, str], said: str, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    run(name, **values)
    out = capsys.readouterr().out
    assert out.startswith(f"The response of FineTuningApi->{name}:")
    assert said in out
    assert (folder / "model.tar.zst").exists() == (name == "finetune_download_get")


@pytest.mark.parametrize("checkpoint", ["merged", "adapter", "model_output_path"])
@pytest.mark.parametrize("job", [LORA_JOB, FULL_JOB])
def test_the_checkpoint_is_sent_as_given_whatever_the_job(
    sim: Simulator, folder: Path, job: str, checkpoint: str
) -> None:
    has_it = (checkpoint == "model_output_path") == (job == FULL_JOB)
    expected = contextlib.nullcontext() if has_it else pytest.raises(BadRequestError, match=f"'{checkpoint}'")
    with expected:
        asyncio.run(_downloaded(checkpoint, job))
    assert [request.query["checkpoint"] for request in sim.requests if request.path == DOWNLOAD_PATH] == [checkpoint]
    assert len(list(folder.iterdir())) == has_it


async def _downloaded(checkpoint: str, job: str) -> None:
    async with ApiClient(Configuration(access_token=os.environ["BEARER_TOKEN"])) as api_client:
        await FineTuningApi(api_client).finetune_download_get(job, checkpoint=checkpoint)


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Configuration(access_token="secret"))


def test_the_same_six_are_typed_functions_sync_and_async(sim: Simulator) -> None:
    api = AuthenticatedClient(base_url=sim.url, token=sim.api_key, raise_on_unexpected_status=True)
    body = FinetuneCreateRequest(training_file="file-1", model="acme/Tiny")
    calls: dict[str, dict[str, Any]] = {
        "list_fine_tunes": {},
        "create_fine_tune": {"body": body},
        "retrieve_fine_tune": {"id": LORA_JOB},
        "list_fine_tune_events": {"id": LORA_JOB},
        "cancel_fine_tune": {"id": RUNNING_JOB},
        "download_fine_tune": {"ft_id": LORA_JOB, "checkpoint_step": 500},
    }
    for name, arguments in calls.items():
        module = __import__(f"{fine_tuning.__name__}.{name}", fromlist=["sync"])
        assert module.sync(client=api, **arguments) is not None
        assert asyncio.run(_asked(sim, module, arguments)) is not None
    api.get_httpx_client().close()


@pytest.mark.parametrize("follow", [False, True])
def test_the_typed_download_follows_a_redirect_only_when_told(sim: Simulator, *, follow: bool) -> None:
    """As described in docs/openapi.md, and as set in the example of the README."""
    sim.redirect_downloads = True
    with AuthenticatedClient(
        base_url=sim.url, token=sim.api_key, follow_redirects=follow, raise_on_unexpected_status=True
    ) as api:
        if not follow:
            with pytest.raises(UnexpectedStatus, match="302"):
                download_fine_tune.sync(client=api, ft_id=LORA_JOB)
            return
        found = download_fine_tune.sync(client=api, ft_id=LORA_JOB)
    assert found is not None
    assert len(found.payload.read()) == sim.archive(LORA_JOB).size


async def _asked(sim: Simulator, module: object, arguments: dict[str, Any]) -> object:
    async with AuthenticatedClient(base_url=sim.url, token=sim.api_key) as api:
        return await module.asyncio(client=api, **arguments)  # type: ignore[attr-defined]
