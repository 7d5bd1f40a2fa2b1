/* Write Tidemill plugins in C, C++ or any language that can call C.
 *
 * A plugin is one file: it says who it is (`tidemill_plugin`) and defines one function per kind.
 *
 *     #include "tidemill.h"
 *
 *     const tidemill_manifest tidemill_plugin = {
 *         .name = "no-drafts", .version = "1.0.0", .summary = "Drops drafts", .subscribes = "article.*"};
 *
 *     tidemill_verdict tidemill_decide(const tidemill_event *event) {
 *         return tidemill_is(tidemill_event_subject(event), "draft") ? TIDEMILL_DROP : TIDEMILL_KEEP;
 *     }
 *
 * What stands here is the whole interface. `src/` makes the component's calls of it; the contract itself, with every bound,
 * is `wit/v0.1`. Texts are UTF-8 and do not end in a zero byte: mind `size`. What an event gives out lies in the host's batch,
 * is not copied, and is good until the function that was given the event returns. What the plugin hands over is copied.
 * When there is no memory left the call ends with a trap.
 */
#ifndef TIDEMILL_H
#define TIDEMILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- texts ---- */

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

/* ---- reading JSON where it lies ---- */

/* Whether it is one JSON text (RFC 8259, in UTF-8, objects and lists in at most 128 levels). Data of events whose content type is JSON was checked by the host. */
bool tidemill_json_valid(tidemill_text json);
/* The value at a JSON Pointer (RFC 6901) such as `/items/0/price`, as JSON; false if there is none. Of members with the same name
 * the last one counts. */
bool tidemill_json_find(tidemill_text json, const char *pointer, tidemill_text *value);
/* Goes through an object or an array: `at` begins as 0, `name` is the member's name as JSON (empty in an array, may be NULL). */
bool tidemill_json_next(tidemill_text json, size_t *at, tidemill_text *name, tidemill_text *value);
/* What a value is; false if it is something else. Texts are appended without escapes. */
bool tidemill_json_as_text(tidemill_text value, tidemill_buffer *text);
bool tidemill_json_as_number(tidemill_text value, double *number);
bool tidemill_json_as_integer(tidemill_text value, int64_t *number);
bool tidemill_json_as_bool(tidemill_text value, bool *truth);
/* The same at a JSON Pointer. */
bool tidemill_json_find_text(tidemill_text json, const char *pointer, tidemill_buffer *text);
bool tidemill_json_find_number(tidemill_text json, const char *pointer, double *number);

/* ---- writing JSON; commas come by themselves ---- */

void tidemill_json_object(tidemill_buffer *json);
void tidemill_json_end_object(tidemill_buffer *json);
void tidemill_json_array(tidemill_buffer *json);
void tidemill_json_end_array(tidemill_buffer *json);
/* The name of the next member. */
void tidemill_json_name(tidemill_buffer *json, tidemill_text name);
void tidemill_json_text(tidemill_buffer *json, tidemill_text text);
/* Numbers that are not finite become null. */
void tidemill_json_number(tidemill_buffer *json, double number);
void tidemill_json_integer(tidemill_buffer *json, int64_t number);
void tidemill_json_bool(tidemill_buffer *json, bool truth);
void tidemill_json_null(tidemill_buffer *json);
/* A value that is JSON already. */
void tidemill_json_raw(tidemill_buffer *json, tidemill_text value);

/* ---- the plugin ---- */

/* Who the plugin is and what it wants to see; what is not set is absent. */
typedef struct tidemill_manifest {
  const char *name, *version;
  /* What the plugin does, in one line. */
  const char *summary;
  /* Event type patterns with spaces between them: `order.created`, `order.*`, `*`. For filters and transforms; at most 256. */
  const char *subscribes;
  /* The plugin does not look at the data (`needs-data: false`): data is empty then, and every call is cheaper. */
  bool without_data;
  /* JSON Schema (2020-12) of the configuration; the host checks it before `tidemill_configure`. */
  const char *config_schema;
} tidemill_manifest;

/* Every plugin defines this. */
extern const tidemill_manifest tidemill_plugin;

/* Called once per instance with the configuration, a JSON object. False refuses the load; `why` names the setting and the fix.
 * A plugin that does not define this has no settings, and refuses any. */
bool tidemill_configure(tidemill_text config, tidemill_buffer *why);

/* ---- events ---- */

/* One event, as the host handed it over. */
typedef struct tidemill_event {
  const uint8_t *row, *arena;
} tidemill_event;

tidemill_text tidemill_event_id(const tidemill_event *event);
tidemill_text tidemill_event_source(const tidemill_event *event);
tidemill_text tidemill_event_type(const tidemill_event *event);
tidemill_text tidemill_event_subject(const tidemill_event *event);
/* Absent means JSON. */
tidemill_text tidemill_event_content_type(const tidemill_event *event);
/* All extension attributes as one JSON object, or empty. */
tidemill_text tidemill_event_extensions(const tidemill_event *event);
/* Appends one of them as a text; false if it is absent. */
bool tidemill_event_extension(const tidemill_event *event, const char *name, tidemill_buffer *value);
/* Milliseconds since 1970-01-01T00:00:00 UTC. */
uint64_t tidemill_event_time_ms(const tidemill_event *event);
tidemill_text tidemill_event_data(const tidemill_event *event);
/* Whether the content type says that the data is JSON. */
bool tidemill_event_is_json(const tidemill_event *event);
/* The data as UTF-8 text, or as JSON; false if it is not. */
bool tidemill_event_text(const tidemill_event *event, tidemill_text *text);
bool tidemill_event_json(const tidemill_event *event, tidemill_text *json);

