"""Recompute the truth from the log and compare it with the store.

Written apart from the pipeline on purpose: it shares the windows' names and sizes, and nothing
else, so that a mistake in one of the two shows as a difference.
"""

from streaming.verify.image import StoreImage, read_store
from streaming.verify.log import KafkaLog, LogRecord, LogSource, VerifyError
from streaming.verify.report import Finding, VerifyReport, render
from streaming.verify.run import check_log, verify

__all__ = [
    "Finding",
    "KafkaLog",
    "LogRecord",
    "LogSource",
    "StoreImage",
    "VerifyError",
    "VerifyReport",
    "check_log",
    "read_store",
    "render",
    "verify",
]
