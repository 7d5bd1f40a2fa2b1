"""Bindings that are made up, and the classes of a component that answers by them."""

import enum
import sys
import types
import unittest
from dataclasses import dataclass
from unittest import mock

from tidemill_sdk import Manifest
from tidemill_sdk.component import component
from tidemill_sdk.testing import rows

FLAGS = {"Role": "USER ASSISTANT", "Hints": "READ_ONLY DESTRUCTIVE IDEMPOTENT OPEN_WORLD", "Level": "DEBUG ERROR", "Verdict": "KEEP DROP REJECT"}


class Bindings(types.ModuleType):
    """A module of bindings: whatever is asked for is a record of what it is made with."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = enum.Flag(name, FLAGS[name]) if name in FLAGS else type(name, (Record,), {})
        setattr(self, name, made)
        return made


@dataclass(init=False)
class Record:
    values: tuple

    def __init__(self, *values):
        self.values = values


class Err(Exception):
    def __init__(self, value):
        self.value = value


class MadeUp(unittest.TestCase):
    def setUp(self):
        self.logged = []
        names = ["wit_world"] + [f"wit_world.{side}" for side in ("imports", "exports")]
        names += [f"wit_world.imports.{name}" for name in ("types", "log", "content")]
        names += [f"wit_world.exports.{name}" for name in ("manifest", "filter", "transform", "event_types", "view", "webhook", "tools", "prompts", "resources", "completions")]
        modules = {name: Bindings(name) for name in names}
        modules["wit_world.imports.log"].log = lambda level, message, fields: self.logged.append(message)
        modules["componentize_py_types"] = mock.Mock(Err=Err)
        patched = mock.patch.dict(sys.modules, modules)
        patched.start()
        self.addCleanup(patched.stop)

    def made(self, kind, **functions):
        """The class of a kind (`Manifest`: that of every plugin), ready to be called."""
        defaults = {"manifest": Manifest("test"), "types": [], "tools": []}
        plugin = types.SimpleNamespace(**{**defaults, **functions})
        return component(plugin, name="mine", version="1", kinds=[kind])

    def fails(self, call):
        with self.assertRaises(Err) as raised:
            call()
        return raised.exception.value


def batch_of(*events):
    """A batch as the bindings hand it over."""
    return types.SimpleNamespace(**dict(zip(("rows", "arena"), rows(list(events)), strict=True)))
