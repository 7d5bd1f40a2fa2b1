/* Owns the kinds that stand on the way of events: filter, transform, event types. */
#include "internal.h"

#if defined(TIDEMILL_HAS_TRANSFORM) || defined(TIDEMILL_HAS_EVENT_TYPES)
struct tidemill_output {
  tidemill_plugin_types_output_t own;
};

static void set(plugin_option_string_t *member, tidemill_text text) {
  member->is_some = true;
  tidemill_set(&member->val, text);
}

void tidemill_output_type(tidemill_output *output, tidemill_text type) { set(&output->own.type, type); }
void tidemill_output_subject(tidemill_output *output, tidemill_text subject) { set(&output->own.subject, subject); }
void tidemill_output_content_type(tidemill_output *output, tidemill_text content_type) { set(&output->own.content_type, content_type); }

void tidemill_output_extension(tidemill_output *output, tidemill_text name, tidemill_text value) {
  plugin_list_tuple2_string_string_t *all = &output->own.extensions.val;
  output->own.extensions.is_some = true;
  all->ptr = (plugin_tuple2_string_string_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  all->ptr[all->len].f0 = tidemill_copy(name);
  all->ptr[all->len++].f1 = tidemill_copy(value);
}

void tidemill_output_data(tidemill_output *output, tidemill_text data) {
  plugin_list_u8_t made = tidemill_copy_bytes(data);
  free(output->own.data.val.ptr);
  output->own.data.is_some = true;
  output->own.data.val = made;
}

static void add_problem(tidemill_plugin_types_problem_t **problems, size_t *count, tidemill_text at, tidemill_text detail) {
  *problems = (tidemill_plugin_types_problem_t *)tidemill_grow(*problems, *count, sizeof **problems);
  (*problems)[*count].at = tidemill_copy(at);
  (*problems)[(*count)++].detail = tidemill_copy(detail);
}
#endif

#ifdef TIDEMILL_HAS_FILTER
bool exports_tidemill_plugin_filter_decide(exports_tidemill_plugin_filter_batch_t *events,
                                           exports_tidemill_plugin_filter_list_verdict_t *ret,
                                           exports_tidemill_plugin_filter_fault_t *err) {
  size_t count = 0;
  bool good = tidemill_batch_begin(events, &count, err);
  ret->ptr = NULL;
  ret->len = good ? count : 0;
  if (ret->len) ret->ptr = (exports_tidemill_plugin_filter_verdict_t *)tidemill_alloc(count * sizeof *ret->ptr);
  for (size_t i = 0; good && i < count; i++) {
    tidemill_event event = tidemill_batch_event(events, i);
    ret->ptr[i] = (exports_tidemill_plugin_filter_verdict_t)tidemill_decide(&event);
    good = !tidemill_batch_faulted(err);
  }
  if (!good) free(ret->ptr);
  tidemill_batch_end(events);
  return good;
}
#endif

#ifdef TIDEMILL_HAS_TRANSFORM
struct tidemill_outcome {
  exports_tidemill_plugin_transform_outcome_t own;
};

/* What was said before does not hold any more. */
static void become(tidemill_outcome *outcome, uint8_t tag) {
  if (outcome->own.tag == tag && tag != EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_RETRY) return;
  exports_tidemill_plugin_transform_outcome_free(&outcome->own);
  memset(outcome, 0, sizeof *outcome);
  outcome->own.tag = tag;
}

void tidemill_keep(tidemill_outcome *outcome) { become(outcome, EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_KEEP); }
void tidemill_drop(tidemill_outcome *outcome) { become(outcome, EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_DROP); }

tidemill_output *tidemill_emit(tidemill_outcome *outcome) {
  become(outcome, EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_EMIT);
  exports_tidemill_plugin_transform_list_output_t *all = &outcome->own.val.emit;
  all->ptr = (tidemill_plugin_types_output_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  memset(all->ptr + all->len, 0, sizeof *all->ptr);
  return (tidemill_output *)(all->ptr + all->len++);
}

void tidemill_reject(tidemill_outcome *outcome, tidemill_text at, tidemill_text detail) {
  become(outcome, EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_REJECT);
  add_problem(&outcome->own.val.reject.ptr, &outcome->own.val.reject.len, at, detail);
}

void tidemill_retry(tidemill_outcome *outcome, tidemill_text why) {
  become(outcome, EXPORTS_TIDEMILL_PLUGIN_TRANSFORM_OUTCOME_RETRY);
  outcome->own.val.retry = tidemill_copy(why);
}

bool exports_tidemill_plugin_transform_apply(exports_tidemill_plugin_transform_batch_t *events,
                                             exports_tidemill_plugin_transform_list_outcome_t *ret,
                                             exports_tidemill_plugin_transform_fault_t *err) {
  size_t count = 0;
  bool good = tidemill_batch_begin(events, &count, err);
  ret->ptr = NULL;
  ret->len = good ? count : 0;
  if (ret->len) ret->ptr = (exports_tidemill_plugin_transform_outcome_t *)tidemill_alloc(count * sizeof *ret->ptr);
  for (size_t i = 0; good && i < count; i++) {
    tidemill_event event = tidemill_batch_event(events, i);
    tidemill_apply(&event, (tidemill_outcome *)(ret->ptr + i));
    good = !tidemill_batch_faulted(err);
  }
  if (!good) exports_tidemill_plugin_transform_list_outcome_free(ret);
  tidemill_batch_end(events);
  return good;
}
#endif

#ifdef TIDEMILL_HAS_EVENT_TYPES
struct tidemill_validity {
  exports_tidemill_plugin_event_types_validity_t own;
};

static void judge(tidemill_validity *validity, uint8_t tag) {
  if (validity->own.tag == tag) return;
  exports_tidemill_plugin_event_types_validity_free(&validity->own);
  memset(validity, 0, sizeof *validity);
  validity->own.tag = tag;
}

tidemill_output *tidemill_normalise(tidemill_validity *validity) {
  judge(validity, EXPORTS_TIDEMILL_PLUGIN_EVENT_TYPES_VALIDITY_NORMALISED);
  return (tidemill_output *)&validity->own.val.normalised;
}

void tidemill_invalid(tidemill_validity *validity, tidemill_text at, tidemill_text detail) {
  judge(validity, EXPORTS_TIDEMILL_PLUGIN_EVENT_TYPES_VALIDITY_INVALID);
  add_problem(&validity->own.val.invalid.ptr, &validity->own.val.invalid.len, at, detail);
}

void exports_tidemill_plugin_event_types_types(exports_tidemill_plugin_event_types_list_event_type_t *ret) {
  size_t count = 0;
  const tidemill_event_type_info *own = tidemill_types(&count);
  ret->len = count;
  ret->ptr = count ? (exports_tidemill_plugin_event_types_event_type_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) {
    exports_tidemill_plugin_event_types_event_type_t *made = ret->ptr + i;
    made->name = tidemill_copy(tidemill_str(own[i].name));
    made->version = tidemill_copy(tidemill_str(own[i].version));
    made->summary = tidemill_copy(tidemill_str(own[i].summary));
    made->schema_json = tidemill_copy(tidemill_str(own[i].schema_json));
    for (size_t n = 0; n < sizeof own->examples / sizeof *own->examples && own[i].examples[n]; n++) {
      made->examples.ptr = (plugin_string_t *)tidemill_grow(made->examples.ptr, n, sizeof *made->examples.ptr);
      made->examples.ptr[made->examples.len++] = tidemill_copy(tidemill_str(own[i].examples[n]));
    }
  }
}

bool exports_tidemill_plugin_event_types_validate(exports_tidemill_plugin_event_types_batch_t *events,
                                                  exports_tidemill_plugin_event_types_list_validity_t *ret,
                                                  exports_tidemill_plugin_event_types_fault_t *err) {
  size_t count = 0;
  bool good = tidemill_batch_begin(events, &count, err);
  ret->ptr = NULL;
  ret->len = good ? count : 0;
  if (ret->len) ret->ptr = (exports_tidemill_plugin_event_types_validity_t *)tidemill_alloc(count * sizeof *ret->ptr);
  for (size_t i = 0; good && i < count; i++) {
    tidemill_event event = tidemill_batch_event(events, i);
    tidemill_validate(&event, (tidemill_validity *)(ret->ptr + i));
    good = !tidemill_batch_faulted(err);
  }
  if (!good) exports_tidemill_plugin_event_types_list_validity_free(ret);
  tidemill_batch_end(events);
  return good;
}

/* For plugins that do not say how: the type, and what it is about. */
__attribute__((weak)) void tidemill_render(const tidemill_event *event, bool html, tidemill_buffer *shown) {
  void (*add)(tidemill_buffer *, tidemill_text) = html ? tidemill_add_html : tidemill_add;
  tidemill_text subject = tidemill_event_subject(event);
  add(shown, tidemill_event_type(event));
  tidemill_add_str(shown, " ");
  add(shown, subject.size ? subject : tidemill_event_id(event));
}

bool exports_tidemill_plugin_event_types_render(exports_tidemill_plugin_event_types_batch_t *events, plugin_string_t *target,
                                                plugin_list_string_t *ret, exports_tidemill_plugin_event_types_fault_t *err) {
  size_t count = 0;
  bool good = tidemill_batch_begin(events, &count, err), html = tidemill_is(tidemill_borrow(*target), "html");
  ret->ptr = NULL;
  ret->len = good ? count : 0;
  if (ret->len) ret->ptr = (plugin_string_t *)tidemill_alloc(count * sizeof *ret->ptr);
  for (size_t i = 0; good && i < count; i++) {
    tidemill_event event = tidemill_batch_event(events, i);
    tidemill_buffer shown = {0};
    tidemill_render(&event, html, &shown);
    ret->ptr[i] = tidemill_take(&shown);
    good = !tidemill_batch_faulted(err);
  }
  if (!good) plugin_list_string_free(ret);
  plugin_string_free(target);
  tidemill_batch_end(events);
  return good;
}
#endif
