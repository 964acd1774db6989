"""Downloaded weights."""

from together_ext.fine_tuning.download_result import DownloadResult as FinetuneDownloadResult

__all__ = ["FinetuneDownloadResult"]
