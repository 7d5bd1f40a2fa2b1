"""Owns a call with a batch: every event gets its answer, and exceptions become what the host understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .event import Batch, Event
from .failure import Fault, Problem, Problems
from .stack import describe

Answer = TypeVar("Answer")


def run(rows: bytes, arena: bytes, one: Callable[[Event], Answer], wrong: Callable[[list[Problem]], Answer]) -> list[Answer]:
    """One answer for each event. Problems are an answer; a `Fault` ends the batch.

    Any other exception of one event alone becomes `Fault.broken`, with its stack. Among others it is left alone, which is a trap, and
    has the host look for the event at fault.
    """
    batch = Batch(rows, arena)
    answers = []
    for event in batch:
        try:
            answers.append(one(event))
        except Problem as problem:
            answers.append(wrong([problem]))
        except Problems as problems:
            answers.append(wrong(problems.all))
        except Fault:
            raise
        except Exception as error:
            if len(batch) > 1:
                raise
            raise Fault.broken(describe(error)) from None
    return answers
