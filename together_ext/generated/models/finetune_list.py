"""The jobs of the account."""

from together_ext.api.lists import JobList as FinetuneList

__all__ = ["FinetuneList"]
