/* What the sources of the SDK have in common: the generated bindings, and how texts cross into them.
 *
 * `tidemill_world.h` is generated beside the bindings: TIDEMILL_HAS_FILTER and so on for each interface of the world. */
#ifndef TIDEMILL_INTERNAL_H
#define TIDEMILL_INTERNAL_H

#include <stdlib.h>

#include "../tidemill.h"
#include "plugin.h"
#include "tidemill_world.h"

/* Memory or the end of the call: a plugin that has none left is stopped by the host. */
void *tidemill_alloc(size_t size);
void *tidemill_grow(void *old, size_t count, size_t size);

/* A copy that the bindings free. */
plugin_string_t tidemill_copy(tidemill_text text);
plugin_list_u8_t tidemill_copy_bytes(tidemill_text text);
/* The same for texts that may be absent: NULL is. */
plugin_option_string_t tidemill_copy_option(const char *text);
/* What a buffer holds; the buffer is empty after that. */
plugin_string_t tidemill_take(tidemill_buffer *buffer);
/* Borrowed in both directions. */
plugin_string_t tidemill_lend(tidemill_text text);
tidemill_text tidemill_borrow(plugin_string_t text);
void tidemill_set(plugin_string_t *member, tidemill_text text);
/* A pair of the bindings is a pair of the header: two texts, each a pointer and a size. */
tidemill_pairs tidemill_pairs_of(plugin_list_tuple2_string_string_t own);
/* Whether it is well-formed UTF-8. */
bool tidemill_utf8(tidemill_text text);

#if defined(TIDEMILL_HAS_FILTER) || defined(TIDEMILL_HAS_TRANSFORM) || defined(TIDEMILL_HAS_EVENT_TYPES) || defined(TIDEMILL_HAS_VIEW)
#define TIDEMILL_HAS_BATCHES 1
/* Checks a batch and forgets old faults; the number of its events. On false `fault` is set. */
bool tidemill_batch_begin(const tidemill_plugin_types_batch_t *batch, size_t *count, tidemill_plugin_types_fault_t *fault);
tidemill_event tidemill_batch_event(const tidemill_plugin_types_batch_t *batch, size_t number);
/* Gives it back. The bindings have a function for that in some worlds, and in others none. */
void tidemill_batch_end(tidemill_plugin_types_batch_t *batch);
/* Whether the author said that the batch cannot go on. */
bool tidemill_batch_faulted(tidemill_plugin_types_fault_t *fault);
#endif

#if defined(TIDEMILL_HAS_TOOLS) || defined(TIDEMILL_HAS_PROMPTS)
#define TIDEMILL_HAS_CLIENTS 1
struct tidemill_part {
  tidemill_plugin_content_part_t own;
};

struct tidemill_client {
  /* What came with the call, borrowed. */
  plugin_list_string_t accepts;
  const tidemill_plugin_content_input_response_t *responses;
  size_t response_count;
  plugin_option_string_t state;
  /* What the plugin said. */
  tidemill_plugin_content_input_required_t asked;
  tidemill_part *parts;
  size_t part_count;
};

/* Gives back what was said, where the answer is something else. */
void tidemill_client_forget(tidemill_client *client);
#endif

#if defined(TIDEMILL_HAS_CLIENTS) || defined(TIDEMILL_HAS_RESOURCES)
/* A copy that is absent where the text is empty. */
plugin_option_string_t tidemill_copy_given(tidemill_text text);
void tidemill_content_set(tidemill_plugin_content_resource_content_t *made, tidemill_text uri, tidemill_text media_type, bool blob,
                          tidemill_text body);
#endif

#endif
