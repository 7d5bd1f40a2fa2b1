// Runs the test vectors of all SDKs through the code that stands in a component: rows in, the bindings' answers out.
package vectors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	event_types "tidemill.dev/sdk/gen/export_tidemill_plugin_event_types"
	filter "tidemill.dev/sdk/gen/export_tidemill_plugin_filter"
	transform "tidemill.dev/sdk/gen/export_tidemill_plugin_transform"
	bound_types "tidemill.dev/sdk/gen/tidemill_plugin_event_types"
	bound_transform "tidemill.dev/sdk/gen/tidemill_plugin_transform"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_types"
)

// long joins a text, or a list of texts and [text, times].
func long(t *testing.T, value any, part func(string) string) string {
	t.Helper()
	switch value := value.(type) {
	case string:
		return part(value)
	case []any:
		var joined strings.Builder
		for _, piece := range value {
			if pair, ok := piece.([]any); ok {
				times, err := pair[1].(json.Number).Int64()
				if err != nil {
					t.Fatal(err)
				}
				joined.WriteString(strings.Repeat(part(pair[0].(string)), int(times)))
			} else {
				joined.WriteString(part(piece.(string)))
			}
		}
		return joined.String()
	default:
		t.Fatalf("no bytes: %v", value)
		return ""
	}
}

func unhex(t *testing.T, value any) []byte {
	t.Helper()
	return []byte(long(t, value, func(text string) string {
		decoded, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(decoded)
	}))
}

func plain(text string) string { return text }

func read(t *testing.T, name string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv("TIDEMILL_VECTORS"), name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []map[string]any }
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	return file.Cases
}

// same compares two values by their JSON, so that numbers and lists are of one type.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	plain := func(value any) (out any) {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, want := plain(got), plain(want); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %.300v, expected %.300v", what, got, want)
	}
}

func faulted(fault bound.Fault) any {
	if fault.Tag() == bound.FaultRetry {
		return map[string]any{"retry": fault.Retry()}
	}
	return map[string]any{"broken": fault.Broken()}
}

