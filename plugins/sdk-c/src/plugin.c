/* Owns who the plugin is and how it begins. Knows nothing of events. */
#include "internal.h"

static size_t words(const char *text) {
  size_t count = 0;
  for (bool inside = false; *text; text++) {
    if (*text != ' ' && !inside) count++;
    inside = *text != ' ';
  }
  return count;
}

void exports_tidemill_plugin_manifest_describe(exports_tidemill_plugin_manifest_info_t *ret) {
  const tidemill_manifest *own = &tidemill_plugin;
  memset(ret, 0, sizeof *ret);
  ret->name = tidemill_copy(tidemill_str(own->name));
  ret->version = tidemill_copy(tidemill_str(own->version));
  ret->summary = tidemill_copy(tidemill_str(own->summary));
  ret->needs_data = !own->without_data;
  ret->config_schema = tidemill_copy_option(own->config_schema);
  const char *at = own->subscribes ? own->subscribes : "";
  ret->subscribes.len = words(at);
  if (!ret->subscribes.len) return;
  ret->subscribes.ptr = (plugin_string_t *)tidemill_alloc(ret->subscribes.len * sizeof *ret->subscribes.ptr);
  for (size_t i = 0; i < ret->subscribes.len; i++) {
    while (*at == ' ') at++;
    size_t size = strcspn(at, " ");
    ret->subscribes.ptr[i] = tidemill_copy(tidemill_bytes(at, size));
    at += size;
  }
}

/* For plugins that have no settings. */
__attribute__((weak)) bool tidemill_configure(tidemill_text config, tidemill_buffer *why) {
  tidemill_text name, value;
  size_t at = 0;
  if (!tidemill_json_next(config, &at, &name, &value)) return true;
  tidemill_add_str(why, "config: unknown setting ");
  tidemill_add(why, name);
  tidemill_add_str(why, "; this plugin has none");
  return false;
}

bool exports_tidemill_plugin_manifest_configure(plugin_string_t *config_json, plugin_string_t *err) {
  tidemill_buffer why = {0};
  bool done = tidemill_configure(tidemill_borrow(*config_json), &why);
  plugin_string_free(config_json);
  if (done) tidemill_free(&why);
  else *err = tidemill_take(&why);
  return done;
}
