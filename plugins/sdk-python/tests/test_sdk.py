"""What goes wrong in an author's functions, and what is asked of the host, in plain Python."""

import time
import unittest
from types import SimpleNamespace

from tidemill_sdk import Draft, Fault, Problem, answer, batch, bus, escape_html, log, meter, state
from tidemill_sdk.clock import Clock
from tidemill_sdk.stack import describe
from tidemill_sdk.testing import event, rows, seen


def broken(one):
    return one.json()["missing"]


class Exceptions(unittest.TestCase):
    def test_one_event_alone_is_told_with_its_stack(self):
        with self.assertRaises(Fault) as raised:
            batch.run(*rows([{"type": "a", "json": {}}]), broken, lambda _: "reject")
        lines = raised.exception.why.split("\n")
        self.assertEqual((raised.exception.tag, lines[0]), ("broken", "KeyError: 'missing'"))
        self.assertRegex(lines[1], r"^    at broken \(.*test_sdk\.py:14\)$")

    def test_among_others_it_is_left_alone(self):
        with self.assertRaises(KeyError):
            batch.run(*rows([{"type": "a", "json": {}}] * 2), broken, lambda _: "reject")

    def test_causes_are_told(self):
        try:
            try:
                broken(event("a", json={}))
            except KeyError as error:
                raise ValueError("no") from error
        except ValueError as error:
            self.assertIn("\nbecause of KeyError: 'missing'\n    at broken", describe(error))

    def test_a_wrong_answer_says_what_is_expected(self):
        for read in (answer.verdict, answer.outcome, answer.validity):
            with self.assertRaisesRegex(TypeError, "answered None; expected"):
                read(None)
        self.assertLess(len(str(answer.unknown("apply", b"x" * 100_000, "an answer"))), 600)


class Host(unittest.TestCase):
    def setUp(self):
        seen.clear()

    def test_what_a_plugin_says_is_kept(self):
        log.info("paid", order=7)
        meter.add("orders", 2)
        bus.publish(Draft("alert.high", json={"n": 1}))
        self.assertEqual((seen.logged, seen.figures), ([("info", "paid", {"order": "7"})], {"orders": 2}))
        self.assertEqual((seen.published[0].type, seen.published[0].data), ("alert.high", b'{"n":1}'))

    def test_keys_are_kept_and_compared(self):
        first = state.put_json("a/1", {"x": 1})
        self.assertEqual(state.get("a/1").json(), {"x": 1})
        with self.assertRaises(state.WriteError) as raised:
            state.put("a/1", "y", if_version=0)
        self.assertEqual((raised.exception.reason, raised.exception.current.version), ("stale", first))
        self.assertGreater(state.put("a/1", "y", if_version=first), first)
        self.assertEqual((state.increment("a/2", 3), state.increment("a/2", -1)), (3, 2))
        with self.assertRaisesRegex(state.WriteError, "no number"):
            state.increment("a/1")
        self.assertEqual((state.increment("b", 2**62), state.increment("b", 2**62), state.increment("b", -1)), (2**62, 2**63 - 1, 2**63 - 2))
        self.assertEqual((state.keys("a/"), state.keys("a/", "a/1")), (["a/1", "a/2"], ["a/2"]))
        self.assertEqual((state.delete("a/1"), state.delete("a/1"), state.get("a/1")), (True, False, None))

    def test_what_is_not_json_is_a_problem(self):
        self.assertRaises(Problem, event("a", data="{").json)


class Times(unittest.TestCase):
    def test_what_asks_for_the_time_is_told_what_there_is(self):
        module = SimpleNamespace(**{name: getattr(time, name) for name in dir(time) if not name.startswith("_")})
        clock = Clock(module)
        kept = module.time

        class Formatter:  # as that of `logging`
            convert = module.gmtime

        self.assertGreater(kept(), 0)
        clock.taken = True
        cases = [(name, ()) for name in "time time_ns monotonic perf_counter_ns process_time thread_time gmtime localtime ctime asctime sleep".split()]
        cases += [("clock_gettime", (time.CLOCK_MONOTONIC,)), ("gmtime", (None,)), ("strftime", ("%Y",)), ("sleep", (0.1,))]
        for name, given in cases:
            with self.assertRaisesRegex(RuntimeError, rf"^time\.{name}\(\) is not there: a plugin has no clock; .*`(time_ms|call\.sleep\(ms\))`$"):
                getattr(module, name)(*given)
        self.assertRaises(RuntimeError, kept)
        said = Formatter().convert(0)
        self.assertEqual((said.tm_year, module.strftime("%Y", said), module.asctime(said)), (1970, "1970", "Thu Jan  1 00:00:00 1970"))


class Html(unittest.TestCase):
    def test_a_text_is_escaped_for_tags_and_for_quoted_values(self):
        self.assertEqual(escape_html("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;")
        self.assertEqual(escape_html("plain"), "plain")


if __name__ == "__main__":
    unittest.main()
