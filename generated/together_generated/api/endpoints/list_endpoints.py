from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.endpoint_list import EndpointList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    type_: str | Unset = UNSET,
    usage_type: str | Unset = UNSET,
    mine: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["type"] = type_

    params["usage_type"] = usage_type

    params["mine"] = mine

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/endpoints",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EndpointList | None:
    if response.status_code == 200:
        response_200 = EndpointList.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[EndpointList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    type_: str | Unset = UNSET,
    usage_type: str | Unset = UNSET,
    mine: bool | Unset = UNSET,
) -> Response[EndpointList]:
    """List endpoints

     The endpoints of the account, and the serverless ones.

    Args:
        type_ (str | Unset):
        usage_type (str | Unset):
        mine (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EndpointList]
    """

    kwargs = _get_kwargs(
        type_=type_,
        usage_type=usage_type,
        mine=mine,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    type_: str | Unset = UNSET,
    usage_type: str | Unset = UNSET,
    mine: bool | Unset = UNSET,
) -> EndpointList | None:
    """List endpoints

     The endpoints of the account, and the serverless ones.

    Args:
        type_ (str | Unset):
        usage_type (str | Unset):
        mine (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EndpointList
    """

    return sync_detailed(
        client=client,
        type_=type_,
        usage_type=usage_type,
        mine=mine,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    type_: str | Unset = UNSET,
    usage_type: str | Unset = UNSET,
    mine: bool | Unset = UNSET,
) -> Response[EndpointList]:
    """List endpoints

     The endpoints of the account, and the serverless ones.

    Args:
        type_ (str | Unset):
        usage_type (str | Unset):
        mine (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EndpointList]
    """

    kwargs = _get_kwargs(
        type_=type_,
        usage_type=usage_type,
        mine=mine,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    type_: str | Unset = UNSET,
    usage_type: str | Unset = UNSET,
    mine: bool | Unset = UNSET,
) -> EndpointList | None:
    """List endpoints

     The endpoints of the account, and the serverless ones.

    Args:
        type_ (str | Unset):
        usage_type (str | Unset):
        mine (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EndpointList
    """

    return (
        await asyncio_detailed(
            client=client,
            type_=type_,
            usage_type=usage_type,
            mine=mine,
        )
    ).parsed
