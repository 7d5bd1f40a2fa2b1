"""JSON that nobody has checked: what is refused before Python's parser sees it, and what is not."""

import json
import unittest

from tidemill_sdk import Delivery, Problem, Refusal, http
from tidemill_sdk.parse import parse
from tidemill_sdk.testing import event

TOO_DEEP = "more than 128 lists and objects within each other"


def lists(levels):
    return "[" * levels + "]" * levels


class Parse(unittest.TestCase):
    def test_128_levels_are_read_and_more_of_them_refused(self):
        self.assertEqual(json.dumps(parse(lists(128))), lists(128))
        for text in (lists(129), '{"a":' * 129 + "1" + "}" * 129, "[" * 200_000):
            with self.assertRaisesRegex(ValueError, TOO_DEEP):
                parse(text)

    def test_brackets_beside_and_within_texts_are_no_levels(self):
        self.assertEqual(len(parse(json.dumps([[{}]] * 500))), 500)
        within = {"a": "[" * 300 + '"\\', "b": "{" * 300, '"[': ['\\"']}
        self.assertEqual(parse(json.dumps(within)), within)
        # A quote that is escaped ends no text: those that close within it do not hide those that open after it.
        with self.assertRaisesRegex(ValueError, TOO_DEEP):
            parse('[["\\"' + "]" * 300 + '\\\\",' + "[" * 127)

    def test_what_is_no_json_or_no_number_is_refused(self):
        for text in ("NaN", "[Infinity]", '{"a":-Infinity}', "1e400", "[-1e999]"):
            with self.assertRaises(ValueError):
                parse(text)
        self.assertEqual(parse("[1.5,1e3,-0.0,12]"), [1.5, 1000.0, -0.0, 12])

    def test_it_is_told_as_what_it_is(self):
        for text in (lists(129), "NaN", "1e400"):
            self.assertRaises(Problem, event("a", data=text, content_type="text/plain").json)
            self.assertRaises(http.HttpError, http.Response(200, [], text.encode()).json)
            with self.assertRaises(Refusal) as raised:
                Delivery(body=text.encode()).json()
            self.assertEqual(raised.exception.status, 400)


if __name__ == "__main__":
    unittest.main()
