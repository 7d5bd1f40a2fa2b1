/* Owns texts: buffers that grow, and copies that cross into the bindings. Knows nothing of events. */
#include "internal.h"

void *tidemill_alloc(size_t size) {
  void *made = calloc(1, size ? size : 1);
  if (!made) abort();
  return made;
}

/* One more place behind `count` of them; room doubles, so that it is rarely moved. */
void *tidemill_grow(void *old, size_t count, size_t size) {
  if (count & (count - 1)) return old; /* 0 and powers of two are where room ends */
  size_t room = count ? count * 2 : 1;
  void *made = realloc(old, room * size);
  if (!made) abort();
  return made;
}

static void reserve(tidemill_buffer *buffer, size_t more) {
  if (buffer->room - buffer->size >= more) return;
  size_t room = buffer->room * 2 > buffer->size + more ? buffer->room * 2 : buffer->size + more;
  if (room < buffer->size) abort();
  char *data = (char *)realloc(buffer->data, room);
  if (!data) abort();
  buffer->data = data;
  buffer->room = room;
}

void tidemill_add(tidemill_buffer *buffer, tidemill_text text) {
  if (!text.size) return;
  reserve(buffer, text.size);
  memcpy(buffer->data + buffer->size, text.data, text.size);
  buffer->size += text.size;
}

void tidemill_add_str(tidemill_buffer *buffer, const char *text) { tidemill_add(buffer, tidemill_str(text)); }

void tidemill_add_html(tidemill_buffer *buffer, tidemill_text text) {
  for (size_t i = 0; i < text.size; i++) {
    switch (text.data[i]) {
      case '&': tidemill_add_str(buffer, "&amp;"); break;
      case '<': tidemill_add_str(buffer, "&lt;"); break;
      case '>': tidemill_add_str(buffer, "&gt;"); break;
      case '"': tidemill_add_str(buffer, "&quot;"); break;
      case '\'': tidemill_add_str(buffer, "&#39;"); break;
      default: tidemill_add(buffer, tidemill_bytes(text.data + i, 1));
    }
  }
}

void tidemill_free(tidemill_buffer *buffer) {
  free(buffer->data);
  buffer->data = NULL;
  buffer->size = buffer->room = 0;
}

plugin_string_t tidemill_copy(tidemill_text text) {
  plugin_string_t made = {NULL, 0};
  if (!text.size) return made;
  made.ptr = (uint8_t *)tidemill_alloc(text.size);
  made.len = text.size;
  memcpy(made.ptr, text.data, text.size);
  return made;
}

plugin_list_u8_t tidemill_copy_bytes(tidemill_text text) {
  plugin_string_t copy = tidemill_copy(text);
  plugin_list_u8_t made = {copy.ptr, copy.len};
  return made;
}

plugin_option_string_t tidemill_copy_option(const char *text) {
  plugin_option_string_t made = {text != NULL, tidemill_copy(tidemill_str(text))};
  return made;
}

plugin_string_t tidemill_take(tidemill_buffer *buffer) {
  plugin_string_t made = {(uint8_t *)buffer->data, buffer->size};
  if (!made.len) { /* the bindings free nothing that is empty */
    free(buffer->data);
    made.ptr = NULL;
  }
  buffer->data = NULL;
  buffer->size = buffer->room = 0;
  return made;
}

plugin_string_t tidemill_lend(tidemill_text text) {
  /* The host refuses an address outside of memory even of nothing, and an empty slice of Zig may have any. */
  plugin_string_t made = {text.size ? (uint8_t *)(uintptr_t)text.data : NULL, text.size};
  return made;
}

tidemill_text tidemill_borrow(plugin_string_t text) { return tidemill_bytes(text.ptr, text.len); }

void tidemill_set(plugin_string_t *member, tidemill_text text) {
  plugin_string_t made = tidemill_copy(text);
  free(member->ptr);
  *member = made;
}

/* Unicode, table 3-7. */
bool tidemill_utf8(tidemill_text text) {
  const uint8_t *at = (const uint8_t *)text.data, *end = at + text.size;
  while (at < end) {
    uint8_t first = *at++, low = 0x80, high = 0xbf;
    int more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    if (more < 0) return false;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    for (; more > 0; more--, low = 0x80, high = 0xbf)
      if (at == end || *at < low || *at++ > high) return false;
  }
  return true;
}

typedef char pairs_are_the_same[sizeof(tidemill_pair) == sizeof(plugin_tuple2_string_string_t) ? 1 : -1];

tidemill_pairs tidemill_pairs_of(plugin_list_tuple2_string_string_t own) {
  tidemill_pairs made = {(const tidemill_pair *)own.ptr, own.len};
  return made;
}

bool tidemill_pairs_find(tidemill_pairs pairs, const char *name, tidemill_text *value) {
  for (size_t i = 0; i < pairs.count; i++) {
    if (!tidemill_is(pairs.pairs[i].name, name)) continue;
    if (value) *value = pairs.pairs[i].value;
    return true;
  }
  return false;
}
