"""The jobs of the account."""

from together_ext.lists import JobList as FinetuneList

__all__ = ["FinetuneList"]
