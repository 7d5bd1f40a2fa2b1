package author

import (
	"strconv"
	"strings"

	types "go.bytecodealliance.org/pkg/wit/types"
	handler "tidemill.dev/sdk/gen/wasi_http_outgoing_handler"
	bound "tidemill.dev/sdk/gen/wasi_http_types"
	streams "tidemill.dev/sdk/gen/wasi_io_streams"
	"tidemill.dev/sdk/http"
	"tidemill.dev/sdk/internal/host"
)

// The host takes no more at once.
const (
	pieceIn  = 64 << 10
	pieceOut = 4096
)

func init() {
	host.Send = func(request host.Request) (host.Response, uint8, string) {
		answer, err := send(request)
		if err != nil {
			return host.Response{}, uint8(err.Kind), err.Why
		}
		return answer, 0, ""
	}
}

func failed(why string) *http.Error { return &http.Error{Kind: http.Failed, Why: why} }

func send(request host.Request) (host.Response, *http.Error) {
	made, wrong := head(request)
	if wrong != "" {
		return host.Response{}, &http.Error{Kind: http.Invalid, Why: wrong}
	}
	bodied := made.Body()
	if bodied.IsErr() {
		return host.Response{}, &http.Error{Kind: http.Invalid, Why: "`content-length` is no number"}
	}
	body, options := bodied.Ok(), bound.MakeRequestOptions()
	if request.Timeout > 0 {
		options.SetFirstByteTimeout(types.Some(request.Timeout))
	}
	handled := handler.Handle(made, types.Some(options))
	if handled.IsErr() {
		body.Drop()
		return host.Response{}, told(handled.Err())
	}
	future := handled.Ok()
	defer future.Drop()
	write(body, request.Body)
	// A server may answer before it has read the whole body: what counts is whether there is an answer.
	bound.OutgoingBodyFinish(body, types.None[*bound.Fields]())
	ready := future.Subscribe()
	ready.Block()
	ready.Drop()
	got := future.Get()
	if got.IsNone() || got.Some().IsErr() {
		return host.Response{}, failed("there is no answer")
	}
	answered := got.Some().Ok()
	if answered.IsErr() {
		return host.Response{}, told(answered.Err())
	}
	answer := answered.Ok()
	defer answer.Drop()
	return read(answer)
}

// head is the request without its body, or what is wrong with it.
func head(request host.Request) (*bound.OutgoingRequest, string) {
	headers := make([]types.Tuple2[string, []uint8], 0, len(request.Headers)+1)
	sized := len(request.Body) > 0 || request.Method == "POST" || request.Method == "PUT" || request.Method == "PATCH"
	for _, field := range request.Headers {
		headers = append(headers, types.Tuple2[string, []uint8]{F0: field[0], F1: []byte(field[1])})
		sized = sized && !strings.EqualFold(field[0], "content-length")
	}
	if sized {
		length := []byte(strconv.Itoa(len(request.Body)))
		headers = append(headers, types.Tuple2[string, []uint8]{F0: "content-length", F1: length})
	}
	fields := bound.FieldsFromList(headers)
	if fields.IsErr() {
		return nil, "a header field is none, or one of those that are the host's"
	}
	made, scheme := bound.MakeOutgoingRequest(fields.Ok()), bound.MakeSchemeHttp()
	if request.Secure {
		scheme = bound.MakeSchemeHttps()
	}
	for _, one := range []struct {
		set  types.Result[types.Unit, types.Unit]
		what string
	}{
		{made.SetMethod(method(request.Method)), "the method `" + request.Method},
		{made.SetScheme(types.Some(scheme)), "the scheme of `" + request.Authority},
		{made.SetAuthority(types.Some(request.Authority)), "the host `" + request.Authority},
		{made.SetPathWithQuery(types.Some(request.Target)), "the path `" + request.Target},
	} {
		if one.set.IsErr() {
			made.Drop()
			return nil, one.what + "` is wrong or too long"
		}
	}
	return made, ""
}

func method(name string) bound.Method {
	switch name {
	case "GET":
		return bound.MakeMethodGet()
	case "HEAD":
		return bound.MakeMethodHead()
	case "POST":
		return bound.MakeMethodPost()
	case "PUT":
		return bound.MakeMethodPut()
	case "DELETE":
		return bound.MakeMethodDelete()
	case "OPTIONS":
		return bound.MakeMethodOptions()
	case "PATCH":
		return bound.MakeMethodPatch()
	default:
		return bound.MakeMethodOther(name)
	}
}

// write sends the body; a request that was ended meanwhile takes no more, and its answer says why.
func write(body *bound.OutgoingBody, bytes []byte) {
	opened := body.Write()
	if opened.IsErr() {
		return
	}
	stream := opened.Ok()
	defer stream.Drop()
	for len(bytes) > 0 {
		size := min(len(bytes), pieceOut)
		if stream.BlockingWriteAndFlush(bytes[:size]).IsErr() {
			return
		}
		bytes = bytes[size:]
	}
}

