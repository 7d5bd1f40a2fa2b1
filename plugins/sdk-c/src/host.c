/* Owns what the host offers: log, figures, state, and what a call says meanwhile. Knows nothing of events. */
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
void tidemill_state_get_many(const tidemill_text *keys, size_t count, tidemill_entry *entries) {
  plugin_list_string_t lent = {NULL, count};
  if (count) lent.ptr = (plugin_string_t *)tidemill_alloc(count * sizeof *lent.ptr);
  for (size_t i = 0; i < count; i++) lent.ptr[i] = tidemill_lend(keys[i]);
  tidemill_plugin_state_list_option_entry_t found = {NULL, 0};
  tidemill_plugin_state_get_many(&lent, &found);
  free(lent.ptr);
  for (size_t i = 0; i < count; i++) {
    memset(entries + i, 0, sizeof *entries);
    entries[i].there = i < found.len && found.ptr[i].is_some;
    if (!entries[i].there) continue;
    tidemill_add(&entries[i].value, tidemill_bytes(found.ptr[i].val.value.ptr, found.ptr[i].val.value.len));
    entries[i].version = found.ptr[i].val.version;
  }
  tidemill_plugin_state_list_option_entry_free(&found);
}

bool tidemill_state_get(tidemill_text key, tidemill_buffer *value, uint64_t *version) {
  tidemill_entry entry;
  tidemill_state_get_many(&key, 1, &entry);
  tidemill_add(value, tidemill_of(&entry.value));
  tidemill_free(&entry.value);
  if (entry.there && version) *version = entry.version;
  return entry.there;
}

static tidemill_buffer why;

tidemill_text tidemill_state_why(void) { return tidemill_of(&why); }

/* What became of a write; `version` is that of the key if it is stale. */
static tidemill_written written(bool done, tidemill_plugin_state_write_error_t *error, uint64_t *version) {
  why.size = 0;
  if (done) return TIDEMILL_WRITTEN;
  tidemill_written what = TIDEMILL_REFUSED;
  if (error->tag == TIDEMILL_PLUGIN_STATE_WRITE_ERROR_STALE) {
    what = TIDEMILL_STALE;
    tidemill_add_str(&why, "the key changed meanwhile");
    if (version) *version = error->val.stale.is_some ? error->val.stale.val.version : 0;
  } else if (error->tag == TIDEMILL_PLUGIN_STATE_WRITE_ERROR_QUOTA) {
    what = TIDEMILL_QUOTA;
    tidemill_add_str(&why, "no room for more state (the limit `state`)");
  } else {
    tidemill_add(&why, tidemill_borrow(error->val.other));
  }
  tidemill_plugin_state_write_error_free(error);
  return what;
}

tidemill_written tidemill_state_put(tidemill_text key, tidemill_text value, int64_t if_version, uint64_t ttl_ms, uint64_t *version) {
  plugin_string_t own = tidemill_lend(key), lent = tidemill_lend(value);
  plugin_list_u8_t bytes = {lent.ptr, lent.len};
  uint64_t wanted = (uint64_t)if_version, now = 0;
  tidemill_plugin_state_write_error_t error;
  bool done = tidemill_plugin_state_put(&own, &bytes, if_version < 0 ? NULL : &wanted, ttl_ms ? &ttl_ms : NULL, &now, &error);
  if (done && version) *version = now;
  return written(done, &error, version);
}

tidemill_written tidemill_state_increment(tidemill_text key, int64_t by, uint64_t ttl_ms, int64_t *sum) {
  plugin_string_t own = tidemill_lend(key);
  int64_t now = 0;
  tidemill_plugin_state_write_error_t error;
  bool done = tidemill_plugin_state_increment(&own, by, ttl_ms ? &ttl_ms : NULL, &now, &error);
  if (done && sum) *sum = now;
  return written(done, &error, NULL);
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

#ifdef TIDEMILL_HAS_SERVER
bool tidemill_streams(tidemill_text path, uint32_t *count) {
  plugin_string_t own = tidemill_lend(path);
  return tidemill_plugin_server_streams(path.size ? &own : NULL, count);
}
#endif

#ifdef TIDEMILL_HAS_CALL
#include <time.h>

void tidemill_progress(double done, double total, tidemill_text message) {
  plugin_string_t line = tidemill_lend(message);
  tidemill_plugin_call_report(done, total > 0 ? &total : NULL, message.size ? &line : NULL);
}

bool tidemill_cancelled(void) { return tidemill_plugin_call_cancelled(); }

bool tidemill_sleep(uint64_t milliseconds) {
  enum { SLICE = 50 }; /* how long a call sleeps before it looks whether somebody still waits */
  while (!tidemill_cancelled()) {
    if (!milliseconds) return true;
    uint64_t slice = milliseconds < SLICE ? milliseconds : SLICE;
    struct timespec time = {0, (long)slice * 1000000};
    nanosleep(&time, NULL);
    milliseconds -= slice;
  }
  return false;
}

void tidemill_changed(tidemill_listing what) { tidemill_plugin_call_changed((tidemill_plugin_call_listing_t)what); }

void tidemill_updated(tidemill_text uri) {
  plugin_string_t own = tidemill_lend(uri);
  tidemill_plugin_call_updated(&own);
}
#endif
