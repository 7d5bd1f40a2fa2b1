/* Owns the kinds that face somebody outside: views and webhooks; and the events that a plugin makes itself. */
#include "internal.h"

#ifdef TIDEMILL_HAS_VIEW
bool exports_tidemill_plugin_view_classify(exports_tidemill_plugin_view_subscriber_t *who, plugin_string_t *ret,
                                           plugin_string_t *err) {
  tidemill_subscriber subscriber = {tidemill_borrow(who->principal), tidemill_pairs_of(who->claims), tidemill_pairs_of(who->parameters)};
  tidemill_buffer text = {0};
  bool good = tidemill_classify(&subscriber, &text);
  *(good ? ret : err) = tidemill_take(&text);
  exports_tidemill_plugin_view_subscriber_free(who);
  return good;
}

bool exports_tidemill_plugin_view_visible(plugin_string_t *class_name, exports_tidemill_plugin_view_batch_t *events,
                                          plugin_list_bool_t *ret, exports_tidemill_plugin_view_fault_t *err) {
  size_t count = 0;
  bool good = tidemill_batch_begin(events, &count, err);
  ret->ptr = NULL;
  ret->len = good ? count : 0;
  if (ret->len) ret->ptr = (bool *)tidemill_alloc(count * sizeof *ret->ptr);
  for (size_t i = 0; good && i < count; i++) {
    tidemill_event event = tidemill_batch_event(events, i);
    ret->ptr[i] = tidemill_visible(tidemill_borrow(*class_name), &event);
    good = !tidemill_batch_faulted(err);
  }
  if (!good) free(ret->ptr);
  plugin_string_free(class_name);
  tidemill_batch_end(events);
  return good;
}
#endif

#if defined(TIDEMILL_HAS_WEBHOOK) || defined(TIDEMILL_HAS_BUS)
struct tidemill_draft {
  plugin_string_t type, data;
  plugin_option_string_t id, source, subject, content_type;
  bool timed;
  uint64_t time_ms;
  plugin_list_tuple2_string_string_t extensions;
};

tidemill_draft *tidemill_draft_begin(tidemill_drafts *drafts, tidemill_text type, tidemill_text data) {
  drafts->drafts = (tidemill_draft *)tidemill_grow(drafts->drafts, drafts->count, sizeof *drafts->drafts);
  tidemill_draft *draft = drafts->drafts + drafts->count++;
  memset(draft, 0, sizeof *draft);
  draft->type = tidemill_copy(type);
  draft->data = tidemill_copy(data);
  return draft;
}

static void set(plugin_option_string_t *member, tidemill_text text) {
  member->is_some = true;
  tidemill_set(&member->val, text);
}

void tidemill_draft_id(tidemill_draft *draft, tidemill_text id) { set(&draft->id, id); }
void tidemill_draft_source(tidemill_draft *draft, tidemill_text source) { set(&draft->source, source); }
void tidemill_draft_subject(tidemill_draft *draft, tidemill_text subject) { set(&draft->subject, subject); }
void tidemill_draft_content_type(tidemill_draft *draft, tidemill_text content_type) { set(&draft->content_type, content_type); }

void tidemill_draft_time_ms(tidemill_draft *draft, uint64_t time_ms) {
  draft->timed = true;
  draft->time_ms = time_ms;
}

void tidemill_draft_extension(tidemill_draft *draft, tidemill_text name, tidemill_text value) {
  plugin_list_tuple2_string_string_t *all = &draft->extensions;
  all->ptr = (plugin_tuple2_string_string_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  all->ptr[all->len].f0 = tidemill_copy(name);
  all->ptr[all->len++].f1 = tidemill_copy(value);
}

void tidemill_drafts_free(tidemill_drafts *drafts) {
  for (size_t i = 0; i < drafts->count; i++) {
    tidemill_draft *draft = drafts->drafts + i;
    plugin_string_free(&draft->type);
    plugin_string_free(&draft->data);
    plugin_option_string_free(&draft->id);
    plugin_option_string_free(&draft->source);
    plugin_option_string_free(&draft->subject);
    plugin_option_string_free(&draft->content_type);
    plugin_list_tuple2_string_string_free(&draft->extensions);
  }
  free(drafts->drafts);
  drafts->drafts = NULL;
  drafts->count = 0;
}
#endif

#ifdef TIDEMILL_HAS_BUS
bool tidemill_publish(tidemill_drafts *drafts, tidemill_buffer *why) {
  tidemill_plugin_bus_list_new_event_t events = {NULL, drafts->count};
  events.ptr = (tidemill_plugin_bus_new_event_t *)tidemill_alloc(events.len * sizeof *events.ptr);
  for (size_t i = 0; i < events.len; i++) {
    const tidemill_draft *draft = drafts->drafts + i;
    tidemill_plugin_bus_new_event_t *made = events.ptr + i;
    made->type = draft->type;
    made->id = draft->id;
    made->source = draft->source;
    made->subject = draft->subject;
    made->content_type = draft->content_type;
    made->extensions = draft->extensions;
    made->data.ptr = draft->data.ptr;
    made->data.len = draft->data.len;
  }
  plugin_string_t err;
  bool done = tidemill_plugin_bus_publish(&events, &err);
  if (!done && why) tidemill_add(why, tidemill_borrow(err));
  if (!done) plugin_string_free(&err);
  free(events.ptr);
  tidemill_drafts_free(drafts);
  return done;
}
#endif

#ifdef TIDEMILL_HAS_WEBHOOK
bool exports_tidemill_plugin_webhook_receive(exports_tidemill_plugin_webhook_delivery_t *delivered,
                                             exports_tidemill_plugin_webhook_list_draft_t *ret,
                                             exports_tidemill_plugin_webhook_refusal_t *err) {
  tidemill_delivery delivery = {tidemill_pairs_of(delivered->headers), tidemill_borrow(delivered->query),
                                tidemill_bytes(delivered->body.ptr, delivered->body.len)};
  tidemill_drafts drafts = {0};
  tidemill_buffer why = {0};
  uint16_t status = tidemill_receive(&delivery, &drafts, &why);
  exports_tidemill_plugin_webhook_delivery_free(delivered);
  if (status) {
    tidemill_drafts_free(&drafts);
    err->status = status;
    err->detail = tidemill_take(&why);
    return false;
  }
  tidemill_free(&why);
  ret->len = drafts.count;
  ret->ptr = drafts.count ? (exports_tidemill_plugin_webhook_draft_t *)tidemill_alloc(drafts.count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < drafts.count; i++) { /* what a draft holds moves to the answer */
    const tidemill_draft *draft = drafts.drafts + i;
    exports_tidemill_plugin_webhook_draft_t *made = ret->ptr + i;
    made->type = draft->type;
    made->id = draft->id;
    made->source = draft->source;
    made->subject = draft->subject;
    made->time_ms.is_some = draft->timed;
    made->time_ms.val = draft->time_ms;
    made->content_type = draft->content_type;
    made->extensions = draft->extensions;
    made->data.ptr = draft->data.ptr;
    made->data.len = draft->data.len;
  }
  free(drafts.drafts);
  return true;
}
#endif
