/* Owns the view of a batch: rows of spans into an arena, read where they lie. Knows nothing about answers. */
#include "internal.h"

enum { ROW = 64, SPANS = 7 };

static uint32_t number(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static tidemill_text span(const tidemill_event *event, size_t field) {
  const uint8_t *at = event->row + field * 8;
  uint32_t size = number(at + 4);
  tidemill_text none = {NULL, 0};
  return size ? tidemill_bytes(event->arena + number(at), size) : none;
}

tidemill_text tidemill_event_id(const tidemill_event *event) { return span(event, 0); }
tidemill_text tidemill_event_source(const tidemill_event *event) { return span(event, 1); }
tidemill_text tidemill_event_type(const tidemill_event *event) { return span(event, 2); }
tidemill_text tidemill_event_subject(const tidemill_event *event) { return span(event, 3); }
tidemill_text tidemill_event_content_type(const tidemill_event *event) { return span(event, 4); }
tidemill_text tidemill_event_extensions(const tidemill_event *event) { return span(event, 5); }
tidemill_text tidemill_event_data(const tidemill_event *event) { return span(event, 6); }

uint64_t tidemill_event_time_ms(const tidemill_event *event) {
  return (uint64_t)number(event->row + 56) | (uint64_t)number(event->row + 60) << 32;
}

bool tidemill_event_extension(const tidemill_event *event, const char *name, tidemill_buffer *value) {
  tidemill_text all = tidemill_event_extensions(event), member, json;
  for (size_t at = 0; tidemill_json_next(all, &at, &member, &json);) {
    tidemill_buffer plain = {0};
    bool found = tidemill_json_as_text(member, &plain) && tidemill_is(tidemill_of(&plain), name);
    tidemill_free(&plain);
    if (!found) continue;
    if (!tidemill_json_as_text(json, value)) tidemill_add(value, json); /* numbers and booleans as they are */
    return true;
  }
  return false;
}

static bool same_letters(const char *text, const char *lower, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    if (letter != lower[i]) return false;
  }
  return true;
}

/* None, `application/json`, or one that ends in `+json` (RFC 6839), whatever its parameters: what the host takes for JSON. */
bool tidemill_event_is_json(const tidemill_event *event) {
  tidemill_text type = tidemill_event_content_type(event);
  if (!type.size) return true;
  size_t end = 0;
  bool ascii = true;
  while (end < type.size && type.data[end] != ';') ascii = (uint8_t)type.data[end++] < 0x80 && ascii;
  while (end > 0 && type.data[end - 1] == ' ') end--;
  return (end == 16 && same_letters(type.data, "application/json", 16)) ||
         (ascii && end >= 5 && same_letters(type.data + end - 5, "+json", 5));
}

bool tidemill_event_text(const tidemill_event *event, tidemill_text *text) {
  *text = tidemill_event_data(event);
  return tidemill_utf8(*text);
}

bool tidemill_event_json(const tidemill_event *event, tidemill_text *json) {
  *json = tidemill_event_data(event);
  return tidemill_json_valid(*json);
}

#ifdef TIDEMILL_HAS_BATCHES
#include <stdio.h>

static bool faulted;
static tidemill_plugin_types_fault_t said;

static void set_fault(uint8_t tag, tidemill_text why) {
  if (faulted) return; /* the first one is the reason */
  faulted = true;
  said.tag = tag;
  said.val.retry = tidemill_copy(why);
}

void tidemill_fault_retry(tidemill_text why) { set_fault(TIDEMILL_PLUGIN_TYPES_FAULT_RETRY, why); }
void tidemill_fault_broken(tidemill_text why) { set_fault(TIDEMILL_PLUGIN_TYPES_FAULT_BROKEN, why); }

bool tidemill_batch_faulted(tidemill_plugin_types_fault_t *fault) {
  if (!faulted) return false;
  faulted = false;
  *fault = said;
  return true;
}

tidemill_event tidemill_batch_event(const tidemill_plugin_types_batch_t *batch, size_t number) {
  tidemill_event event = {batch->rows.ptr + number * ROW, batch->arena.ptr};
  return event;
}

void tidemill_batch_end(tidemill_plugin_types_batch_t *batch) {
  if (batch->rows.len) free(batch->rows.ptr);
  if (batch->arena.len) free(batch->arena.ptr);
}

bool tidemill_batch_begin(const tidemill_plugin_types_batch_t *batch, size_t *count, tidemill_plugin_types_fault_t *fault) {
  if (faulted) free(said.val.retry.ptr); /* of another call, which it did not end */
  faulted = false;
  static const char *const fields[SPANS] = {"id", "source", "type", "subject", "content type", "extensions", "data"};
  char why[128];
  if (batch->rows.len % ROW) {
    snprintf(why, sizeof why, "rows: %zu bytes are not a multiple of 64", batch->rows.len);
  } else {
    *count = batch->rows.len / ROW;
    size_t wrong = 0;
    for (; wrong < *count * SPANS; wrong++) {
      const uint8_t *at = batch->rows.ptr + wrong / SPANS * ROW + wrong % SPANS * 8;
      uint64_t size = number(at + 4);
      if (size && number(at) + size > batch->arena.len) break;
    }
    if (wrong == *count * SPANS) return true;
    snprintf(why, sizeof why, "row %zu: the %s ends outside the arena of %zu bytes", wrong / SPANS, fields[wrong % SPANS],
             batch->arena.len);
  }
  fault->tag = TIDEMILL_PLUGIN_TYPES_FAULT_BROKEN;
  fault->val.broken = tidemill_copy(tidemill_str(why));
  return false;
}
#endif
