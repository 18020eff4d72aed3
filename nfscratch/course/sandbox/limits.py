"""Limits: how much a student's file may use. Each is far above what a task needs."""

from __future__ import annotations

from dataclasses import dataclass

GIBIBYTE = 2**30


@dataclass(frozen=True)
class Limits:
    """For one child, which checks one task."""

    processor: int = 10  # seconds of processor time
    wall: float = 60.0  # seconds that the parent waits: for a file that sleeps
    memory: int = 2 * GIBIBYTE  # bytes of address space
    printed: int = 10**6  # bytes of text
    answer: int = 2**26  # bytes of one message
    files: int = 10**6  # bytes of one file that it writes

    def as_data(self) -> dict[str, int]:
        """What the child sets for itself, before it sees the student's file."""
        return {"processor": self.processor, "memory": self.memory, "files": self.files}
