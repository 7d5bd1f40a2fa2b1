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
/* Whether it is well-formed UTF-8. */
bool tidemill_utf8(tidemill_text text);

#if defined(TIDEMILL_HAS_FILTER) || defined(TIDEMILL_HAS_TRANSFORM) || defined(TIDEMILL_HAS_EVENT_TYPES) || defined(TIDEMILL_HAS_VIEW)
#define TIDEMILL_HAS_BATCHES 1
/* Checks a batch and forgets old faults; the number of its events. On false `fault` is set. */
bool tidemill_batch_begin(const tidemill_plugin_types_batch_t *batch, size_t *count, tidemill_plugin_types_fault_t *fault);
tidemill_event tidemill_batch_event(const tidemill_plugin_types_batch_t *batch, size_t number);
/* Whether the author said that the batch cannot go on. */
bool tidemill_batch_faulted(tidemill_plugin_types_fault_t *fault);
#endif

#endif
