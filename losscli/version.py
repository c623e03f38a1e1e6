"""The version, in one place, free to import."""

__version__ = "0.1.0"