/* The plugin as a whole cannot go on with this batch, for now or for good. Whatever else is answered does not matter then. They
 * hold in the functions that are given an event; elsewhere they say nothing. */
void tidemill_fault_retry(tidemill_text why);
void tidemill_fault_broken(tidemill_text why);

/* ---- kind filter ---- */

typedef enum tidemill_verdict { TIDEMILL_KEEP, TIDEMILL_DROP, TIDEMILL_REJECT } tidemill_verdict;

tidemill_verdict tidemill_decide(const tidemill_event *event);

/* ---- kind transform ---- */

/* What becomes of one event: kept, unless something else is said. What is said last holds. */
typedef struct tidemill_outcome tidemill_outcome;
/* What changes in an event: only what is set. Good until the next one is begun. */
typedef struct tidemill_output tidemill_output;

void tidemill_apply(const tidemill_event *event, tidemill_outcome *outcome);

void tidemill_keep(tidemill_outcome *outcome);
void tidemill_drop(tidemill_outcome *outcome);
/* One more event goes on in place of this one. */
tidemill_output *tidemill_emit(tidemill_outcome *outcome);
/* A mistake of the publisher: one more problem. `at` is a JSON Pointer into the data, an attribute's name, or empty. */
void tidemill_reject(tidemill_outcome *outcome, tidemill_text at, tidemill_text detail);
/* It cannot be handled at the moment; the publisher is told to send it again. */
void tidemill_retry(tidemill_outcome *outcome, tidemill_text why);

void tidemill_output_type(tidemill_output *output, tidemill_text type);
/* Empty texts remove. */
void tidemill_output_subject(tidemill_output *output, tidemill_text subject);
void tidemill_output_content_type(tidemill_output *output, tidemill_text content_type);
void tidemill_output_extension(tidemill_output *output, tidemill_text name, tidemill_text value);
void tidemill_output_data(tidemill_output *output, tidemill_text data);

/* ---- kind event-types ---- */

typedef struct tidemill_event_type_info {
  const char *name, *version, *summary;
  /* JSON Schema (2020-12) of the data. */
  const char *schema_json;
  /* Examples of the data, up to four. */
  const char *examples[4];
} tidemill_event_type_info;

/* What the owner thinks of one event: valid, unless something else is said. */
typedef struct tidemill_validity tidemill_validity;

/* The types that the plugin owns. They stay where they are for as long as the plugin does. */
const tidemill_event_type_info *tidemill_types(size_t *count);
void tidemill_validate(const tidemill_event *event, tidemill_validity *validity);
/* How a person sees it: a line of text, or a fragment of HTML in which texts were added with `tidemill_add_html`.
 * A plugin that does not define this shows the data. */
void tidemill_render(const tidemill_event *event, bool html, tidemill_buffer *shown);

/* Accepted with these changes. */
tidemill_output *tidemill_normalise(tidemill_validity *validity);
/* Not an event of this type: one more problem. */
void tidemill_invalid(tidemill_validity *validity, tidemill_text at, tidemill_text detail);

/* ---- kinds view, webhook and tools: names and values ---- */

typedef struct tidemill_pair {
  tidemill_text name, value;
} tidemill_pair;

typedef struct tidemill_pairs {
  const tidemill_pair *pairs;
  size_t count;
} tidemill_pairs;

/* The first value of a name; false if there is none. `value` may be NULL. */
bool tidemill_pairs_find(tidemill_pairs pairs, const char *name, tidemill_text *value);

/* ---- kind view ---- */

typedef struct tidemill_subscriber {
  /* Empty for somebody without a token. */
  tidemill_text principal;
  tidemill_pairs claims, parameters;
} tidemill_subscriber;

/* Writes the subscriber's class, or answers false and writes why it is refused. */
bool tidemill_classify(const tidemill_subscriber *who, tidemill_buffer *class_or_why);
/* Whether somebody in this class sees the event. */
bool tidemill_visible(tidemill_text class_name, const tidemill_event *event);

/* ---- events of the plugin's own: kind webhook, and `uses = ["bus"]` ---- */

/* Some new events. Begins as `{0}`. */
typedef struct tidemill_drafts {
  struct tidemill_draft *drafts;
  size_t count;
} tidemill_drafts;
/* One of them; good until the next one is begun. */
typedef struct tidemill_draft tidemill_draft;