func TestBatches(t *testing.T) {
	for _, one := range read(t, "batches.json") {
		t.Run(one["name"].(string), func(t *testing.T) {
			var rows []byte
			if several, ok := one["rows"].([]any); ok {
				rows = unhex(t, several)
			}
			batch := bound.Batch{Rows: rows, Arena: unhex(t, one["arena"])}
			var events []tidemill.Event
			author.Plugin.Filter = func(event tidemill.Event) (tidemill.Verdict, error) {
				events = append(events, event)
				return tidemill.VerdictKeep, nil
			}
			answer := filter.Decide(batch)
			if want, ok := one["fault"]; ok {
				if answer.IsOk() {
					t.Fatal("no fault")
				}
				same(t, "fault", faulted(answer.Err()), want)
				if len(events) > 0 {
					t.Error("the author's code saw events")
				}
				return
			}
			if answer.IsErr() {
				t.Fatal(faulted(answer.Err()))
			}
			want := one["events"].([]any)
			if len(events) != len(want) {
				t.Fatalf("%d events, expected %d", len(events), len(want))
			}
			for number, event := range events {
				compare(t, event, want[number].(map[string]any))
			}
		})
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func compare(t *testing.T, event tidemill.Event, want map[string]any) {
	t.Helper()
	same(t, "id", event.ID(), want["id"])
	same(t, "source", event.Source(), want["source"])
	same(t, "type", event.Type(), want["type"])
	same(t, "subject", orNull(event.Subject()), want["subject"])
	same(t, "contentType", orNull(event.ContentType()), want["contentType"])
	same(t, "timeMs", event.TimeMS(), want["timeMs"])
	same(t, "extensions", event.Extensions(), want["extensions"])
	for name, value := range want["extensions"].(map[string]any) {
		text, ok := value.(string)
		if !ok {
			text = fmt.Sprint(value)
		}
		if found, there := event.Extension(name); !there || found != text {
			t.Errorf("extension %s: %q, expected %q", name, found, text)
		}
	}
	if !bytes.Equal(event.Data(), unhex(t, want["data"])) {
		t.Errorf("data differ")
	}
	same(t, "isJson", event.IsJSON(), want["isJson"])
	text, err := event.Text()
	if want["text"] == nil {
		if err == nil {
			t.Error("the data was read as text")
		}
	} else if err != nil || text != long(t, want["text"], plain) {
		t.Errorf("text: %.100q, %v", text, err)
	}
	var value any
	err = event.JSON(&value)
	if want["invalidJson"] == true {
		problem, ok := err.(tidemill.Problem)
		if !ok || problem.At != "" {
			t.Errorf("expected a problem of the data as a whole, got %v", err)
		}
	} else if wanted, ok := want["jsonText"]; ok {
		same(t, "json", value, long(t, wanted, plain))
	} else if wanted, ok := want["json"]; ok {
		if err != nil {
			t.Error(err)
		}
		same(t, "json", value, wanted)
	}
}

func problems(value any) (made []tidemill.Problem) {
	for _, one := range value.([]any) {
		problem := one.(map[string]any)
		made = append(made, tidemill.Problem{At: problem["at"].(string), Detail: problem["detail"].(string)})
	}
	return made
}

func raised(say any) error {
	members, ok := say.(map[string]any)
	if !ok || members["raise"] == nil {
		return nil
	}
	raise := members["raise"].(map[string]any)
	if why, ok := raise["retry"]; ok {
		return tidemill.RetryBatch(why.(string))
	}
	if why, ok := raise["broken"]; ok {
		return tidemill.Broken(why.(string))
	}
	return tidemill.Problems(problems(raise["problems"]))
}

func output(t *testing.T, members map[string]any) tidemill.Output {
	made := tidemill.NewOutput()
	for name, value := range members {
		switch name {
		case "type":
			made = made.WithType(value.(string))
		case "subject":
			made = made.WithSubject(value.(string))
		case "contentType":
			made = made.WithContentType(value.(string))
		case "extensions":
			for _, pair := range value.([]any) {
				made = made.WithExtension(pair.([]any)[0].(string), pair.([]any)[1].(string))
			}
		case "json":
			made = made.WithJSON(value)
		case "data":
			made = made.WithData(unhex(t, value))
		default:
			t.Fatalf("unknown member %s", name)
		}
	}
	return made
}

func TestAnswers(t *testing.T) {
	for _, one := range read(t, "answers.json") {
		t.Run(one["kind"].(string)+": "+one["name"].(string), func(t *testing.T) {
			says := one["say"].([]any)
			next := func() any { say := says[0]; says = says[1:]; return say }
			batch := bound.Batch{Rows: make([]byte, 64*len(says))}
			var got, fault any
			switch one["kind"] {
			case "filter":
				author.Plugin.Filter = func(tidemill.Event) (tidemill.Verdict, error) {
					say := next()
					verdicts := map[any]tidemill.Verdict{"keep": tidemill.VerdictKeep, "drop": tidemill.VerdictDrop, "reject": tidemill.VerdictReject}
					if err := raised(say); err != nil {
						return 0, err
					}
					return verdicts[say], nil
				}
				got, fault = answer(filter.Decide(batch), func(verdict uint8) any {
					return []any{"keep", "drop", "reject"}[verdict]
				})
			case "transform":
				author.Plugin.Transform = func(tidemill.Event) (tidemill.Outcome, error) { return outcome(t, next()) }
				got, fault = answer(transform.Apply(batch), showOutcome)
			default:
				author.Plugin.Validate = func(tidemill.Event) (tidemill.Validity, error) { return validity(t, next()) }
				got, fault = answer(event_types.Validate(batch), showValidity)
			}
			same(t, "answer", got, one["answer"])
			same(t, "fault", fault, one["fault"])
		})
	}
}

func answer[T any](result types.Result[[]T, bound.Fault], show func(T) any) (answers, fault any) {
	if result.IsErr() {
		return nil, faulted(result.Err())
	}
	shown := []any{}
	for _, one := range result.Ok() {
		shown = append(shown, show(one))
	}
	return shown, nil
}

func outcome(t *testing.T, say any) (tidemill.Outcome, error) {
	switch say {
	case "keep":
		return tidemill.Keep(), nil
	case "drop":
		return tidemill.Drop(), nil
	}
	members, _ := say.(map[string]any)
	if emitted, ok := members["emit"]; ok {
		outputs := []tidemill.Output{}
		for _, one := range emitted.([]any) {
			outputs = append(outputs, output(t, one.(map[string]any)))
		}
		return tidemill.Emit(outputs...), nil
	}
	if found, ok := members["reject"]; ok {
		return tidemill.Reject(problems(found)...), nil
	}
	if why, ok := members["retry"]; ok {
		return tidemill.Retry(why.(string)), nil
	}
	return tidemill.Outcome{}, raised(say)
}

func validity(t *testing.T, say any) (tidemill.Validity, error) {
	if say == "valid" {
		return tidemill.Valid(), nil
	}
	members := say.(map[string]any)
	if changed, ok := members["normalised"]; ok {
		return tidemill.Normalised(output(t, changed.(map[string]any))), nil
	}
	if found, ok := members["invalid"]; ok {
		return tidemill.Invalid(problems(found)...), nil
	}
	return tidemill.Validity{}, raised(say)
}

func text(option types.Option[string]) any {
	if option.IsNone() {
		return nil
	}
	return option.Some()
}

func showOutput(output bound.Output) any {
	var extensions, data any
	if output.Extensions.IsSome() {
		pairs := [][2]string{}
		for _, tuple := range output.Extensions.Some() {
			pairs = append(pairs, [2]string{tuple.F0, tuple.F1})
		}
		extensions = pairs
	}
	if output.Data.IsSome() {
		data = hex.EncodeToString(output.Data.Some())
	}
	return map[string]any{
		"type": text(output.Type), "subject": text(output.Subject), "contentType": text(output.ContentType),
		"extensions": extensions, "data": data,
	}
}

func showProblems(problems []bound.Problem) any {
	shown := []any{}
	for _, problem := range problems {
		shown = append(shown, map[string]any{"at": problem.At, "detail": problem.Detail})
	}
	return shown
}

func showOutcome(outcome bound_transform.Outcome) any {
	switch outcome.Tag() {
	case bound_transform.OutcomeKeep:
		return "keep"
	case bound_transform.OutcomeDrop:
		return "drop"
	case bound_transform.OutcomeEmit:
		outputs := []any{}
		for _, output := range outcome.Emit() {
			outputs = append(outputs, showOutput(output))
		}
		return map[string]any{"emit": outputs}
	case bound_transform.OutcomeReject:
		return map[string]any{"reject": showProblems(outcome.Reject())}
	default:
		return map[string]any{"retry": outcome.Retry()}
	}
}

func showValidity(validity bound_types.Validity) any {
	switch validity.Tag() {
	case bound_types.ValidityValid:
		return "valid"
	case bound_types.ValidityNormalised:
		return map[string]any{"normalised": showOutput(validity.Normalised())}
	default:
		return map[string]any{"invalid": showProblems(validity.Invalid())}
	}
}
