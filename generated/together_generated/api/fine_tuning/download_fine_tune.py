from http import HTTPStatus
from io import BytesIO
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.download_checkpoint import DownloadCheckpoint
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    ft_id: str,
    checkpoint_step: int | Unset = UNSET,
    checkpoint: DownloadCheckpoint | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["ft_id"] = ft_id

    params["checkpoint_step"] = checkpoint_step

    json_checkpoint: str | Unset = UNSET
    if not isinstance(checkpoint, Unset):
        json_checkpoint = checkpoint.value

    params["checkpoint"] = json_checkpoint

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/finetune/download",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> File | None:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[File]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    ft_id: str,
    checkpoint_step: int | Unset = UNSET,
    checkpoint: DownloadCheckpoint | Unset = UNSET,
) -> Response[File]:
    """Download weights

     A compressed archive of a job's final weights or of one checkpoint. Some deployments redirect to a
    signed storage URL. Errors: 400 for invalid parameters, 404 for a job that is not found.

    Args:
        ft_id (str):
        checkpoint_step (int | Unset):
        checkpoint (DownloadCheckpoint | Unset): The form of the weights to download: a LoRA job
            has `merged` and `adapter`, a full job `model_output_path`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File]
    """

    kwargs = _get_kwargs(
        ft_id=ft_id,
        checkpoint_step=checkpoint_step,
        checkpoint=checkpoint,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    ft_id: str,
    checkpoint_step: int | Unset = UNSET,
    checkpoint: DownloadCheckpoint | Unset = UNSET,
) -> File | None:
    """Download weights

     A compressed archive of a job's final weights or of one checkpoint. Some deployments redirect to a
    signed storage URL. Errors: 400 for invalid parameters, 404 for a job that is not found.

    Args:
        ft_id (str):
        checkpoint_step (int | Unset):
        checkpoint (DownloadCheckpoint | Unset): The form of the weights to download: a LoRA job
            has `merged` and `adapter`, a full job `model_output_path`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File
    """

    return sync_detailed(
        client=client,
        ft_id=ft_id,
        checkpoint_step=checkpoint_step,
        checkpoint=checkpoint,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    ft_id: str,
    checkpoint_step: int | Unset = UNSET,
    checkpoint: DownloadCheckpoint | Unset = UNSET,
) -> Response[File]:
    """Download weights

     A compressed archive of a job's final weights or of one checkpoint. Some deployments redirect to a
    signed storage URL. Errors: 400 for invalid parameters, 404 for a job that is not found.

    Args:
        ft_id (str):
        checkpoint_step (int | Unset):
        checkpoint (DownloadCheckpoint | Unset): The form of the weights to download: a LoRA job
            has `merged` and `adapter`, a full job `model_output_path`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File]
    """

    kwargs = _get_kwargs(
        ft_id=ft_id,
        checkpoint_step=checkpoint_step,
        checkpoint=checkpoint,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    ft_id: str,
    checkpoint_step: int | Unset = UNSET,
    checkpoint: DownloadCheckpoint | Unset = UNSET,
) -> File | None:
    """Download weights

     A compressed archive of a job's final weights or of one checkpoint. Some deployments redirect to a
    signed storage URL. Errors: 400 for invalid parameters, 404 for a job that is not found.

    Args:
        ft_id (str):
        checkpoint_step (int | Unset):
        checkpoint (DownloadCheckpoint | Unset): The form of the weights to download: a LoRA job
            has `merged` and `adapter`, a full job `model_output_path`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File
    """

    return (
        await asyncio_detailed(
            client=client,
            ft_id=ft_id,
            checkpoint_step=checkpoint_step,
            checkpoint=checkpoint,
        )
    ).parsed
