"""What a component answers to its host, with bindings that are made up: what the SDK refuses to guess, and what strangers are told."""

import enum
import sys
import types
import unittest
from unittest import mock

from tidemill_sdk import Answer, Manifest, Problem, Problems, Refusal, answer, calls
from tidemill_sdk.component import component
from tidemill_sdk.testing import rows

FLAGS = {"Hints": "READ_ONLY DESTRUCTIVE IDEMPOTENT OPEN_WORLD", "Level": "DEBUG ERROR", "Verdict": "KEEP DROP REJECT"}


class Bindings(types.ModuleType):
    """A module of bindings: whatever is asked for is a record of what it is made with."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = enum.Flag(name, FLAGS[name]) if name in FLAGS else type(name, (Record,), {})
        setattr(self, name, made)
        return made


class Record:
    def __init__(self, *values):
        self.values = values


class Err(Exception):
    def __init__(self, value):
        self.value = value


class Component(unittest.TestCase):
    def setUp(self):
        self.logged = []
        names = ["wit_world"] + [f"wit_world.{side}" for side in ("imports", "exports")]
        names += [f"wit_world.imports.{name}" for name in ("types", "log", "content")]
        names += [f"wit_world.exports.{name}" for name in ("manifest", "filter", "transform", "event_types", "view", "webhook", "tools")]
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

    def view(self, **functions):
        both = {"classify": lambda _: "all", "visible": lambda *_: True}
        return self.made("view", **{**both, **functions})["View"]()

    def test_only_true_shows_an_event(self):
        one = types.SimpleNamespace(**dict(zip(("rows", "arena"), rows([{"type": "a"}]), strict=True)))
        self.assertEqual(self.view(visible=lambda *_: True).visible("all", one), [True])
        self.assertEqual(self.view(visible=lambda *_: False).visible("all", one), [False])
        for said in (None, 1, "yes", [True]):
            why = self.fails(lambda said=said: self.view(visible=lambda *_: said).visible("all", one)).values[0]
            self.assertRegex(why, r"^TypeError: visible answered .*; expected True or False")

    def test_only_a_str_is_a_class_and_its_absence_is_told_to_the_log_alone(self):
        nobody = types.SimpleNamespace(principal="", claims=[], parameters=[])
        for said in (None, 7):
            view = self.view(classify=lambda _, said=said: said)
            self.assertEqual(self.fails(lambda view=view: view.classify(nobody)), "the view failed; its log says why")
            self.assertRegex(self.logged[-1], "^TypeError: classify answered ")

    def test_a_subscriber_is_told_refusals_and_nothing_of_other_exceptions(self):
        nobody = types.SimpleNamespace(principal="", claims=[], parameters=[])

        def told(error):
            return self.fails(lambda: self.view(classify=mock.Mock(side_effect=error)).classify(nobody))

        self.assertEqual(told(Refusal(403, "members only")), "members only")
        self.assertEqual(told(Problems([Problem("team", "expected a team")])), "team: expected a team")
        for error in (ValueError("key s3cret is wrong"), KeyError("s3cret")):
            self.assertEqual(told(error), "the view failed; its log says why")

    def test_settings_without_a_place_are_refused(self):
        manifest = self.made("filter", decide=lambda _: True)["Manifest"]()
        manifest.configure("{}")
        self.assertEqual(self.fails(lambda: manifest.configure('{"colour":1}')), 'config: unknown setting "colour"; this plugin has none')
        got = []
        self.made("filter", decide=lambda _: True, configure=got.append)["Manifest"]().configure('{"colour":1}')
        self.assertEqual(got, [{"colour": 1}])

    def test_problems_of_a_delivery_are_its_senders(self):
        delivered = types.SimpleNamespace(headers=[], query="", body=b"")
        problem = Problem("/a", "no")
        for error, detail in ((problem, "/a: no"), (Problems([problem, Problem("/b", "no")]), "/a: no; /b: no")):
            webhook = self.made("webhook", receive=mock.Mock(side_effect=error))["Webhook"]()
            self.assertEqual(self.fails(lambda webhook=webhook: webhook.receive(delivered)).values, (400, detail))

    def test_async_functions_are_refused_as_such(self):
        async def late(*_):
            return True

        one = types.SimpleNamespace(**dict(zip(("rows", "arena"), rows([{"type": "a"}]), strict=True)))
        invoked = types.SimpleNamespace(name="x", arguments_json="{}", caller=None, accepts=[], responses=[], state=None)
        for name, call in {
            "decide": lambda: self.made("filter", decide=late)["Filter"]().decide(one),
            "apply": lambda: self.made("transform", apply=late)["Transform"]().apply(one),
            "validate": lambda: self.made("event-types", validate=late)["EventTypes"]().validate(one),
            "render": lambda: self.made("event-types", validate=late, render=late)["EventTypes"]().render(one, "text"),
            "visible": lambda: self.view(visible=late).visible("all", one),
            "call": lambda: self.made("tools", call=late)["Tools"]().call(invoked),
            "configure": lambda: self.made("filter", decide=late, configure=late)["Manifest"]().configure("{}"),
        }.items():
            with self.subTest(name):
                value = self.fails(call)
                said = value if isinstance(value, str) else value.values[0]
                self.assertIn(f"{name} answered a coroutine; async functions are not possible here", said)
        webhook = self.made("webhook", receive=late)["Webhook"]()
        with self.assertRaisesRegex(TypeError, "receive answered a coroutine"):
            webhook.receive(types.SimpleNamespace(headers=[], query="", body=b""))


class Values(unittest.TestCase):
    def test_an_answer_of_a_tool_is_a_text_or_an_answer(self):
        self.assertEqual((calls.told("done"), calls.told(Answer(error="no")).error), (Answer("done"), "no"))
        for said in (None, 5, {}, {"text": "a"}):
            with self.assertRaisesRegex(TypeError, r"call answered .*; expected a str or an Answer"):
                calls.told(said)

    def test_half_a_surrogate_pair_is_escaped(self):
        self.assertEqual(answer.as_json({"ä": "\ud83d"}), b'{"\\u00e4":"\\ud83d"}')
        self.assertEqual(answer.as_json({"ä": "😀"}), '{"ä":"😀"}'.encode())
        self.assertEqual(answer.as_text({"a": "\udc00"}), '{"a":"\\udc00"}')

    def test_none_removes_an_attribute(self):
        self.assertEqual(answer.pairs({"a": None, "b": 1, "c": "x", "d": True}), [("a", ""), ("b", "1"), ("c", "x"), ("d", "true")])


if __name__ == "__main__":
    unittest.main()
