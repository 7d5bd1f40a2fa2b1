"""Half of a surrogate pair: U+FFFD wherever a text goes to the host."""

import types
import unittest

from made_up import MadeUp, batch_of
from tidemill_sdk import Answer, Draft, Fault, Image, Output, Problem, Refusal, bus, call, emit, log, meter, state
from tidemill_sdk.testing import event, seen
from tidemill_sdk.texts import well_formed

HALF = "\ud83e"


class Texts(unittest.TestCase):
    def test_a_half_is_replaced_and_a_whole_pair_stays(self):
        for given, made in ((HALF, "\ufffd"), (f"{HALF}a\udc00", "\ufffda\ufffd"), ("\ud83e\udd80", "🦀"), ("\ufeffé🦀", "\ufeffé🦀"), ("", "")):
            self.assertEqual(well_formed(given), made)
        given = [("é", 1, None, True, b"\xed", 0.5)]
        self.assertEqual(well_formed(given), given)

    def test_what_the_host_is_called_with_has_none(self):
        seen.clear()
        self.addCleanup(seen.clear)
        log.info(HALF, field=HALF)
        bus.publish(Draft("a", subject=HALF, data=HALF))
        call.progress(1, 2, HALF)
        call.updated(HALF)
        meter.add(HALF)
        state.put(HALF, HALF)
        self.assertEqual(seen.logged, [("info", "\ufffd", {"field": "\ufffd"})])
        self.assertEqual((seen.published[0].subject, seen.published[0].data.decode()), ("\ufffd", "\ufffd"))
        self.assertEqual((seen.reported, seen.updated_resources, seen.figures), ([(1, 2, "\ufffd")], ["\ufffd"], {"\ufffd": 1}))
        self.assertEqual((state.keys(""), state.get("\ufffd").text()), (["\ufffd"], "\ufffd"))
        self.assertEqual(event("a", subject=HALF).subject, "\ufffd")


class Boundary(MadeUp):
    def apply(self, said):
        def apply(_):
            if isinstance(said, Exception):
                raise said
            return said

        return self.made("transform", apply=apply)["Transform"]().apply(batch_of({"type": "a"}))

    def test_what_is_answered_has_none(self):
        (outcome,) = self.apply(emit(Output(subject=HALF, extensions={"a": HALF}, data=HALF)))
        _, subject, _, extensions, data = outcome.values[0][0].values
        self.assertEqual((subject, extensions, data.decode()), ("\ufffd", [("a", "\ufffd")], "\ufffd"))
        render = self.made("event-types", validate=lambda _: "valid", render=lambda *_: HALF)["EventTypes"]().render
        self.assertEqual(render(batch_of({"type": "a"}), "text"), ["\ufffd"])
        invoked = types.SimpleNamespace(name="x", arguments_json="{}", caller=None, accepts=[], responses=[], state=None)
        told = self.made("tools", call=lambda _: Answer(HALF, content=[Image(b"1", HALF)]))["Tools"]().call(invoked)
        text, image = told.values[0].values[0]
        self.assertEqual((text.values, image.values[0].values), (("\ufffd",), (b"1", "\ufffd")))

    def test_what_is_raised_has_none(self):
        (rejected,) = self.apply(Problem("/s", HALF))
        self.assertEqual(rejected.values[0][0].values, ("/s", "\ufffd"))
        self.assertEqual(self.fails(lambda: self.apply(Fault.retry(HALF))).values, ("\ufffd",))
        self.assertRegex(self.fails(lambda: self.apply(ValueError(HALF))).values[0], "^ValueError: \ufffd\n")

        def refuse(_):
            raise Refusal(400, HALF)

        webhook = self.made("webhook", receive=refuse)["Webhook"]()
        self.assertEqual(self.fails(lambda: webhook.receive(types.SimpleNamespace(headers=[], query="", body=b""))).values, (400, "\ufffd"))


if __name__ == "__main__":
    unittest.main()
