from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.revision_file_list import RevisionFileList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    id: str,
    *,
    revision_id: str | Unset = UNSET,
    after: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["revisionId"] = revision_id

    params["after"] = after

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/projects/{project_id}/models/{id}/files".format(
            project_id=quote(str(project_id), safe=""),
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> RevisionFileList | None:
    if response.status_code == 200:
        response_200 = RevisionFileList.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[RevisionFileList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
    revision_id: str | Unset = UNSET,
    after: str | Unset = UNSET,
) -> Response[RevisionFileList]:
    """List a model's files

     The files of one revision of a model, in pages.

    Args:
        project_id (str):
        id (str):
        revision_id (str | Unset):
        after (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[RevisionFileList]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        revision_id=revision_id,
        after=after,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
    revision_id: str | Unset = UNSET,
    after: str | Unset = UNSET,
) -> RevisionFileList | None:
    """List a model's files

     The files of one revision of a model, in pages.

    Args:
        project_id (str):
        id (str):
        revision_id (str | Unset):
        after (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        RevisionFileList
    """

    return sync_detailed(
        project_id=project_id,
        id=id,
        client=client,
        revision_id=revision_id,
        after=after,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
    revision_id: str | Unset = UNSET,
    after: str | Unset = UNSET,
) -> Response[RevisionFileList]:
    """List a model's files

     The files of one revision of a model, in pages.

    Args:
        project_id (str):
        id (str):
        revision_id (str | Unset):
        after (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[RevisionFileList]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        revision_id=revision_id,
        after=after,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient,
    revision_id: str | Unset = UNSET,
    after: str | Unset = UNSET,
) -> RevisionFileList | None:
    """List a model's files

     The files of one revision of a model, in pages.

    Args:
        project_id (str):
        id (str):
        revision_id (str | Unset):
        after (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        RevisionFileList
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            id=id,
            client=client,
            revision_id=revision_id,
            after=after,
        )
    ).parsed
