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
 * What stands here and in `tidemill/`, which comes with it, is the whole interface. `src/` makes the component's calls of it; the
 * contract itself, with every bound, is `wit/v0.1`. Texts are UTF-8 and do not end in a zero byte: mind `size`. What an event gives out lies in the host's batch,
 * is not copied, and is good until the function that was given the event returns. What the plugin hands over is copied.
 * When there is no memory left the call ends with a trap.
 */
#ifndef TIDEMILL_H
#define TIDEMILL_H

#include "tidemill/json.h"

#ifdef __cplusplus
extern "C" {
#endif

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
 * A plugin that does not define this shows the type with the subject, or the id. */
void tidemill_render(const tidemill_event *event, bool html, tidemill_buffer *shown);

/* Accepted with these changes. */
tidemill_output *tidemill_normalise(tidemill_validity *validity);
/* Not an event of this type: one more problem. */
void tidemill_invalid(tidemill_validity *validity, tidemill_text at, tidemill_text detail);

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

#ifdef __cplusplus
}
#endif

#include "tidemill/clients.h"
#include "tidemill/host.h"
#include "tidemill/http.h"

#endif
