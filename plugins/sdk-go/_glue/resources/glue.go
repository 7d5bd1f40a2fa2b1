// Package export_tidemill_plugin_resources reads the plugin's resources.
package export_tidemill_plugin_resources

import (
	"errors"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_resources"
)

// Resources are those that are listed.
func Resources() []bound.Entry {
	own := author.Plugin.Resources()
	answers := make([]bound.Entry, len(own))
	for number, resource := range own {
		answers[number] = bound.Entry{Uri: resource.URI, About: about(resource.About)}
	}
	return answers
}

// Templates stand for others.
func Templates() []bound.Template {
	if author.Plugin.Templates == nil {
		return nil
	}
	own := author.Plugin.Templates()
	answers := make([]bound.Template, len(own))
	for number, template := range own {
		answers[number] = bound.Template{UriTemplate: template.URITemplate, About: about(template.About)}
	}
	return answers
}

func about(own tidemill.About) bound.About {
	return bound.About{
		Name: own.Name, Title: convert.Text(own.Title), Description: convert.Text(own.Description),
		MediaType: convert.Text(own.MediaType), Permission: convert.Text(own.Permission),
	}
}

// Read is the content of one.
func Read(uri string, caller types.Option[string]) types.Result[[]bound.ResourceContent, bound.Failure] {
	contents, err := author.Plugin.Read(uri, caller.SomeOr(""))
	switch {
	case err == nil:
	case errors.As(err, &tidemill.NotFound{}):
		return types.Err[[]bound.ResourceContent, bound.Failure](bound.MakeFailureNotFound())
	default:
		return types.Err[[]bound.ResourceContent, bound.Failure](bound.MakeFailureFailed(err.Error()))
	}
	answers := make([]bound.ResourceContent, len(contents))
	for number, content := range contents {
		answers[number] = convert.Content(content)
	}
	return types.Ok[[]bound.ResourceContent, bound.Failure](answers)
}