/* Begins one; its data is JSON unless a content type says something else. What is not set is left to the host. */
tidemill_draft *tidemill_draft_begin(tidemill_drafts *drafts, tidemill_text type, tidemill_text data);
void tidemill_draft_id(tidemill_draft *draft, tidemill_text id);
void tidemill_draft_source(tidemill_draft *draft, tidemill_text source);
void tidemill_draft_subject(tidemill_draft *draft, tidemill_text subject);
void tidemill_draft_content_type(tidemill_draft *draft, tidemill_text content_type);
/* For webhooks only: events of the bus happen when they are published. */
void tidemill_draft_time_ms(tidemill_draft *draft, uint64_t time_ms);
void tidemill_draft_extension(tidemill_draft *draft, tidemill_text name, tidemill_text value);
void tidemill_drafts_free(tidemill_drafts *drafts);

/* ---- kind webhook ---- */

typedef struct tidemill_delivery {
  /* Names in lower case. */
  tidemill_pairs headers;
  tidemill_text query, body;
} tidemill_delivery;

/* Answers 0, with the events that the delivery is; or a status of 400 to 499 or 503, and why it is not taken. */
uint16_t tidemill_receive(const tidemill_delivery *delivery, tidemill_drafts *drafts, tidemill_buffer *why);

/* ---- kind tools ---- */

enum { TIDEMILL_READ_ONLY = 1, TIDEMILL_DESTRUCTIVE = 2, TIDEMILL_IDEMPOTENT = 4, TIDEMILL_OPEN_WORLD = 8 };

typedef struct tidemill_tool {
  const char *name, *title, *description;
  /* JSON Schema of the arguments, an object, and of the structured result. */
  const char *input_schema, *output_schema;
  const char *permission;
  /* TIDEMILL_READ_ONLY and so on, added up. */
  uint8_t hints;
} tidemill_tool;

typedef struct tidemill_invocation {
  tidemill_text name;
  /* A JSON object that the schema allows. */
  tidemill_text arguments;
  /* Empty for somebody without a token. */
  tidemill_text caller;
} tidemill_invocation;

typedef enum tidemill_call_end {
  TIDEMILL_DONE,
  /* The tool could not do it; the text says why, for the caller. */
  TIDEMILL_TOOL_ERROR,
  TIDEMILL_UNKNOWN_TOOL,
  /* The text says what is wrong with the arguments, or why it failed. */
  TIDEMILL_INVALID_ARGUMENTS,
  TIDEMILL_FAILED
} tidemill_call_end;

const tidemill_tool *tidemill_tools(size_t *count);
/* Writes a text for people and, if there is something for programs, JSON. */
tidemill_call_end tidemill_call(const tidemill_invocation *invoked, tidemill_buffer *text, tidemill_buffer *structured);

/* ---- what the host offers: `uses` in tidemill-plugin.toml ---- */

typedef enum tidemill_level { TIDEMILL_TRACE, TIDEMILL_DEBUG, TIDEMILL_INFO, TIDEMILL_WARN, TIDEMILL_ERROR } tidemill_level;

/* A line in the host's log. `fields` is NULL, or pairs of texts that belong to it. */
void tidemill_log(tidemill_level level, tidemill_text message, const tidemill_pair *fields, size_t count);

/* Figures of the plugin's own in the host's metrics (`uses = ["meter"]`). */
void tidemill_meter_add(const char *name, uint64_t delta);
void tidemill_meter_record(const char *name, double value);

/* Keys that outlive the host (`uses = ["state"]`, and `[grants] state = true` where it runs). */
typedef enum tidemill_written { TIDEMILL_WRITTEN, TIDEMILL_STALE, TIDEMILL_QUOTA, TIDEMILL_REFUSED } tidemill_written;
enum { TIDEMILL_ANY_VERSION = -1 };

/* Appends what a key holds; false if there is no such key. `version` may be NULL. */
bool tidemill_state_get(tidemill_text key, tidemill_buffer *value, uint64_t *version);
/* Sets a key. With `if_version` of 0 or more only if it has that version, 0 being that of no key; with `ttl_ms` above 0 for so long. */
tidemill_written tidemill_state_put(tidemill_text key, tidemill_text value, int64_t if_version, uint64_t ttl_ms);
/* Adds to a number, which is 0 if the key is not there; `sum` may be NULL. */
tidemill_written tidemill_state_increment(tidemill_text key, int64_t by, uint64_t ttl_ms, int64_t *sum);
bool tidemill_state_delete(tidemill_text key);
/* Keys that begin with a prefix and come after another one, each on a line of its own; how many. */
size_t tidemill_state_keys(tidemill_text prefix, tidemill_text after, uint32_t limit, tidemill_buffer *lines);

/* Publishes events beside those that pass (`uses = ["bus"]`, and `[grants] publish = ["alert.*"]`), and frees them. False: none
 * was taken, and `why` says why; it may be NULL. */
bool tidemill_publish(tidemill_drafts *drafts, tidemill_buffer *why);

/* In a call of a tool (`uses = ["call"]`): how far it is (`total` 0: nobody knows), and whether nobody waits any more. */
void tidemill_progress(double done, double total, tidemill_text message);
bool tidemill_cancelled(void);

#ifdef __cplusplus
}
#endif
#endif
