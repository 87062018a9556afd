"""The one exception that ends a command with a sentence instead of a traceback."""


class ClusterError(Exception):
    """What went wrong, and where to look, in words for whoever ran the command."""
