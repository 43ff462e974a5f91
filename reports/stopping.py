"""Signals that end a command: the first lets it tidy up, the second stops it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reports.terminal import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

NOTICE_AFTER = 1.0
"""Seconds of tidying up after which the user is told how to stop at once."""
_NOTICE = "stopping when the work in hand is done; Ctrl-C once more stops at once"
INTERRUPTED = 128 + signal.SIGINT
NETWORKS_KEPT = "finished networks are kept; the same command goes on from them"
_kept: list[Callable[[], str]] = []


class Stop:
    """Handles the signals of a command.

    Attributes
    ----------
    status : int
        Exit status of a command that was stopped: 128 and the number of the signal.
    """

    def __init__(self) -> None:
        self.status = INTERRUPTED
        self._notice: threading.Timer | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the main thread, or end the process if that was done before."""
        self.status = 128 + number
        if self._notice is not None:
            _stop_at_once(self.status)
        self._notice = threading.Timer(NOTICE_AFTER, _say, [_NOTICE])
        self._notice.daemon = True
        self._notice.start()
        raise KeyboardInterrupt

    def close(self) -> None:
        """Say nothing any more."""
        if self._notice is not None:
            self._notice.cancel()


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Handle Ctrl-C and the signal of ``kill`` within the block.

    Signals that are ignored, or that somebody else handles, are left alone.

    Yields
    ------
    Stop

    Examples
    --------
    >>> with stoppable() as stop:
    ...     stop.status
    130
    """
    stop, before = Stop(), {}
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    if threading.current_thread() is threading.main_thread():  # others may not set handlers
        for number, handler in usual.items():
            if signal.getsignal(number) == handler:
                before[number] = signal.signal(number, stop)
    try:
        yield stop
    finally:
        stop.close()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def keeping(keep: Callable[[], str]) -> Iterator[None]:
    """Say what is kept when the block is interrupted, also before the process ends at once.

    Parameters
    ----------
    keep : callable
        Quick, and may be called twice. Says what is kept, in one sentence, or nothing.
    """
    _kept.append(keep)
    try:
        yield
    except KeyboardInterrupt:
        if message := keep():
            fail(message, INTERRUPTED)
        raise
    finally:
        _kept.remove(keep)


def _stop_at_once(status: int) -> None:
    if sys.stderr.isatty():
        _write("\x1b[?25h")  # a progress bar hides the cursor
    for keep in reversed(_kept):
        if message := keep():
            _say(message)
    _say("stopped")
    os._exit(status)


def _say(message: str) -> None:
    _write(f"\nrestpoint: {message}\n" if sys.stderr.isatty() else f"restpoint: {message}\n")


def _write(text: str) -> None:
    """Write without the buffer of Python, which the interrupted code may hold."""
    os.write(2, text.encode())
