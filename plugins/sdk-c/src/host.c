/* Owns what the host offers: log, figures, state, and how far a call is. Knows nothing of events. */
#include "internal.h"

#ifdef TIDEMILL_HAS_LOG
void tidemill_log(tidemill_level level, tidemill_text message, const tidemill_pair *fields, size_t count) {
  plugin_string_t line = tidemill_lend(message);
  plugin_list_tuple2_string_string_t all = {NULL, fields ? count : 0};
  if (all.len) all.ptr = (plugin_tuple2_string_string_t *)tidemill_alloc(count * sizeof *all.ptr);
  for (size_t i = 0; i < all.len; i++) {
    all.ptr[i].f0 = tidemill_lend(fields[i].name);
    all.ptr[i].f1 = tidemill_lend(fields[i].value);
  }
  tidemill_plugin_log_log((tidemill_plugin_log_level_t)level, &line, &all);
  free(all.ptr);
}
#endif

#ifdef TIDEMILL_HAS_METER
void tidemill_meter_add(const char *name, uint64_t delta) {
  plugin_string_t own = tidemill_lend(tidemill_str(name));
  tidemill_plugin_meter_add(&own, delta);
}

void tidemill_meter_record(const char *name, double value) {
  plugin_string_t own = tidemill_lend(tidemill_str(name));
  tidemill_plugin_meter_record(&own, value);
}
#endif

#ifdef TIDEMILL_HAS_STATE
bool tidemill_state_get(tidemill_text key, tidemill_buffer *value, uint64_t *version) {
  plugin_string_t own = tidemill_lend(key);
  plugin_list_string_t keys = {&own, 1};
  tidemill_plugin_state_list_option_entry_t found = {NULL, 0};
  tidemill_plugin_state_get_many(&keys, &found);
  bool there = found.len == 1 && found.ptr[0].is_some;
  if (there) {
    tidemill_add(value, tidemill_bytes(found.ptr[0].val.value.ptr, found.ptr[0].val.value.len));
    if (version) *version = found.ptr[0].val.version;
  }
  tidemill_plugin_state_list_option_entry_free(&found);
  return there;
}

static tidemill_written written(bool done, tidemill_plugin_state_write_error_t *error) {
  if (done) return TIDEMILL_WRITTEN;
  tidemill_written what = error->tag == TIDEMILL_PLUGIN_STATE_WRITE_ERROR_STALE   ? TIDEMILL_STALE
                          : error->tag == TIDEMILL_PLUGIN_STATE_WRITE_ERROR_QUOTA ? TIDEMILL_QUOTA
                                                                                  : TIDEMILL_REFUSED;
  tidemill_plugin_state_write_error_free(error);
  return what;
}

tidemill_written tidemill_state_put(tidemill_text key, tidemill_text value, int64_t if_version, uint64_t ttl_ms) {
  plugin_string_t own = tidemill_lend(key), lent = tidemill_lend(value);
  plugin_list_u8_t bytes = {lent.ptr, lent.len};
  uint64_t wanted = (uint64_t)if_version, version;
  tidemill_plugin_state_write_error_t error;
  bool done = tidemill_plugin_state_put(&own, &bytes, if_version < 0 ? NULL : &wanted, ttl_ms ? &ttl_ms : NULL, &version, &error);
  return written(done, &error);
}

tidemill_written tidemill_state_increment(tidemill_text key, int64_t by, uint64_t ttl_ms, int64_t *sum) {
  plugin_string_t own = tidemill_lend(key);
  int64_t now = 0;
  tidemill_plugin_state_write_error_t error;
  bool done = tidemill_plugin_state_increment(&own, by, ttl_ms ? &ttl_ms : NULL, &now, &error);
  if (done && sum) *sum = now;
  return written(done, &error);
}

bool tidemill_state_delete(tidemill_text key) {
  plugin_string_t own = tidemill_lend(key);
  return tidemill_plugin_state_delete(&own);
}

size_t tidemill_state_keys(tidemill_text prefix, tidemill_text after, uint32_t limit, tidemill_buffer *lines) {
  plugin_string_t first = tidemill_lend(prefix), last = tidemill_lend(after);
  plugin_list_string_t found = {NULL, 0};
  tidemill_plugin_state_keys(&first, &last, limit, &found);
  size_t count = found.len;
  for (size_t i = 0; i < count; i++) {
    tidemill_add(lines, tidemill_borrow(found.ptr[i]));
    tidemill_add_str(lines, "\n");
  }
  plugin_list_string_free(&found);
  return count;
}
#endif

#ifdef TIDEMILL_HAS_CALL
void tidemill_progress(double done, double total, tidemill_text message) {
  plugin_string_t line = tidemill_lend(message);
  tidemill_plugin_call_report(done, total > 0 ? &total : NULL, message.size ? &line : NULL);
}

bool tidemill_cancelled(void) { return tidemill_plugin_call_cancelled(); }
#endif
