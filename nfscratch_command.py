"""The program nfscratch: Ctrl-C ends it in silence while Python still imports, too.

It stands beside the package, for the first line of the package imports NumPy, and that takes most of the time.
"""

import signal


def main() -> None:
    """The command line."""
    silent = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell may have it ignored
    if silent:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nfscratch.cli import main as command

    if silent:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()
