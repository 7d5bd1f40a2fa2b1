// Package host is where the generated code of a component puts what the host offers. Natively all of it is nil.
package host

// Draft is an event to publish; empty texts are absent.
type Draft struct {
	Type, ID, Source, Subject, ContentType string
	Extensions                             [][2]string
	Data                                   []byte
}

// Entry is what a key holds.
type Entry struct {
	Value   []byte
	Version uint64
}

// Failure is why something was not written.
type Failure struct {
	Stale, Quota bool
	Now          *Entry
	Other        string
}

// Request is a request over HTTP; the timeout is in nanoseconds, 0 for none of its own.
type Request struct {
	Method, Authority, Target string
	Secure                    bool
	Headers                   [][2]string
	Body                      []byte
	Timeout                   uint64
}

// Response is its answer.
type Response struct {
	Status  uint16
	Headers [][2]string
	Body    []byte
}

// What the host offers, if the plugin's world has it.
var (
	Log         func(level uint8, message string, fields [][2]string)
	MeterAdd    func(name string, delta uint64)
	MeterRecord func(name string, value float64)
	Publish     func(events []Draft) (why string, ok bool)
	Progress    func(done, total float64, message string)
	Cancelled   func() bool
	Changed     func(what uint8)
	Updated     func(uri string)
	Streams     func(path string) (uint32, bool)
	// Without an answer why is not empty, and kind is one of http.Kind.
	Send func(request Request) (answer Response, kind uint8, why string)

	StateGet       func(keys []string) []*Entry
	StatePut       func(key string, value []byte, ifVersion *uint64, ttlMS uint64) (uint64, *Failure)
	StateIncrement func(key string, by int64, ttlMS uint64) (int64, *Failure)
	StateDelete    func(key string) bool
	StateKeys      func(prefix, after string, limit uint32) []string
)

// InComponent is set by the generated code: what is nil is then missing from `uses`.
var InComponent bool

// Missing ends a call of something that the world does not have.
func Missing(name string) {
	if InComponent {
		panic("add \"" + name + "\" to uses in tidemill-plugin.toml and build again")
	}
}
