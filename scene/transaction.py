# SPDX-License-Identifier: GPL-3.0-or-later
"""All or nothing: what a failed or cancelled rig has done to the scene is undone again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType


class Transaction:
    """Collects how to undo each change, and what to clean up once everything has worked.

    Any exception that leaves the block rolls back, the closing of a generator included. Undo
    steps run last to first, each even if another one raised.
    """

    def __init__(self) -> None:
        self._undo = ExitStack()
        self._finish: list[Callable[[], object]] = []

    def on_rollback(self, undo: Callable[[], object]) -> None:
        """Call ``undo`` if the work fails."""
        self._undo.callback(undo)

    def on_commit(self, finish: Callable[[], object]) -> None:
        """Call ``finish`` once everything has worked, in the order of registration."""
        self._finish.append(finish)

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exception_type is not None:
            self._undo.close()
            return
        self._undo.pop_all()
        for finish in self._finish:
            finish()
