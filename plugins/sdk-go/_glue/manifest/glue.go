// Package export_tidemill_plugin_manifest answers for the plugin who it is, and begins it.
package export_tidemill_plugin_manifest

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk/gen/author"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_manifest"
)

// Describe says who the plugin is.
func Describe() bound.Info {
	own := author.Plugin.Manifest
	schema := types.None[string]()
	if own.ConfigSchema != "" {
		schema = types.Some(own.ConfigSchema)
	}
	return bound.Info{
		Name: own.Name, Version: own.Version, Summary: own.Summary, Subscribes: own.Subscribes,
		NeedsData: !own.WithoutData, ConfigSchema: schema,
	}
}

// Configure hands over the configuration.
func Configure(config string) types.Result[types.Unit, string] {
	if err := author.Begin(config); err != nil {
		return types.Err[types.Unit, string](err.Error())
	}
	return types.Ok[types.Unit, string](types.Unit{})
}
