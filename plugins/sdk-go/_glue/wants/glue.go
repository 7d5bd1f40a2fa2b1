// Package export_tidemill_plugin_wants says what the plugin needs of its operator.
package export_tidemill_plugin_wants

import "tidemill.dev/sdk/gen/author"

// HttpHosts are those that requests go to.
func HttpHosts() []string {
	if author.Plugin.HTTPHosts == nil {
		return nil
	}
	return author.Plugin.HTTPHosts()
}