func read(answer *bound.IncomingResponse) (host.Response, *http.Error) {
	made := host.Response{Status: answer.Status()}
	fields := answer.Headers()
	for _, field := range fields.Entries() {
		made.Headers = append(made.Headers, [2]string{field.F0, string(field.F1)})
	}
	fields.Drop()
	consumed := answer.Consume()
	if consumed.IsErr() {
		return made, failed("its body is gone")
	}
	body := consumed.Ok()
	defer body.Drop()
	opened := body.Stream()
	if opened.IsErr() {
		return made, failed("its body is gone")
	}
	stream := opened.Ok()
	defer stream.Drop()
	for {
		piece := stream.BlockingRead(pieceIn)
		if piece.IsOk() {
			made.Body = append(made.Body, piece.Ok()...)
			continue
		}
		ended := piece.Err()
		if ended.Tag() == streams.StreamErrorClosed {
			return made, nil
		}
		why := ended.LastOperationFailed()
		defer why.Drop()
		return made, failed(why.ToDebugString())
	}
}

func told(code bound.ErrorCode) *http.Error {
	switch code.Tag() {
	case bound.ErrorCodeHttpRequestDenied:
		return &http.Error{Kind: http.Denied, Why: "denied: the host was not granted"}
	case bound.ErrorCodeDestinationIpProhibited:
		return &http.Error{Kind: http.Denied, Why: "denied: its address is not public and was not granted"}
	case bound.ErrorCodeDnsTimeout:
		return &http.Error{Kind: http.TimedOut, Why: "timed out: looking up its name"}
	case bound.ErrorCodeConnectionTimeout:
		return &http.Error{Kind: http.TimedOut, Why: "timed out: connecting to it"}
	case bound.ErrorCodeConnectionReadTimeout, bound.ErrorCodeHttpResponseTimeout:
		return &http.Error{Kind: http.TimedOut, Why: "timed out: waiting for its answer"}
	case bound.ErrorCodeConnectionWriteTimeout:
		return &http.Error{Kind: http.TimedOut, Why: "timed out: sending the request"}
	case bound.ErrorCodeHttpRequestBodySize:
		return &http.Error{Kind: http.TooLarge, Why: "too large: the body of the request"}
	case bound.ErrorCodeHttpResponseBodySize:
		return &http.Error{Kind: http.TooLarge, Why: "too large: the body of the answer"}
	case bound.ErrorCodeHttpResponseHeaderSectionSize:
		return &http.Error{Kind: http.TooLarge, Why: "too large: the head of the answer"}
	case bound.ErrorCodeHttpRequestMethodInvalid:
		return &http.Error{Kind: http.Invalid, Why: "its method is not one that may be sent"}
	case bound.ErrorCodeHttpRequestUriInvalid:
		return &http.Error{Kind: http.Invalid, Why: "its URL names no host that a request can go to"}
	case bound.ErrorCodeConnectionRefused:
		return failed("the host takes no connection")
	case bound.ErrorCodeTlsCertificateError:
		return failed("the host's certificate is not trusted")
	case bound.ErrorCodeDnsError:
		return failed("its name was not found" + more(code.DnsError().Rcode))
	case bound.ErrorCodeInternalError:
		return failed(names[code.Tag()] + more(code.InternalError()))
	default:
		return failed(names[code.Tag()])
	}
}

// more is what the host says beside the name of an error.
func more(why types.Option[string]) string {
	if why.IsNone() {
		return ""
	}
	return ": " + why.Some()
}

// names are what the contract calls each error, by its tag.
var names = [...]string{
	"DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable", "destination-IP-prohibited",
	"destination-IP-unroutable", "connection-refused", "connection-terminated", "connection-timeout", "connection-read-timeout",
	"connection-write-timeout", "connection-limit-reached", "TLS-protocol-error", "TLS-certificate-error", "TLS-alert-received",
	"HTTP-request-denied", "HTTP-request-length-required", "HTTP-request-body-size", "HTTP-request-method-invalid",
	"HTTP-request-URI-invalid", "HTTP-request-URI-too-long", "HTTP-request-header-section-size", "HTTP-request-header-size",
	"HTTP-request-trailer-section-size", "HTTP-request-trailer-size", "HTTP-response-incomplete",
	"HTTP-response-header-section-size", "HTTP-response-header-size", "HTTP-response-body-size",
	"HTTP-response-trailer-section-size", "HTTP-response-trailer-size", "HTTP-response-transfer-coding",
	"HTTP-response-content-coding", "HTTP-response-timeout", "HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected",
	"configuration-error", "internal-error",
}
