"""The events of a job."""

from together_ext.api.lists import EventList as FinetuneListEvents

__all__ = ["FinetuneListEvents"]
