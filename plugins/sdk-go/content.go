package tidemill

// PartKind says what a Part is. For the generated code.
type PartKind uint8

// The kinds of parts in the order of the contract.
const (
	PartText PartKind = iota
	PartImage
	PartAudio
	PartEmbedded
	PartLink
)

// Part is one part of an answer: Text, Image, Audio, Embedded or Link.
type Part struct {
	Kind PartKind
	// Text of a text, name of a link.
	Text string
	// Content of all others: bytes with a media type, a resource, the address of one.
	Content ResourceContent
}

// Text is a text.
func Text(text string) Part { return Part{Text: text} }

// Image is a picture of a media type such as image/png.
func Image(data []byte, mediaType string) Part {
	return Part{Kind: PartImage, Content: ResourceContent{Blob: data, MediaType: mediaType}}
}

// Audio is sound of a media type such as audio/wav.
func Audio(data []byte, mediaType string) Part {
	return Part{Kind: PartAudio, Content: ResourceContent{Blob: data, MediaType: mediaType}}
}

// Embedded is a resource with its content.
func Embedded(content ResourceContent) Part { return Part{Kind: PartEmbedded, Content: content} }

// Link is a resource by its address alone; the media type may be empty.
func Link(uri, name, mediaType string) Part {
	return Part{Kind: PartLink, Text: name, Content: ResourceContent{URI: uri, MediaType: mediaType}}
}

// ResourceContent is a resource with its content.
type ResourceContent struct {
	// URI is its address, at most 1,024 bytes. MediaType may be empty.
	URI, MediaType string
	// Text is the content, unless Blob is not nil.
	Text string
	Blob []byte
}

// InputRequired is what the client's side is asked first; once all is answered the call is made again with the same arguments.
type InputRequired struct {
	// Requests are at most 32.
	Requests []InputRequest
	// State is wanted back with the answers; at most 64 KiB.
	State string
}

// InputRequest is something that is asked of the client's side.
type InputRequest struct {
	// Name is that by which the answer is known.
	Name string
	// Method is "elicitation/create", "sampling/createMessage" or "roots/list".
	Method string
	// Params become a JSON object; nil: an empty one.
	Params any
}

// Elicit asks a person: a message, and a JSON Schema of what they fill in, as a value that becomes JSON.
func (i InputRequired) Elicit(name, message string, schema any) InputRequired {
	return i.request(name, "elicitation/create", map[string]any{"message": message, "requestedSchema": schema})
}

// Sample asks a model: the parameters of sampling/createMessage.
func (i InputRequired) Sample(name string, params any) InputRequired {
	return i.request(name, "sampling/createMessage", params)
}

// Roots asks for the roots that the client shows.
func (i InputRequired) Roots(name string) InputRequired { return i.request(name, "roots/list", nil) }

func (i InputRequired) request(name, method string, params any) InputRequired {
	i.Requests = append(i.Requests[:len(i.Requests):len(i.Requests)], InputRequest{name, method, params})
	return i
}
