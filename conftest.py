"""Let pytest compare the lessons that `course run` executed; see `helpers.course.replay`."""

from helpers.course.replay import pytest_collect_file

__all__ = ["pytest_collect_file"]
