/* Owns the kinds that clients call: tools and prompts. */
#include "internal.h"

#ifdef TIDEMILL_HAS_CLIENTS
static tidemill_text nobody_or(plugin_option_string_t caller) {
  return caller.is_some ? tidemill_borrow(caller.val) : tidemill_str("");
}
#endif

#ifdef TIDEMILL_HAS_TOOLS
void exports_tidemill_plugin_tools_tools(exports_tidemill_plugin_tools_list_tool_t *ret) {
  size_t count = 0;
  const tidemill_tool *own = tidemill_tools(&count);
  ret->len = count;
  ret->ptr = count ? (exports_tidemill_plugin_tools_tool_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) {
    exports_tidemill_plugin_tools_tool_t *made = ret->ptr + i;
    made->name = tidemill_copy(tidemill_str(own[i].name));
    made->title = tidemill_copy_option(own[i].title);
    made->description = tidemill_copy(tidemill_str(own[i].description));
    const char *schema = own[i].input_schema ? own[i].input_schema : "{\"type\":\"object\",\"properties\":{}}";
    made->input_schema = tidemill_copy(tidemill_str(schema));
    made->output_schema = tidemill_copy_option(own[i].output_schema);
    made->permission = tidemill_copy_option(own[i].permission);
    made->hints = own[i].hints;
  }
}

tidemill_part *tidemill_part_begin(tidemill_client *client) {
  client->parts = (tidemill_part *)tidemill_grow(client->parts, client->part_count, sizeof *client->parts);
  memset(client->parts + client->part_count, 0, sizeof *client->parts);
  return client->parts + client->part_count++;
}

/* The text comes first, unless it is empty and there are other parts. */
static void result(exports_tidemill_plugin_tools_tool_result_t *made, tidemill_client *client, tidemill_buffer *text,
                   tidemill_buffer *structured) {
  size_t first = text->size > 0 || client->part_count == 0;
  made->content.len = first + client->part_count;
  made->content.ptr = (exports_tidemill_plugin_tools_part_t *)tidemill_alloc(made->content.len * sizeof *made->content.ptr);
  made->content.ptr->tag = TIDEMILL_PLUGIN_CONTENT_PART_TEXT;
  if (first) made->content.ptr->val.text = tidemill_take(text);
  if (client->part_count) memcpy(made->content.ptr + first, client->parts, client->part_count * sizeof *client->parts);
  client->part_count = 0; /* what they hold moved */
  made->structured_json.is_some = structured->size > 0;
  made->structured_json.val = tidemill_take(structured);
}

bool exports_tidemill_plugin_tools_call(exports_tidemill_plugin_tools_invocation_t *invoked,
                                        exports_tidemill_plugin_tools_outcome_t *ret,
                                        exports_tidemill_plugin_tools_failure_t *err) {
  tidemill_client client = {0};
  client.accepts = invoked->accepts;
  client.responses = invoked->responses.ptr;
  client.response_count = invoked->responses.len;
  client.state = invoked->state;
  tidemill_invocation invocation = {tidemill_borrow(invoked->name), tidemill_borrow(invoked->arguments_json),
                                    nobody_or(invoked->caller), &client};
  tidemill_buffer text = {0}, structured = {0};
  tidemill_call_end end = tidemill_call(&invocation, &text, &structured);
  exports_tidemill_plugin_tools_invocation_free(invoked);
  bool good = end == TIDEMILL_DONE || end == TIDEMILL_TOOL_ERROR;
  if (good) memset(ret, 0, sizeof *ret);
  if (!good) {
    err->tag = (uint8_t)(end - TIDEMILL_UNKNOWN_TOOL);
    if (end != TIDEMILL_UNKNOWN_TOOL) err->val.failed = tidemill_take(&text);
  } else if (client.asked.requests.len) {
    ret->tag = EXPORTS_TIDEMILL_PLUGIN_TOOLS_OUTCOME_INPUT_REQUIRED;
    ret->val.input_required = client.asked;
    memset(&client.asked, 0, sizeof client.asked);
  } else {
    ret->tag = EXPORTS_TIDEMILL_PLUGIN_TOOLS_OUTCOME_COMPLETE;
    ret->val.complete.is_error = end == TIDEMILL_TOOL_ERROR;
    result(&ret->val.complete, &client, &text, &structured);
  }
  tidemill_free(&text);
  tidemill_free(&structured);
  tidemill_client_forget(&client);
  return good;
}
#endif

