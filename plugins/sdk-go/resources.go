package tidemill

// Resource is something that clients may read by its address.
type Resource struct {
	// URI is its address, at most 1,024 bytes.
	URI string
	About
}

// Template stands for resources that are too many to list.
type Template struct {
	// URITemplate is a URI template (RFC 6570, level 1) such as orders://{id}, at most 1,024 bytes.
	URITemplate string
	About
}

// About is what is known of a resource, or of all that a template stands for. Name is needed; what is empty is absent.
type About struct {
	Name, Title, Description, MediaType string
	// Permission is what those have who see and read it; empty: everybody.
	Permission string
}

// NotFound is the error for a resource that there is not.
type NotFound struct{}

func (NotFound) Error() string { return "there is no such resource" }

// Question is what a person begins to write: an argument of a prompt, or a variable of a URI template; the other one is empty.
type Question struct {
	Prompt, URITemplate string
	Argument            string
	// Value is what of it is there, Others are those that are there already.
	Value  string
	Others []Pair
}

// Suggestions are values that may be meant.
type Suggestions struct {
	// Values are the first ones, best first, at most 100.
	Values []string
	// Total is how many there are in all; 0 if nobody knows.
	Total uint32
	// More: there are more than these.
	More bool
}
