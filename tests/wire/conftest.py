"""A scripted server, and both entry points of the generated functions."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ParamSpec, Protocol, TypeVar

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request

from together_generated import AuthenticatedClient

from .semantics import Json

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)

KEY = "key-of-the-wire-tests"


class Endpoint(Protocol[P, T_co]):
    """A generated module of `together_generated.api.fine_tuning`."""

    @property
    def sync(self) -> Callable[P, T_co | None]:
        """Ask, and wait."""

    @property
    def asyncio(self) -> Callable[P, Coroutine[Any, Any, T_co | None]]:
        """Ask, to be awaited."""


class Api:
    """The API as a test sees it: `answer` says what the server will send, `call` asks, `request` is what arrived."""

    def __init__(self, server: HTTPServer, runner: asyncio.Runner | None) -> None:
        """With a `runner`, calls go through the `asyncio` entry points, without one through the `sync` ones."""
        self._server = server
        self._runner = runner
        self.client = AuthenticatedClient(
            base_url=server.url_for("/v1"),
            token=KEY,
            raise_on_unexpected_status=True,
            # Plain HTTP: no certificates to load, and no proxy of the developer's environment in between.
            verify_ssl=False,
            httpx_args={"trust_env": False},
        )

    def answer(self, document: Json) -> None:
        """Return this JSON document for every request."""
        self.answer_bytes(json.dumps(document).encode(), content_type="application/json")

    def answer_bytes(
        self, body: bytes, *, status: int = 200, content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        """Return this body for every request."""
        anything = self._server.expect_request(re.compile(".*"))
        anything.respond_with_data(body, status=status, content_type=content_type, headers=headers)

    def call(self, endpoint: Endpoint[P, T_co], *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Call the generated function, and expect a parsed response."""
        if self._runner is None:
            parsed = endpoint.sync(*args, **kwargs)
        else:
            parsed = self._runner.run(endpoint.asyncio(*args, **kwargs))
        assert parsed is not None
        return parsed

    @property
    def request(self) -> Request:
        """The one request that the server has seen."""
        ((request, _response),) = self._server.log
        return request

    @property
    def address(self) -> str:
        """Path and query of that request, as they were on the wire."""
        return str(self.request.environ["REQUEST_URI"])

    def close(self) -> None:
        """Close the connections."""
        if self._runner is None:
            self.client.get_httpx_client().close()
        else:
            self._runner.run(self.client.get_async_httpx_client().aclose())


@pytest.fixture(params=["sync", "asyncio"])
def api(request: pytest.FixtureRequest, httpserver: HTTPServer) -> Iterator[Api]:
    """The API, once for each of the two worlds."""
    if request.param == "sync":
        api = Api(httpserver, None)
        yield api
        api.close()
    else:
        with asyncio.Runner() as runner:
            api = Api(httpserver, runner)
            yield api
            api.close()
