"""Where the older client has its exception."""

from together_ext.errors import TogetherExtError as ApiException

__all__ = ["ApiException"]
