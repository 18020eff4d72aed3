"""What the asserts of the support modules say where they fail: as much as those of a test. Ctrl-C as tests need it."""

import signal

import pytest

pytest.register_assert_rewrite("comparing", "interrupted", "laws", "refusals", "trained")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts background jobs so, and tests raise the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
