"""Open a store: which class of obstore it is, and its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from together_ext.errors import ConfigurationError
from together_ext.text import printable

from .refusals import credentials_refusal
from .urls import Location

if TYPE_CHECKING:
    from obstore.store import MemoryStore

REQUEST: Final = 120.0
"""Time limit of a request, in seconds; obstore's is 30 s, in which a slow line does not take a part."""

ENDPOINTS: Final = (
    "AWS_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AZURE_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "GOOGLE_BASE_URL",
)
"""The variables that obstore reads an endpoint from."""


def opened(location: Location, options: Mapping[str, str], patience: float, errors: tuple[type[Exception], ...]) -> Any:  # noqa: ANN401 -- one of four classes of obstore
    """Open a store with obstore; nothing is requested.

    Args:
        location: A location in it.
        options: Its settings.
        patience: Maximum number of seconds of all attempts of a request.
        errors: What obstore raises.

    Raises:
        ConfigurationError: A setting is invalid.
        StoreCredentialsError: Credentials are missing or cannot be used.
    """
    from obstore import store

    if location.scheme == "memory":
        return _memory(location.bucket)
    kind = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}[location.scheme]
    # Such an endpoint is the caller's choice; obstore refuses it otherwise.
    plain = any(value.startswith("http://") for value in (*options.values(), *map(os.environ.get, ENDPOINTS)) if value)
    client: Any = {"timeout": f"{min(patience, REQUEST):g}s", **({"allow_http": True} if plain else {})}
    retries: Any = {"max_retries": 10, "retry_timeout": timedelta(seconds=patience)}
    config: Any = dict(options)
    try:
        return kind(location.bucket, config=config, client_options=client, retry_config=retries)
    except errors as error:
        refusal = credentials_refusal(error, location)
        unknown = type(error).__name__ == "UnknownConfigurationKeyError"
        untrusting = "CA certificates" in str(error)
    if refusal is not None:
        raise refusal
    if untrusting:
        raise ConfigurationError(
            f"could not open {location}: no trusted certificates: check SSL_CERT_FILE and SSL_CERT_DIR"
        )
    names = ", ".join(printable(key, 40) for key in options)
    problem = f"one of the storage options ({names}) does not exist" if unknown else "its settings are invalid"
    raise ConfigurationError(f"could not open {location}: {problem}; check --storage-option")


@cache
def _memory(bucket: str) -> MemoryStore:  # noqa: ARG001 -- the key of the cache
    """A store in memory, one for each name in this process."""
    from obstore.store import MemoryStore

    return MemoryStore()
