"""What a component answers to its host, with bindings that are made up: what the SDK refuses to guess, and what strangers are told."""

import types
import unittest
from unittest import mock

from made_up import MadeUp, batch_of
from tidemill_sdk import (
    Answer, Content, Draft, Fault, Image, InputRequest, Message, NotFound, Output, Problem, Problems, Prompt, PromptAnswer, PromptArgument, Refusal, Resource, Suggestions, UnknownPrompt,
    answer, call, clients, http, server,
)  # fmt: skip
from tidemill_sdk.testing import seen


class Component(MadeUp):
    def view(self, **functions):
        both = {"classify": lambda _: "all", "visible": lambda *_: True}
        return self.made("view", **{**both, **functions})["View"]()

    def test_only_true_shows_an_event(self):
        one = batch_of({"type": "a"})
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

        one = batch_of({"type": "a"})
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

    def test_prompts_are_described_filled_in_and_refused(self):
        answers = {
            "line": lambda asked: f"Greet {asked.arguments['who']}",
            "talk": lambda _: PromptAnswer(["Hi", Message(Image(b"1", "image/png"), "assistant")], description="d"),
            "none": mock.Mock(side_effect=UnknownPrompt),
            "wrong": mock.Mock(side_effect=Problem("who", "expected a name")),
            "odd": lambda _: {"message": "x"},
        }
        listed = [Prompt("line", arguments=[PromptArgument("who"), PromptArgument("how", required=False)])]
        prompts = self.made("prompts", prompts=listed, get=lambda asked: answers[asked.name](asked))["Prompts"]()
        self.assertEqual([own.values for own in prompts.prompts()[0].values[3]], [("who", None, True), ("how", None, False)])

        def get(name):
            return prompts.get(types.SimpleNamespace(name=name, arguments=[("who", "Zoë")], caller=None, accepts=[], responses=[], state=None))

        description, messages = get("line").values[0].values
        self.assertEqual((description, messages[0].values[1].values), (None, ("Greet Zoë",)))
        self.assertEqual([type(message.values[1]).__name__ for message in get("talk").values[0].values[1]], ["Part_Text", "Part_Image"])
        self.assertEqual(type(self.fails(lambda: get("none"))).__name__, "Failure_UnknownPrompt")
        self.assertEqual(self.fails(lambda: get("wrong")).values, ("who: expected a name",))
        self.assertIn("get answered {'message': 'x'}; expected a str", self.fails(lambda: get("odd")).values[0])

    def test_resources_are_listed_and_read(self):
        found = {"a:text": "t", "a:bytes": b"1", "a:json": Content(json={"a": 1}), "a:both": ["x", Content(text="y", uri="a:other")]}

        def read(uri, caller):
            if uri not in found:
                raise NotFound(uri)
            return found[uri]

        resources = self.made("resources", resources=[Resource("a:text", "A")], read=read)["Resources"]()
        self.assertEqual((resources.resources()[0].values[0], resources.templates()), ("a:text", []))

        def bodies(uri):
            parts = [part.values for part in resources.read(uri, None)]
            return [(uri, media_type, type(body).__name__, *body.values) for uri, media_type, body in parts]

        self.assertEqual(bodies("a:text"), [("a:text", None, "ResourceBody_Text", "t")])
        self.assertEqual(bodies("a:bytes"), [("a:bytes", None, "ResourceBody_Blob", b"1")])
        self.assertEqual(bodies("a:json"), [("a:json", "application/json", "ResourceBody_Text", '{"a":1}')])
        self.assertEqual([uri for uri, *_ in bodies("a:both")], ["a:both", "a:other"])
        self.assertEqual(type(self.fails(lambda: resources.read("a:none", None))).__name__, "Failure_NotFound")

    def test_a_content_is_told_whole_or_not_at_all(self):
        cases = [(Content(text="a", data=b"a"), "both `data` and `text`"), (Content(text="a", json=None), "both `text` and `json`"), (Content(), "none of")]
        for said, words in cases:
            resources = self.made("resources", resources=[], read=lambda *_, said=said: said)["Resources"]()
            told = self.fails(lambda resources=resources: resources.read("a:b", None)).values[0]
            self.assertIn(f"a Content has {words}", told)

    def test_values_are_suggested_the_first_hundred_or_none(self):
        def suggested(**functions):
            asked = types.SimpleNamespace(subject=types.SimpleNamespace(value="a:{x}"), argument="x", value="v", others=[("y", "1")])
            return self.made("filter", decide=lambda _: True, **functions)["Completions"]().complete(asked)

        self.assertEqual(suggested().values, ([], None, False))
        said = suggested(complete=lambda asked: [asked.template, asked.value, asked.others["y"]])
        self.assertEqual(said.values, (["a:{x}", "v", "1"], None, False))
        values, total, more = suggested(complete=lambda _: [str(n) for n in range(101)]).values
        self.assertEqual((len(values), total, more), (100, 101, True))
        self.assertEqual(suggested(complete=lambda _: Suggestions(["a"], total=7, more=True)).values, (["a"], 7, True))

    def test_a_line_that_nobody_wrote_is_escaped_where_it_is_html(self):
        one = batch_of({"type": "a", "id": "<1>"})
        made = self.made("event-types", validate=lambda _: "valid")["EventTypes"]()
        self.assertEqual([made.render(one, target) for target in ("text", "html")], [["a <1>"], ["a &lt;1&gt;"]])

    def test_hosts_are_wanted_as_the_author_says(self):
        wants = self.made("filter", decide=lambda _: True, http_hosts=["a.example"])["Wants"]()
        self.assertEqual(wants.http_hosts(), ["a.example"])


