/* Texts, buffers, and names with values. Part of tidemill.h. */
#ifndef TIDEMILL_TEXT_H
#define TIDEMILL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Some bytes that belong to somebody else; mostly UTF-8. Absent texts have the size 0. */
typedef struct tidemill_text {
  const char *data;
  size_t size;
} tidemill_text;

/* A text that ends in a zero byte, without that; NULL is empty. */
static inline tidemill_text tidemill_str(const char *text) {
  tidemill_text made = {text, text ? strlen(text) : 0};
  return made;
}

static inline tidemill_text tidemill_bytes(const void *data, size_t size) {
  tidemill_text made = {(const char *)data, size};
  return made;
}

static inline bool tidemill_same(tidemill_text one, tidemill_text other) {
  return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

/* Whether the text is this one, which ends in a zero byte. */
static inline bool tidemill_is(tidemill_text text, const char *other) { return tidemill_same(text, tidemill_str(other)); }

static inline bool tidemill_begins(tidemill_text text, const char *prefix) {
  size_t size = strlen(prefix);
  return text.size >= size && (size == 0 || memcmp(text.data, prefix, size) == 0);
}

/* A text that grows. Begins as `{0}`; `tidemill_free` gives its memory back. */
typedef struct tidemill_buffer {
  char *data;
  size_t size, room;
} tidemill_buffer;

void tidemill_add(tidemill_buffer *buffer, tidemill_text text);
void tidemill_add_str(tidemill_buffer *buffer, const char *text);
/* The text with `& < > " '` escaped, for `tidemill_render` to HTML. */
void tidemill_add_html(tidemill_buffer *buffer, tidemill_text text);
void tidemill_free(tidemill_buffer *buffer);

static inline tidemill_text tidemill_of(const tidemill_buffer *buffer) {
  tidemill_text text = {buffer->data, buffer->size};
  return text;
}

/* Names and values, which may come several times. */
typedef struct tidemill_pair {
  tidemill_text name, value;
} tidemill_pair;

typedef struct tidemill_pairs {
  const tidemill_pair *pairs;
  size_t count;
} tidemill_pairs;

/* The first value of a name; false if there is none. `value` may be NULL. */
bool tidemill_pairs_find(tidemill_pairs pairs, const char *name, tidemill_text *value);

#ifdef __cplusplus
}
#endif
#endif
