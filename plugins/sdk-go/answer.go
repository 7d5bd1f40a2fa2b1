package tidemill

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Verdict is what becomes of one event in a filter.
type Verdict uint8

// The verdicts: it goes on; it ends here; it ends here as a mistake of the publisher.
const (
	VerdictKeep Verdict = iota
	VerdictDrop
	VerdictReject
)

// KeepIf keeps the event if the condition holds, and drops it otherwise.
func KeepIf(condition bool) Verdict {
	if condition {
		return VerdictKeep
	}
	return VerdictDrop
}

// Case says which answer an Outcome or a Validity is. For the generated code.
type Case uint8

// The cases in the order of the contract.
const (
	CaseKeep Case = iota
	CaseDrop
	CaseEmit
	CaseReject
	CaseRetry
)

// The cases of a Validity.
const (
	CaseValid Case = iota
	CaseNormalised
	CaseInvalid
)

// Outcome is what becomes of one event in a transform: Keep, Drop, Emit, Reject or Retry. Its zero value is Keep.
type Outcome struct {
	Case     Case
	Outputs  []Output
	Problems []Problem
	Why      string
}

// Keep lets the event go on as it came.
func Keep() Outcome { return Outcome{} }

// Drop ends the event here.
func Drop() Outcome { return Outcome{Case: CaseDrop} }

// Emit has these go on in its place: one for a change, more for a split.
func Emit(outputs ...Output) Outcome { return Outcome{Case: CaseEmit, Outputs: outputs} }

// Reject ends the event as a mistake of its publisher, who is told the problems.
func Reject(problems ...Problem) Outcome { return Outcome{Case: CaseReject, Problems: problems} }

// Retry has the publisher send the event again.
func Retry(why string) Outcome { return Outcome{Case: CaseRetry, Why: why} }

// Validity is what the owner of a type thinks of one event: Valid, Normalised or Invalid. Its zero value is Valid.
type Validity struct {
	Case     Case
	Output   Output
	Problems []Problem
}

// Valid accepts the event as it is.
func Valid() Validity { return Validity{} }

// Normalised accepts it with these changes.
func Normalised(output Output) Validity { return Validity{Case: CaseNormalised, Output: output} }

// Invalid says that it is no event of this type.
func Invalid(problems ...Problem) Validity { return Validity{Case: CaseInvalid, Problems: problems} }

// Output is what changes in an event: only what is set.
type Output struct {
	// Type, Subject and ContentType, where they are not nil. An empty subject or content type removes it.
	Type, Subject, ContentType *string
	// Extensions to set, in order; an empty value removes one.
	Extensions []Pair
	// Data, where it is not nil.
	Data []byte
}

// Pair is a name and a value.
type Pair struct{ Name, Value string }

// NewOutput changes nothing yet.
func NewOutput() Output { return Output{} }

// WithType sets the event's type.
func (o Output) WithType(name string) Output { o.Type = &name; return o }

// WithSubject sets the subject; an empty one is removed.
func (o Output) WithSubject(subject string) Output { o.Subject = &subject; return o }

// WithContentType sets the media type of the data; an empty one is removed, which means JSON.
func (o Output) WithContentType(mediaType string) Output { o.ContentType = &mediaType; return o }

// WithExtension sets an extension attribute; an empty value removes it.
func (o Output) WithExtension(name, value string) Output {
	o.Extensions = append(o.Extensions[:len(o.Extensions):len(o.Extensions)], Pair{name, value})
	return o
}

// WithData sets the data.
func (o Output) WithData(data []byte) Output {
	o.Data = data
	if data == nil {
		o.Data = []byte{}
	}
	return o
}

// WithJSON sets the data as JSON. A value that cannot be JSON is a mistake of the plugin and panics.
func (o Output) WithJSON(value any) Output {
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("the output's data cannot be written as JSON: %v", err))
	}
	return o.WithData(data)
}

// Problem is what is wrong with an event. Returned as an error it rejects that event.
type Problem struct {
	// At is a JSON Pointer (RFC 6901) into the data, the name of an attribute, or empty for the data as a whole.
	At string
	// Detail is one sentence that says what was expected.
	Detail string
}

func (p Problem) Error() string {
	if p.At == "" {
		return p.Detail
	}
	return p.At + ": " + p.Detail
}

// Problems are several of them.
type Problems []Problem

func (p Problems) Error() string {
	if len(p) == 0 {
		return "no problems"
	}
	told := make([]string, len(p))
	for number, problem := range p {
		told[number] = problem.Error()
	}
	return strings.Join(told, "; ")
}

// Fault is an error by which the plugin as a whole cannot go on with the batch.
type Fault struct {
	// Again says that the host is to ask again; otherwise the plugin is broken.
	Again bool
	Why   string
}

func (f *Fault) Error() string { return f.Why }

// RetryBatch says that something outside the events is missing for the moment: the host asks again, within bounds.
func RetryBatch(why string) error { return &Fault{Again: true, Why: why} }

// Broken says that the plugin cannot work, and no event of the batch goes through it. Any other error that is no Problem is
// about its event alone: the host finds that one by asking for fewer at a time.
func Broken(why string) error { return &Fault{Why: why} }

// AsProblems are the problems that an error is, if it is some. For the generated code.
func AsProblems(err error) (Problems, bool) {
	var several Problems
	if errors.As(err, &several) {
		return several, true
	}
	var one Problem
	if errors.As(err, &one) {
		return Problems{one}, true
	}
	return nil, false
}

// AsFault is the fault that an error is. For the generated code.
func AsFault(err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	return &Fault{Why: err.Error()}
}

// EventType is one event type that the plugin owns.
type EventType struct {
	Name, Version, Summary string
	// Schema is the JSON Schema (2020-12) of the data.
	Schema string
	// Examples of the data, each one JSON text.
	Examples []string
}
