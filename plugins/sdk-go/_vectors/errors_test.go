// What errors of the author's code become, and what the first plugin of a new project does with numbers.
package vectors

import (
	"errors"
	"strings"
	"testing"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	event_types "tidemill.dev/sdk/gen/export_tidemill_plugin_event_types"
	filter "tidemill.dev/sdk/gen/export_tidemill_plugin_filter"
	tools "tidemill.dev/sdk/gen/export_tidemill_plugin_tools"
	transform "tidemill.dev/sdk/gen/export_tidemill_plugin_transform"
	webhook "tidemill.dev/sdk/gen/export_tidemill_plugin_webhook"
	bound_tools "tidemill.dev/sdk/gen/tidemill_plugin_tools"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_types"
	bound_webhook "tidemill.dev/sdk/gen/tidemill_plugin_webhook"
)

// template is the plugin as `plugin new` wrote it; the other tests set functions of their own.
var template = *author.Plugin

// with is a batch of one event with this data.
func with(data string) bound.Batch {
	row := make([]byte, 64)
	for at, size := 52, len(data); size > 0; at, size = at+1, size>>8 {
		row[at] = byte(size)
	}
	return bound.Batch{Rows: row, Arena: []byte(data)}
}

// An error that is about one event must not cost the others of its batch: the host halves those that panic.
func TestErrorsOfOneEventAmongSeveralPanic(t *testing.T) {
	decide := func(events int, err error) (fault, panicked any) {
		defer func() { panicked = recover() }()
		author.Plugin.Filter = func(tidemill.Event) (tidemill.Verdict, error) { return 0, err }
		return faulted(filter.Decide(bound.Batch{Rows: make([]byte, 64*events)}).Err()), nil
	}
	ordinary := errors.New("no such customer")
	if _, panicked := decide(2, ordinary); panicked != any(ordinary) {
		t.Errorf("two events: %v", panicked)
	}
	fault, panicked := decide(1, ordinary)
	same(t, "alone", []any{fault, panicked}, []any{map[string]any{"broken": "no such customer"}, nil})
	fault, panicked = decide(2, tidemill.RetryBatch("later"))
	same(t, "fault", []any{fault, panicked}, []any{map[string]any{"retry": "later"}, nil})
}

func TestProblemsSayWhereOnlyIfThatIsCertain(t *testing.T) {
	type item struct{ Price float64 }
	var seen error
	for _, one := range [][3]string{
		{`{"total":"x"}`, "/total", "expected a number, found string"},
		{`{"buyer":{"name":5}}`, "/buyer/name", "expected a text, found number"},
		{`{"items":[{"price":1},{"price":"x"}]}`, "/items/1/price", "expected a number, found string"},
		{`{"a/b":{"c.d":1}}`, "", "expected a text, found number"},
		{`{"total":"x","total":1}`, "", "expected a number, found string"},
		{`[]`, "", "expected an object, found array"},
		{"{\"total\":\"\xff\"}", "", "it is no UTF-8 text"},
	} {
		author.Plugin.Filter = func(event tidemill.Event) (tidemill.Verdict, error) {
			var order struct {
				Total float64 `json:"total"`
				Buyer struct {
					Name string `json:"name"`
				} `json:"buyer"`
				Items []item `json:"items"`
				Odd   struct {
					Dotted string `json:"c.d"`
				} `json:"a/b"`
			}
			seen = event.JSON(&order)
			return 0, seen
		}
		filter.Decide(with(one[0]))
		if want := (tidemill.Problem{At: one[1], Detail: one[2]}); seen != error(want) {
			t.Errorf("%s: %#v, expected %#v", one[0], seen, want)
		}
	}
}

