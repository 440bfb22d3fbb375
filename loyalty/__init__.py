"""A self-hosted loyalty-membership program engine: earning, ladder, books and benefits as data."""

__version__ = "0.1.0"