class Native(unittest.TestCase):
    """Without a host."""

    def setUp(self):
        seen.clear()
        self.addCleanup(seen.clear)

    def test_what_clients_are_told_is_kept(self):
        call.changed("prompts")
        call.updated("a:text")
        call.sleep(120)
        seen.open_streams = 3
        self.assertEqual((seen.changed_lists, seen.updated_resources), (["prompts"], ["a:text"]))
        self.assertEqual((server.streams(), server.streams("/nowhere")), (3, None))

    def test_a_request_is_read_before_it_is_sent_and_there_is_no_network(self):
        with self.assertRaisesRegex(http.HttpError, "does not begin with `https://` or `http://`"):
            http.get("a.example")
        with self.assertRaisesRegex(TypeError, "a request has both `json` and `body`"):
            http.send("POST", "https://a.example", json=None, body="")
        with self.assertRaises(Fault) as raised:
            http.post("https://a.example", "x", headers={"a": "b"})
        self.assertEqual((raised.exception.reason, raised.exception.tag), ("failed", "retry"))
        response = http.Response(201, [("X-A", b"b")], b'{"n":1}')
        self.assertEqual((response.is_success, response.header("x-a"), response.json()), (True, "b", {"n": 1}))
        odd = http.Response(200, [], b'"\xe9"')
        self.assertEqual(odd.text(), '"\ufffd"')
        self.assertRaises(http.HttpError, odd.json)

    def test_a_length_that_is_not_that_of_the_body_is_refused_and_the_right_one_is_sent(self):
        def said(length, **request):
            with self.assertRaises(http.HttpError) as raised:
                http.send("POST", "https://a.example", headers={"Content-Length": length}, **request)
            return raised.exception

        for length, body in (("50", "x" * 100), ("100", "x" * 50), ("4", "grün!"), ("1", None)):
            told = f"the header content-length says {length} bytes, the body has {len((body or '').encode())}; leave the header out"
            error = said(length, body=body)
            self.assertEqual((error.reason, str(error)), ("request", told))
        for length in ("", "x", "+3", "3.0"):
            self.assertEqual(str(said(length, body="abc")), "`content-length` is no number")
        self.assertEqual(str(said("3", body="abc")), "there is no network in native tests")
        self.assertEqual(str(said("7", json={"a": 1})), "there is no network in native tests")


class Values(unittest.TestCase):
    def test_an_answer_of_a_tool_is_a_text_or_an_answer(self):
        self.assertEqual((clients.told("done"), clients.told(Answer(error="no")).error), (Answer("done"), "no"))
        for said in (None, 5, {}, {"text": "a"}):
            with self.assertRaisesRegex(TypeError, r"call answered .*; expected a str or an Answer"):
                clients.told(said)

    def test_an_answer_is_told_whole_or_not_at_all(self):
        asked = [InputRequest("n", "roots/list")]
        both = [(clients.told, Answer("a", error="no")), (clients.told, Answer("a", ask=asked)), (clients.filled, PromptAnswer(["a"], ask=asked))]
        both += [(clients.told, Answer("a", state="s")), (clients.filled, PromptAnswer(["a"], state="s")), (clients.filled, PromptAnswer(ask=asked, description="d"))]
        for read, said in both:
            with self.assertRaisesRegex(TypeError, "answered both `(error|ask|state|messages)` and `(text|messages|state|description)`, of which one alone is told"):
                read(said)
        self.assertEqual((clients.told(Answer(ask=asked)).ask, clients.told(Answer(error="no", structured=1)).error), (asked, "no"))

    def test_data_is_a_value_or_bytes_and_not_both(self):
        self.assertEqual((Output(json=None).encoded(), Output(data="a").encoded(), Draft("a").encoded()), (b"null", b"a", b""))
        for said in (Output(json=None, data=b"a"), Draft("a", json={}, data="")):
            with self.assertRaisesRegex(TypeError, "(an Output|a Draft) has both `json` and `data`, of which one alone is its data"):
                said.encoded()

    def test_half_a_surrogate_pair_is_escaped(self):
        self.assertEqual(answer.as_json({"ä": "\ud83d"}), b'{"\\u00e4":"\\ud83d"}')
        self.assertEqual(answer.as_json({"ä": "😀"}), '{"ä":"😀"}'.encode())
        self.assertEqual(answer.as_text({"a": "\udc00"}), '{"a":"\\udc00"}')

    def test_none_removes_an_attribute(self):
        self.assertEqual(answer.pairs({"a": None, "b": 1, "c": "x", "d": True}), [("a", ""), ("b", "1"), ("c", "x"), ("d", "true")])


if __name__ == "__main__":
    unittest.main()
