"""Downloaded weights."""

from together_ext.fine_tuning.download import DownloadResult as FinetuneDownloadResult

__all__ = ["FinetuneDownloadResult"]
