"""The losses, one module a family. Importing this package registers them all."""

from losscli.losses.regression import huber, mse

__all__ = ["huber", "mse"]
