"""Weights on the disk."""

from together_ext.weights import DownloadResult as FinetuneDownloadResult

__all__ = ["FinetuneDownloadResult"]
