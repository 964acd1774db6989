from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.finetune_price_estimate import FinetunePriceEstimate
from ...models.finetune_price_request import FinetunePriceRequest
from ...types import Response


def _get_kwargs(
    *,
    body: FinetunePriceRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/fine-tunes/estimate-price",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> FinetunePriceEstimate | None:
    if response.status_code == 200:
        response_200 = FinetunePriceEstimate.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[FinetunePriceEstimate]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: FinetunePriceRequest,
) -> Response[FinetunePriceEstimate]:
    """Estimate a job's price

     The estimated price of a fine-tuning job, and whether the account may start it.

    Args:
        body (FinetunePriceRequest): The job to estimate.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FinetunePriceEstimate]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: FinetunePriceRequest,
) -> FinetunePriceEstimate | None:
    """Estimate a job's price

     The estimated price of a fine-tuning job, and whether the account may start it.

    Args:
        body (FinetunePriceRequest): The job to estimate.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FinetunePriceEstimate
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: FinetunePriceRequest,
) -> Response[FinetunePriceEstimate]:
    """Estimate a job's price

     The estimated price of a fine-tuning job, and whether the account may start it.

    Args:
        body (FinetunePriceRequest): The job to estimate.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FinetunePriceEstimate]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: FinetunePriceRequest,
) -> FinetunePriceEstimate | None:
    """Estimate a job's price

     The estimated price of a fine-tuning job, and whether the account may start it.

    Args:
        body (FinetunePriceRequest): The job to estimate.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FinetunePriceEstimate
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