#ifdef TIDEMILL_HAS_PROMPTS
struct tidemill_filled {
  exports_tidemill_plugin_prompts_filled_t own;
};

tidemill_part *tidemill_message(tidemill_filled *filled, tidemill_role who) {
  exports_tidemill_plugin_prompts_list_message_t *all = &filled->own.messages;
  all->ptr = (exports_tidemill_plugin_prompts_message_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  exports_tidemill_plugin_prompts_message_t *made = all->ptr + all->len++;
  memset(made, 0, sizeof *made);
  made->role = (exports_tidemill_plugin_prompts_role_t)who;
  return (tidemill_part *)&made->content;
}

void tidemill_say(tidemill_filled *filled, tidemill_role who, tidemill_text text) {
  tidemill_part_text(tidemill_message(filled, who), text);
}

void tidemill_filled_description(tidemill_filled *filled, tidemill_text description) {
  filled->own.description.is_some = true;
  tidemill_set(&filled->own.description.val, description);
}

void exports_tidemill_plugin_prompts_prompts(exports_tidemill_plugin_prompts_list_prompt_t *ret) {
  size_t count = 0;
  const tidemill_prompt *own = tidemill_prompts(&count);
  ret->len = count;
  ret->ptr = count ? (exports_tidemill_plugin_prompts_prompt_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) {
    exports_tidemill_plugin_prompts_prompt_t *made = ret->ptr + i;
    made->name = tidemill_copy(tidemill_str(own[i].name));
    made->title = tidemill_copy_option(own[i].title);
    made->description = tidemill_copy_option(own[i].description);
    made->permission = tidemill_copy_option(own[i].permission);
    made->arguments.len = own[i].argument_count;
    if (!made->arguments.len) continue;
    made->arguments.ptr =
        (exports_tidemill_plugin_prompts_argument_t *)tidemill_alloc(made->arguments.len * sizeof *made->arguments.ptr);
    for (size_t n = 0; n < made->arguments.len; n++) {
      made->arguments.ptr[n].name = tidemill_copy(tidemill_str(own[i].arguments[n].name));
      made->arguments.ptr[n].description = tidemill_copy_option(own[i].arguments[n].description);
      made->arguments.ptr[n].required = own[i].arguments[n].required;
    }
  }
}

bool exports_tidemill_plugin_prompts_get(exports_tidemill_plugin_prompts_request_t *asked,
                                         exports_tidemill_plugin_prompts_outcome_t *ret,
                                         exports_tidemill_plugin_prompts_failure_t *err) {
  tidemill_client client = {0};
  client.accepts = asked->accepts;
  client.responses = asked->responses.ptr;
  client.response_count = asked->responses.len;
  client.state = asked->state;
  tidemill_request request = {tidemill_borrow(asked->name), tidemill_pairs_of(asked->arguments), nobody_or(asked->caller), &client};
  tidemill_filled filled = {0};
  tidemill_buffer why = {0};
  tidemill_call_end end = tidemill_get(&request, &filled, &why);
  exports_tidemill_plugin_prompts_request_free(asked);
  bool good = end == TIDEMILL_DONE, asks = client.asked.requests.len > 0;
  if (good) memset(ret, 0, sizeof *ret);
  if (!good || asks) exports_tidemill_plugin_prompts_filled_free(&filled.own);
  if (!good) {
    err->tag = EXPORTS_TIDEMILL_PLUGIN_PROMPTS_FAILURE_FAILED;
    if (end == TIDEMILL_UNKNOWN_PROMPT) err->tag = EXPORTS_TIDEMILL_PLUGIN_PROMPTS_FAILURE_UNKNOWN_PROMPT;
    else if (end == TIDEMILL_INVALID_ARGUMENTS) err->tag = EXPORTS_TIDEMILL_PLUGIN_PROMPTS_FAILURE_INVALID_ARGUMENTS;
    if (end != TIDEMILL_UNKNOWN_PROMPT) err->val.failed = tidemill_take(&why);
  } else if (asks) {
    ret->tag = EXPORTS_TIDEMILL_PLUGIN_PROMPTS_OUTCOME_INPUT_REQUIRED;
    ret->val.input_required = client.asked;
    memset(&client.asked, 0, sizeof client.asked);
  } else {
    ret->tag = EXPORTS_TIDEMILL_PLUGIN_PROMPTS_OUTCOME_COMPLETE;
    ret->val.complete = filled.own;
  }
  tidemill_free(&why);
  tidemill_client_forget(&client);
  return good;
}
#endif
