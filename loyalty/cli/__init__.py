"""The command line: every job and every check by hand."""

from loyalty.cli.main import main

__all__ = ["main"]
