"""A job."""

from together_generated.models import FinetuneResponse

__all__ = ["FinetuneResponse"]
