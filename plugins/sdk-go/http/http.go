// Package http sends requests to hosts that the plugin was granted ([grants] http = ["api.example.com"]), and waits for whole
// answers: http.Get("https://api.example.com/rates"). Redirects are answers. Natively every request fails.
package http

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tidemill.dev/sdk"
	"tidemill.dev/sdk/internal/host"
	"tidemill.dev/sdk/internal/nesting"
)

// Request is a request that is not yet sent.
type Request struct {
	// Method is GET where it is empty. URL begins with https:// or http://.
	Method, URL string
	// Headers are names and values; Host and those about the connection are the host's, and content-length is there by itself.
	Headers [][2]string
	Body    []byte
	// Timeout is how long to wait for the answer's head at most, if that is less than the plugin's limit; 0: the limit.
	Timeout time.Duration
}

// Response is a whole answer.
type Response struct {
	Status  uint16
	Headers [][2]string
	Body    []byte
}

// Kind says what kind of error there was instead of an answer.
type Kind uint8

// The kinds of errors.
const (
	// Failed: it could not be sent, or not be answered.
	Failed Kind = iota
	// Denied: the host, or the address that it has, was not granted.
	Denied
	// TimedOut: its time was over.
	TimedOut
	// TooLarge: the request or the answer is larger than the plugin's limits allow.
	TooLarge
	// Invalid: the request cannot be sent as it is.
	Invalid
)

// Error is why there is no answer. Returned as it is from a filter or a transform, it has the host ask again where that may help,
// and says that the plugin is broken where it does not.
type Error struct {
	Kind Kind
	Why  string
}

func (e *Error) Error() string { return e.Why }

// Unwrap is the fault that it is on the way of events.
func (e *Error) Unwrap() error {
	if e.Kind == Failed || e.Kind == TimedOut {
		return tidemill.RetryBatch(e.Why)
	}
	return tidemill.Broken(e.Why)
}

// Get is the answer to a GET.
func Get(url string) (Response, error) { return Request{URL: url}.Send() }

// Post is the answer to a POST with a body.
func Post(url string, body []byte, headers ...[2]string) (Response, error) {
	return Request{Method: "POST", URL: url, Headers: headers, Body: body}.Send()
}

// Send sends it and waits for the whole answer, which may have any status. The error is an *Error.
func (r Request) Send() (Response, error) {
	scheme, rest, _ := strings.Cut(r.URL, "://")
	if scheme != "https" && scheme != "http" {
		return Response{}, &Error{Invalid, "`" + r.URL + "` does not begin with `https://` or `http://`"}
	}
	// A body that its header contradicts would be cut off, or never come to its end.
	has := strconv.Itoa(len(r.Body))
	for _, field := range r.Headers {
		if strings.EqualFold(field[0], "content-length") && field[1] != has {
			why := "the header content-length says " + field[1] + " bytes, the body has " + has + "; leave the header out"
			return Response{}, &Error{Invalid, why}
		}
	}
	rest, _, _ = strings.Cut(rest, "#")
	made := host.Request{Method: r.Method, Secure: scheme == "https", Authority: rest, Target: "/", Headers: r.Headers, Body: r.Body}
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		made.Authority, made.Target = rest[:at], rest[at:]
	}
	if made.Method == "" {
		made.Method = "GET"
	}
	made.Timeout = uint64(max(r.Timeout.Nanoseconds(), 0))
	if host.Send == nil {
		host.Missing("http")
		return Response{}, &Error{Failed, "there is no network in native tests"}
	}
	answer, kind, why := host.Send(made)
	if why != "" {
		return Response{}, &Error{Kind(kind), why}
	}
	return Response(answer), nil
}

// IsSuccess says whether the status is 200 to 299.
func (r Response) IsSuccess() bool { return r.Status >= 200 && r.Status <= 299 }

// Header is a header field; of several, the first.
func (r Response) Header(name string) (string, bool) {
	for _, field := range r.Headers {
		if strings.EqualFold(field[0], name) {
			return field[1], true
		}
	}
	return "", false
}

// Text is the body as text; what is no UTF-8 is replaced.
func (r Response) Text() string { return strings.ToValidUTF8(string(r.Body), "\uFFFD") }

// JSON reads the body into a value; the error is an *Error.
func (r Response) JSON(into any) error {
	err := nesting.Check(r.Body)
	if err == nil {
		err = json.Unmarshal(r.Body, into)
	}
	if err != nil {
		return &Error{Failed, "the answer: " + err.Error()}
	}
	return nil
}
