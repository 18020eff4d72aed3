"""The program nfscratch: Ctrl-C ends it in silence while Python still imports, too.

It stands beside the package, for the first line of the package imports NumPy, and that takes most of the time.
"""

import signal


def main() -> None:
    """The command line."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # a shell may have it ignored, for a program in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nfscratch.cli import main as command

    signal.signal(signal.SIGINT, before)
    command()
