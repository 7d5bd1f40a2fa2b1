package convert

import (
	"encoding/json"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_content"
)

// Content is the bindings'.
func Content(own tidemill.ResourceContent) bound.ResourceContent {
	body := bound.MakeResourceBodyText(own.Text)
	if own.Blob != nil {
		body = bound.MakeResourceBodyBlob(own.Blob)
	}
	return bound.ResourceContent{Uri: own.URI, MediaType: Text(own.MediaType), Body: body}
}

// Part is the bindings'.
func Part(own tidemill.Part) bound.Part {
	media := bound.Media{Data: own.Content.Blob, MediaType: own.Content.MediaType}
	switch own.Kind {
	case tidemill.PartImage:
		return bound.MakePartImage(media)
	case tidemill.PartAudio:
		return bound.MakePartAudio(media)
	case tidemill.PartEmbedded:
		return bound.MakePartEmbedded(Content(own.Content))
	case tidemill.PartLink:
		return bound.MakePartLink(bound.ResourceLink{Uri: own.Content.URI, Name: own.Text, MediaType: Text(own.Content.MediaType)})
	default:
		return bound.MakePartText(own.Text)
	}
}

// Client is the SDK's.
func Client(caller, state types.Option[string], accepts []string, responses []bound.InputResponse) tidemill.Client {
	made := tidemill.Client{Caller: caller.SomeOr(""), State: state.SomeOr(""), Accepted: accepts}
	made.Responses = make(map[string]json.RawMessage, len(responses))
	for _, response := range responses {
		made.Responses[response.Name] = json.RawMessage(response.ResultJson)
	}
	return made
}

// Asked is the bindings'; an error if parameters cannot be JSON.
func Asked(own tidemill.InputRequired) (bound.InputRequired, error) {
	requests := make([]bound.InputRequest, len(own.Requests))
	for number, request := range own.Requests {
		params := []byte("{}")
		if request.Params != nil {
			var err error
			if params, err = json.Marshal(request.Params); err != nil {
				return bound.InputRequired{}, err
			}
		}
		requests[number] = bound.InputRequest{Name: request.Name, Method: request.Method, ParamsJson: string(params)}
	}
	return bound.InputRequired{Requests: requests, State: Text(own.State)}, nil
}