func TestDeliveriesThatDoNotFitAreRefused(t *testing.T) {
	receive := func(body string, err func(tidemill.Delivery) error) bound_webhook.Refusal {
		author.Plugin.Receive = func(delivery tidemill.Delivery) ([]tidemill.Draft, error) { return nil, err(delivery) }
		return webhook.Receive(bound_webhook.Delivery{Body: []byte(body)}).Err()
	}
	read := func(delivery tidemill.Delivery) error {
		var order struct{ Total float64 }
		return delivery.JSON(&order)
	}
	for body, begins := range map[string]string{
		`{"total":`:            "the body is not JSON: ",
		"{\"total\":\"\xff\"}": "the body is not JSON: it is no UTF-8 text",
		`{"Total":"much"}`:     "the body does not fit: /Total: expected a number, found string",
	} {
		if refusal := receive(body, read); refusal.Status != 400 || !strings.HasPrefix(refusal.Detail, begins) {
			t.Errorf("%q: %v", body, refusal)
		}
	}
	problem := tidemill.Problem{At: "/total", Detail: "expected more"}
	for _, err := range []error{problem, tidemill.Problems{problem}} {
		refusal := receive("{}", func(tidemill.Delivery) error { return err })
		same(t, "refusal", []any{refusal.Status, refusal.Detail}, []any{400, "/total: expected more"})
	}
	if refusal := receive("{}", func(tidemill.Delivery) error { return errors.New("secret") }); refusal.Status != 503 {
		t.Errorf("an ordinary error: %v", refusal)
	}
}

func TestProblemsOfCallsAreInvalidArguments(t *testing.T) {
	call := func(arguments string, err func(tidemill.Call) error) bound_tools.Failure {
		author.Plugin.Call = func(call tidemill.Call) (tidemill.Answer, error) { return tidemill.Answer{}, err(call) }
		return tools.Call(bound_tools.Invocation{ArgumentsJson: arguments, Caller: types.None[string]()}).Err()
	}
	problem := tidemill.Problem{At: "/prices", Detail: "expected some"}
	failure := call("{}", func(tidemill.Call) error { return tidemill.Problems{problem, problem} })
	if failure.Tag() != bound_tools.FailureInvalidArguments || failure.InvalidArguments() != "/prices: expected some; /prices: expected some" {
		t.Errorf("problems: %v", failure)
	}
	failure = call(`{"prices":1}`, func(call tidemill.Call) error {
		var order struct {
			Prices []float64 `json:"prices"`
		}
		return call.Read(&order)
	})
	if failure.Tag() != bound_tools.FailureInvalidArguments || failure.InvalidArguments() != "/prices: expected a list, found number" {
		t.Errorf("arguments: %v", failure)
	}
}

// What people see where the plugin does not say it, escaped for pages.
func TestEventsAreShownByTypeAndSubjectOrID(t *testing.T) {
	author.Plugin.Render = nil
	for _, one := range [][3]string{
		{"<s>", "text", "a <s>"}, {"<s>", "html", "a &lt;s&gt;"}, {"", "text", "a i&d"}, {"", "html", "a i&amp;d"},
	} {
		row := make([]byte, 64)
		row[4], row[16], row[20], row[24], row[28] = 3, 3, 1, 4, byte(len(one[0]))
		shown := event_types.Render(bound.Batch{Rows: row, Arena: []byte("i&da" + one[0])}, one[1])
		same(t, one[1], shown.Ok(), []string{one[2]})
	}
}

func TestTheTemplateKeepsNumbersAsTheyAre(t *testing.T) {
	author.Plugin.Transform = template.Transform
	outcome := transform.Apply(with(`{"total":9007199254740993}`)).Ok()[0]
	if data := string(outcome.Emit()[0].Data.Some()); data != `{"currency":"EUR","total":9007199254740993}` {
		t.Error(data)
	}
	answer, err := template.Call(tidemill.Call{Name: "order_total", Arguments: []byte(`{"prices":[1000000,20000000]}`)})
	if err != nil || answer.Text != "21000000" {
		t.Errorf("%q, %v", answer.Text, err)
	}
}
