import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.finetune_list_metrics import FinetuneListMetrics
from ...models.finetune_metrics_filter import FinetuneMetricsFilter
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: str,
    *,
    body: FinetuneMetricsFilter | Unset = UNSET,
    global_step_from: int | Unset = UNSET,
    global_step_to: int | Unset = UNSET,
    logged_at_from: datetime.datetime | Unset = UNSET,
    logged_at_to: datetime.datetime | Unset = UNSET,
    resolution: int | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["global_step_from"] = global_step_from

    params["global_step_to"] = global_step_to

    json_logged_at_from: str | Unset = UNSET
    if not isinstance(logged_at_from, Unset):
        json_logged_at_from = logged_at_from.isoformat()
    params["logged_at_from"] = json_logged_at_from

    json_logged_at_to: str | Unset = UNSET
    if not isinstance(logged_at_to, Unset):
        json_logged_at_to = logged_at_to.isoformat()
    params["logged_at_to"] = json_logged_at_to

    params["resolution"] = resolution

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/fine-tunes/{id}/metrics".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> FinetuneListMetrics | None:
    if response.status_code == 200:
        response_200 = FinetuneListMetrics.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[FinetuneListMetrics]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: FinetuneMetricsFilter | Unset = UNSET,
    global_step_from: int | Unset = UNSET,
    global_step_to: int | Unset = UNSET,
    logged_at_from: datetime.datetime | Unset = UNSET,
    logged_at_to: datetime.datetime | Unset = UNSET,
    resolution: int | Unset = UNSET,
) -> Response[FinetuneListMetrics]:
    """List a job's metrics

     The training and evaluation metrics of a fine-tuning job, oldest first. Newer servers read the
    filters from the query; the public specification describes them as a JSON body.

    Args:
        id (str):
        global_step_from (int | Unset):
        global_step_to (int | Unset):
        logged_at_from (datetime.datetime | Unset):
        logged_at_to (datetime.datetime | Unset):
        resolution (int | Unset):
        body (FinetuneMetricsFilter | Unset): Filters for the metrics; an omitted filter does not
            apply.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FinetuneListMetrics]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        global_step_from=global_step_from,
        global_step_to=global_step_to,
        logged_at_from=logged_at_from,
        logged_at_to=logged_at_to,
        resolution=resolution,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    body: FinetuneMetricsFilter | Unset = UNSET,
    global_step_from: int | Unset = UNSET,
    global_step_to: int | Unset = UNSET,
    logged_at_from: datetime.datetime | Unset = UNSET,
    logged_at_to: datetime.datetime | Unset = UNSET,
    resolution: int | Unset = UNSET,
) -> FinetuneListMetrics | None:
    """List a job's metrics

     The training and evaluation metrics of a fine-tuning job, oldest first. Newer servers read the
    filters from the query; the public specification describes them as a JSON body.

    Args:
        id (str):
        global_step_from (int | Unset):
        global_step_to (int | Unset):
        logged_at_from (datetime.datetime | Unset):
        logged_at_to (datetime.datetime | Unset):
        resolution (int | Unset):
        body (FinetuneMetricsFilter | Unset): Filters for the metrics; an omitted filter does not
            apply.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FinetuneListMetrics
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
        global_step_from=global_step_from,
        global_step_to=global_step_to,
        logged_at_from=logged_at_from,
        logged_at_to=logged_at_to,
        resolution=resolution,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: FinetuneMetricsFilter | Unset = UNSET,
    global_step_from: int | Unset = UNSET,
    global_step_to: int | Unset = UNSET,
    logged_at_from: datetime.datetime | Unset = UNSET,
    logged_at_to: datetime.datetime | Unset = UNSET,
    resolution: int | Unset = UNSET,
) -> Response[FinetuneListMetrics]:
    """List a job's metrics

     The training and evaluation metrics of a fine-tuning job, oldest first. Newer servers read the
    filters from the query; the public specification describes them as a JSON body.

    Args:
        id (str):
        global_step_from (int | Unset):
        global_step_to (int | Unset):
        logged_at_from (datetime.datetime | Unset):
        logged_at_to (datetime.datetime | Unset):
        resolution (int | Unset):
        body (FinetuneMetricsFilter | Unset): Filters for the metrics; an omitted filter does not
            apply.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FinetuneListMetrics]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        global_step_from=global_step_from,
        global_step_to=global_step_to,
        logged_at_from=logged_at_from,
        logged_at_to=logged_at_to,
        resolution=resolution,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: FinetuneMetricsFilter | Unset = UNSET,
    global_step_from: int | Unset = UNSET,
    global_step_to: int | Unset = UNSET,
    logged_at_from: datetime.datetime | Unset = UNSET,
    logged_at_to: datetime.datetime | Unset = UNSET,
    resolution: int | Unset = UNSET,
) -> FinetuneListMetrics | None:
    """List a job's metrics

     The training and evaluation metrics of a fine-tuning job, oldest first. Newer servers read the
    filters from the query; the public specification describes them as a JSON body.

    Args:
        id (str):
        global_step_from (int | Unset):
        global_step_to (int | Unset):
        logged_at_from (datetime.datetime | Unset):
        logged_at_to (datetime.datetime | Unset):
        resolution (int | Unset):
        body (FinetuneMetricsFilter | Unset): Filters for the metrics; an omitted filter does not
            apply.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FinetuneListMetrics
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
            global_step_from=global_step_from,
            global_step_to=global_step_to,
            logged_at_from=logged_at_from,
            logged_at_to=logged_at_to,
            resolution=resolution,
        )
    ).parsed
