/* Owns what answers to clients are made of: parts, and what the client's side is asked first. */
#include "internal.h"

#ifdef TIDEMILL_HAS_CLIENTS
bool tidemill_accepts(const tidemill_client *client, const char *method) {
  for (size_t i = 0; i < client->accepts.len; i++)
    if (tidemill_is(tidemill_borrow(client->accepts.ptr[i]), method)) return true;
  return false;
}

bool tidemill_response(const tidemill_client *client, const char *name, tidemill_text *json) {
  for (size_t i = 0; i < client->response_count; i++) {
    if (!tidemill_is(tidemill_borrow(client->responses[i].name), name)) continue;
    *json = tidemill_borrow(client->responses[i].result_json);
    return true;
  }
  return false;
}

tidemill_text tidemill_state_of(const tidemill_client *client) {
  return client->state.is_some ? tidemill_borrow(client->state.val) : tidemill_str("");
}

void tidemill_ask(tidemill_client *client, tidemill_text name, tidemill_text method, tidemill_text params) {
  tidemill_plugin_content_list_input_request_t *all = &client->asked.requests;
  all->ptr = (tidemill_plugin_content_input_request_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  tidemill_plugin_content_input_request_t *made = all->ptr + all->len++;
  made->name = tidemill_copy(name);
  made->method = tidemill_copy(method);
  made->params_json = tidemill_copy(params);
}

void tidemill_ask_state(tidemill_client *client, tidemill_text state) {
  client->asked.state.is_some = true;
  tidemill_set(&client->asked.state.val, state);
}

void tidemill_client_forget(tidemill_client *client) {
  for (size_t i = 0; i < client->part_count; i++) tidemill_plugin_content_part_free(&client->parts[i].own);
  free(client->parts);
  tidemill_plugin_content_input_required_free(&client->asked);
}

/* What was said before does not hold any more. */
static tidemill_plugin_content_part_t *become(tidemill_part *part, uint8_t tag) {
  tidemill_plugin_content_part_free(&part->own);
  memset(part, 0, sizeof *part);
  part->own.tag = tag;
  return &part->own;
}

static void media(tidemill_plugin_content_media_t *made, tidemill_text data, tidemill_text media_type) {
  made->data = tidemill_copy_bytes(data);
  made->media_type = tidemill_copy(media_type);
}

void tidemill_part_text(tidemill_part *part, tidemill_text text) {
  become(part, TIDEMILL_PLUGIN_CONTENT_PART_TEXT)->val.text = tidemill_copy(text);
}

void tidemill_part_image(tidemill_part *part, tidemill_text data, tidemill_text media_type) {
  media(&become(part, TIDEMILL_PLUGIN_CONTENT_PART_IMAGE)->val.image, data, media_type);
}

void tidemill_part_audio(tidemill_part *part, tidemill_text data, tidemill_text media_type) {
  media(&become(part, TIDEMILL_PLUGIN_CONTENT_PART_AUDIO)->val.audio, data, media_type);
}

void tidemill_part_embedded_text(tidemill_part *part, tidemill_text uri, tidemill_text media_type, tidemill_text text) {
  tidemill_content_set(&become(part, TIDEMILL_PLUGIN_CONTENT_PART_EMBEDDED)->val.embedded, uri, media_type, false, text);
}

void tidemill_part_embedded_blob(tidemill_part *part, tidemill_text uri, tidemill_text media_type, tidemill_text data) {
  tidemill_content_set(&become(part, TIDEMILL_PLUGIN_CONTENT_PART_EMBEDDED)->val.embedded, uri, media_type, true, data);
}

void tidemill_part_link(tidemill_part *part, tidemill_text uri, tidemill_text name, tidemill_text media_type) {
  tidemill_plugin_content_resource_link_t *link = &become(part, TIDEMILL_PLUGIN_CONTENT_PART_LINK)->val.link;
  link->uri = tidemill_copy(uri);
  link->name = tidemill_copy(name);
  link->media_type = tidemill_copy_given(media_type);
}
#endif

#if defined(TIDEMILL_HAS_CLIENTS) || defined(TIDEMILL_HAS_RESOURCES)
plugin_option_string_t tidemill_copy_given(tidemill_text text) {
  plugin_option_string_t made = {text.size > 0, tidemill_copy(text)};
  return made;
}

void tidemill_content_set(tidemill_plugin_content_resource_content_t *made, tidemill_text uri, tidemill_text media_type, bool blob,
                          tidemill_text body) {
  made->uri = tidemill_copy(uri);
  made->media_type = tidemill_copy_given(media_type);
  made->body.tag = blob ? TIDEMILL_PLUGIN_CONTENT_RESOURCE_BODY_BLOB : TIDEMILL_PLUGIN_CONTENT_RESOURCE_BODY_TEXT;
  if (blob) made->body.val.blob = tidemill_copy_bytes(body);
  else made->body.val.text = tidemill_copy(body);
}
#endif
