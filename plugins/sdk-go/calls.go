package tidemill

import "encoding/json"

// Client is whoever called a tool or asked for a prompt.
type Client struct {
	// Caller is who their token says they are; empty for somebody without one.
	Caller string
	// Accepted are the methods of what their side can be asked for.
	Accepted []string
	// Responses are the answers to what was asked for the last time: JSON, of which nothing was checked.
	Responses map[string]json.RawMessage
	// State is what was wanted back then.
	State string
}

// Accepts says whether the client's side can be asked for this, such as "elicitation/create".
func (c Client) Accepts(method string) bool {
	for _, own := range c.Accepted {
		if own == method {
			return true
		}
	}
	return false
}

// Response reads the answer to what was asked for under this name into a value; false if there is none that fits.
func (c Client) Response(name string, into any) bool {
	found, there := c.Responses[name]
	return there && read(found, into) == nil
}

// Tool is something that clients may call.
type Tool struct {
	Name, Title, Description string
	// InputSchema is the JSON Schema of the arguments; empty: an object without members. OutputSchema and Permission may be empty.
	InputSchema, OutputSchema, Permission        string
	ReadOnly, Destructive, Idempotent, OpenWorld bool
}

// Call is one call of a tool.
type Call struct {
	Client
	Name string
	// Arguments are a JSON object that the schema allows.
	Arguments json.RawMessage
}

// Read reads the arguments; returned as it is, its error tells the caller.
func (c Call) Read(into any) error {
	if err := read(c.Arguments, into); err != nil {
		return InvalidArguments(err.Error())
	}
	return nil
}

// Answer is what came of a call: a text for people and models and, if there is something for programs, a value.
type Answer struct {
	Text string
	// Content are further parts, after the text.
	Content []Part
	// Structured becomes JSON where it is not nil.
	Structured any
	// IsError: the tool could not do it, and the text says why.
	IsError bool
	// Ask is what the client's side is asked instead, where it is not nil.
	Ask *InputRequired
}

// InvalidArguments is an error that says what is wrong beyond what the schema says.
type InvalidArguments string

func (i InvalidArguments) Error() string { return string(i) }

// UnknownTool is the error for a tool that there is not.
type UnknownTool struct{}

func (UnknownTool) Error() string { return "there is no such tool" }

// Prompt is a text for models that clients offer to people, filled in with what those say.
type Prompt struct {
	Name, Title, Description string
	Arguments                []Argument
	// Permission is what those have who see it; empty: everybody.
	Permission string
}

// Argument is what a prompt is filled in with; the host refuses requests without what is required.
type Argument struct {
	Name, Description string
	Required          bool
}

// Request is one request for a prompt.
type Request struct {
	Client
	Name      string
	Arguments []Pair
}

// Argument is the value of an argument; empty if it was not given.
func (r Request) Argument(name string) string {
	value, _ := first(r.Arguments, name)
	return value
}

// Filled is a prompt, filled in.
type Filled struct {
	Description string
	Messages    []Message
	// Ask is what the client's side is asked instead, where it is not nil.
	Ask *InputRequired
}

// Message is one message of a conversation.
type Message struct {
	Role    Role
	Content Part
}

// Role is who says a message.
type Role uint8

// The roles that there are.
const (
	RoleUser Role = iota
	RoleAssistant
)

// User is a prompt of what a person says, in so many messages.
func User(parts ...Part) Filled {
	messages := make([]Message, len(parts))
	for number, part := range parts {
		messages[number] = Message{RoleUser, part}
	}
	return Filled{Messages: messages}
}

// UnknownPrompt is the error for a prompt that there is not.
type UnknownPrompt struct{}

func (UnknownPrompt) Error() string { return "there is no such prompt" }
