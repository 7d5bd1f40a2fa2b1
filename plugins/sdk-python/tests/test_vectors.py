"""The test vectors that all SDKs share (tests/vectors of the repository, its README has the format), run against this one."""

import json
import sys
import unittest
from pathlib import Path

from tidemill_sdk import Batch, Fault, Output, Problem, Problems, answer, batch, emit, invalid, normalised, reject, retry
from tidemill_sdk.testing import rows

VECTORS = Path(__file__).parents[3] / "tests" / "vectors"


ran = 0


def cases(name):
    global ran
    for case in json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["cases"]:
        yield case
        ran += 1


def tearDownModule():
    """Whoever runs this sees that there were some."""
    print(f"{ran} vectors", file=sys.stderr)


def long_text(value):
    return value if isinstance(value, str) else "".join(one if isinstance(one, str) else one[0] * one[1] for one in value)


def octets(value):
    return bytes.fromhex(long_text(value))


class Batches(unittest.TestCase):
    maxDiff = 2000

    def test_rows_are_the_events_that_they_should_be(self):
        for case in cases("batches"):
            with self.subTest(case["name"]):
                if "fault" in case:
                    with self.assertRaises(Fault) as raised:
                        for event in Batch(octets(case["rows"]), octets(case["arena"])):
                            _ = event.id, event.source, event.type, event.subject, event.content_type, event.extensions, event.data
                    self.assertEqual({raised.exception.tag: raised.exception.why}, case["fault"])
                    continue
                read = Batch(octets(case["rows"]), octets(case["arena"]))
                self.assertEqual(len(read), len(case["events"]))
                for event, expected in zip(read, case["events"], strict=True):
                    self.same(event, expected)

    def same(self, event, expected):
        members = ["id", "source", "type", "subject", "contentType", "timeMs", "isJson", "extensions"]
        got = [event.id, event.source, event.type, event.subject, event.content_type, event.time_ms, event.is_json, event.extensions]
        self.assertEqual(got, [expected[member] for member in members])
        for name, value in expected["extensions"].items():
            self.assertEqual(event.extension(name), value if isinstance(value, str) else json.dumps(value))
        self.assertTrue(event.data == octets(expected["data"]))
        if expected["text"] is None:
            self.assertRaises(Problem, event.text)
        else:
            self.assertTrue(event.text() == long_text(expected["text"]))
        if expected.get("invalidJson"):
            self.assertRaises(Problem, event.json)
        elif "jsonText" in expected:
            self.assertTrue(event.json() == long_text(expected["jsonText"]))
        elif "json" in expected:
            self.assertEqual(event.json(), expected["json"])


def problems(said):
    return [Problem(one["at"], one["detail"]) for one in said]


def output(said):
    names = {"contentType": "content_type"}
    members = {names.get(name, name): value for name, value in said.items()}
    if "data" in members:
        members["data"] = octets(members["data"])
    return Output(**members)


def speak(said):
    """What an author's function does for a case."""
    match said:
        case str():
            return said
        case {"raise": {"problems": list(given)}}:
            raise Problems(problems(given)) if len(given) > 1 else problems(given)[0]
        case {"raise": {"retry": why}}:
            raise Fault.retry(why)
        case {"raise": {"broken": why}}:
            raise Fault.broken(why)
        case {"emit": list(given)}:
            return emit(*map(output, given))
        case {"reject": list(given)}:
            return reject(*problems(given))
        case {"retry": str(why)}:
            return retry(why)
        case {"normalised": given}:
            return normalised(output(given))
        case {"invalid": list(given)}:
            return invalid(*problems(given))


def contract(said):
    """An answer in the words of the vectors."""

    def wired(one):
        extensions = None if one.extensions is None else [list(pair) for pair in answer.pairs(one.extensions)]
        data = one.encoded()
        return {
            "type": one.type, "subject": one.subject, "contentType": one.content_type, "extensions": extensions,
            "data": None if data is None else data.hex(),
        }  # fmt: skip

    def listed(given):
        return [{"at": one.at, "detail": one.detail} for one in given]

    match said:
        case answer.Emit(outputs):
            return {"emit": [wired(one) for one in outputs]}
        case answer.Reject(given):
            return {"reject": listed(given)}
        case answer.Retry(why):
            return {"retry": why}
        case answer.Normalised(given):
            return {"normalised": wired(given)}
        case answer.Invalid(given):
            return {"invalid": listed(given)}
    return said


class Answers(unittest.TestCase):
    def test_what_is_said_is_what_the_host_gets(self):
        kinds = {
            "filter": (answer.verdict, lambda _: "reject"),
            "transform": (answer.outcome, answer.Reject),
            "event-types": (answer.validity, answer.Invalid),
        }
        for case in cases("answers"):
            with self.subTest(case["name"], kind=case["kind"]):
                read, wrong = kinds[case["kind"]]
                said = iter(case["say"])
                try:
                    made = batch.run(*rows([{"type": "a"} for _ in case["say"]]), lambda _: read(speak(next(said))), wrong)
                    got = {"answer": [contract(one) for one in made]}
                except Fault as fault:
                    got = {"fault": {fault.tag: fault.why}}
                self.assertEqual(got, {key: case[key] for key in ("answer", "fault") if key in case})


if __name__ == "__main__":
    unittest.main()
