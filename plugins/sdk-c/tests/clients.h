/* Calls tools and prompts and reads resources natively: what the bindings get of what an author says. That nothing is lost or freed
 * twice, the sanitizers see. */

const tidemill_tool *tidemill_tools(size_t *count) {
  static const tidemill_tool tools[] = {{.name = "a", .description = "b", .title = "c", .hints = TIDEMILL_OPEN_WORLD}};
  *count = 1;
  return tools;
}

tidemill_call_end tidemill_call(const tidemill_invocation *invoked, tidemill_buffer *text, tidemill_buffer *structured) {
  tidemill_part *part = tidemill_part_begin(invoked->client);
  tidemill_part_text(part, tidemill_str("replaced"));
  tidemill_part_image(part, tidemill_str("\x01"), tidemill_str("image/png"));
  tidemill_part_link(tidemill_part_begin(invoked->client), tidemill_str("a://b"), tidemill_str("c"), tidemill_str(""));
  if (tidemill_is(invoked->name, "parts")) return TIDEMILL_DONE;
  tidemill_add_str(text, "why");
  tidemill_add_str(structured, "{}");
  if (tidemill_is(invoked->name, "unknown")) return TIDEMILL_UNKNOWN_TOOL;
  if (tidemill_is(invoked->name, "wrong")) return TIDEMILL_INVALID_ARGUMENTS;
  if (tidemill_is(invoked->name, "failed")) return TIDEMILL_FAILED;
  if (!tidemill_is(invoked->name, "ask")) return TIDEMILL_TOOL_ERROR;
  CHECK(tidemill_accepts(invoked->client, "roots/list") && !tidemill_accepts(invoked->client, "roots"));
  tidemill_text answer;
  CHECK(tidemill_response(invoked->client, "first", &answer) && tidemill_is(answer, "{\"a\":1}"));
  CHECK(!tidemill_response(invoked->client, "other", &answer) && tidemill_is(tidemill_state_of(invoked->client), "before"));
  tidemill_ask(invoked->client, tidemill_str("second"), tidemill_str("roots/list"), tidemill_str("{}"));
  tidemill_ask_state(invoked->client, tidemill_str("once"));
  tidemill_ask_state(invoked->client, tidemill_str("after"));
  return TIDEMILL_DONE;
}

static exports_tidemill_plugin_tools_outcome_t outcome;
static exports_tidemill_plugin_tools_failure_t failure;

static bool called(const char *name) {
  exports_tidemill_plugin_tools_invocation_t invoked;
  memset(&invoked, 0, sizeof invoked);
  plugin_string_dup(&invoked.name, name);
  plugin_string_dup(&invoked.arguments_json, "{}");
  invoked.accepts.len = invoked.responses.len = 1;
  invoked.accepts.ptr = malloc(sizeof *invoked.accepts.ptr);
  plugin_string_dup(invoked.accepts.ptr, "roots/list");
  invoked.responses.ptr = malloc(sizeof *invoked.responses.ptr);
  plugin_string_dup(&invoked.responses.ptr->name, "first");
  plugin_string_dup(&invoked.responses.ptr->result_json, "{\"a\":1}");
  invoked.state.is_some = true;
  plugin_string_dup(&invoked.state.val, "before");
  return exports_tidemill_plugin_tools_call(&invoked, &outcome, &failure);
}

static void check_tools(void) {
  begin("tools", false);
  exports_tidemill_plugin_tools_list_tool_t tools;
  exports_tidemill_plugin_tools_tools(&tools);
  CHECK(tools.len == 1 && tools.ptr->hints == 8 && option_is(tools.ptr->title, tidemill_str("c")) && !tools.ptr->permission.is_some);
  exports_tidemill_plugin_tools_list_tool_free(&tools);
  const exports_tidemill_plugin_tools_tool_result_t *result = &outcome.val.complete;
  CHECK(called("parts") && outcome.tag == 0 && result->content.len == 2 && !result->is_error && !result->structured_json.is_some);
  CHECK(result->content.ptr[0].tag == 1 && text_is(result->content.ptr[0].val.image.media_type, tidemill_str("image/png")));
  CHECK(result->content.ptr[1].tag == 4 && !result->content.ptr[1].val.link.media_type.is_some);
  exports_tidemill_plugin_tools_outcome_free(&outcome);
  CHECK(called("error") && result->is_error && result->content.len == 3 && option_is(result->structured_json, tidemill_str("{}")));
  CHECK(result->content.ptr[0].tag == 0 && text_is(result->content.ptr[0].val.text, tidemill_str("why")));
  exports_tidemill_plugin_tools_outcome_free(&outcome);
  static const char *const bad[] = {"unknown", "wrong", "failed"};
  for (uint8_t tag = 0; tag < 3; tag++) {
    CHECK(!called(bad[tag]) && failure.tag == tag && (tag == 0 || text_is(failure.val.failed, tidemill_str("why"))));
    exports_tidemill_plugin_tools_failure_free(&failure);
  }
  CHECK(called("ask") && outcome.tag == 1 && outcome.val.input_required.requests.len == 1);
  CHECK(option_is(outcome.val.input_required.state, tidemill_str("after")));
  exports_tidemill_plugin_tools_outcome_free(&outcome);
}

const tidemill_prompt *tidemill_prompts(size_t *count) {
  static const tidemill_argument arguments[] = {{.name = "x", .required = true}, {.name = "y", .description = "z"}};
  static const tidemill_prompt prompts[] = {{.name = "a"}, {.name = "b", .arguments = arguments, .argument_count = 2}};
  *count = 2;
  return prompts;
}

tidemill_call_end tidemill_get(const tidemill_request *asked, tidemill_filled *filled, tidemill_buffer *why) {
  tidemill_say(filled, TIDEMILL_ASSISTANT, tidemill_str("one"));
  tidemill_part_embedded_blob(tidemill_message(filled, TIDEMILL_USER), tidemill_str("a://b"), tidemill_str("x/y"), tidemill_str("\x02"));
  tidemill_filled_description(filled, tidemill_str("what"));
  tidemill_add_str(why, "why");
  if (tidemill_is(asked->name, "ask")) tidemill_ask(asked->client, tidemill_str("q"), tidemill_str("roots/list"), tidemill_str("{}"));
  if (tidemill_is(asked->name, "unknown")) return TIDEMILL_UNKNOWN_PROMPT;
  return tidemill_is(asked->name, "wrong") ? TIDEMILL_INVALID_ARGUMENTS : TIDEMILL_DONE;
}

static exports_tidemill_plugin_prompts_outcome_t filled_in;
static exports_tidemill_plugin_prompts_failure_t unfilled;

static bool got(const char *name) {
  exports_tidemill_plugin_prompts_request_t asked;
  memset(&asked, 0, sizeof asked);
  plugin_string_dup(&asked.name, name);
  return exports_tidemill_plugin_prompts_get(&asked, &filled_in, &unfilled);
}

static void check_prompts(void) {
  begin("prompts", false);
  exports_tidemill_plugin_prompts_list_prompt_t prompts;
  exports_tidemill_plugin_prompts_prompts(&prompts);
  CHECK(prompts.len == 2 && prompts.ptr[0].arguments.len == 0 && prompts.ptr[1].arguments.len == 2);
  CHECK(prompts.ptr[1].arguments.ptr[0].required && option_is(prompts.ptr[1].arguments.ptr[1].description, tidemill_str("z")));
  exports_tidemill_plugin_prompts_list_prompt_free(&prompts);
  const exports_tidemill_plugin_prompts_filled_t *filled = &filled_in.val.complete;
  CHECK(got("b") && filled_in.tag == 0 && filled->messages.len == 2 && option_is(filled->description, tidemill_str("what")));
  CHECK(filled->messages.ptr[0].role == 1 && text_is(filled->messages.ptr[0].content.val.text, tidemill_str("one")));
  CHECK(filled->messages.ptr[1].role == 0 && filled->messages.ptr[1].content.val.embedded.body.val.blob.len == 1);
  exports_tidemill_plugin_prompts_outcome_free(&filled_in);
  CHECK(got("ask") && filled_in.tag == 1);
  exports_tidemill_plugin_prompts_outcome_free(&filled_in);
  CHECK(!got("unknown") && unfilled.tag == 0);
  exports_tidemill_plugin_prompts_failure_free(&unfilled);
  CHECK(!got("wrong") && unfilled.tag == 1 && text_is(unfilled.val.invalid_arguments, tidemill_str("why")));
  exports_tidemill_plugin_prompts_failure_free(&unfilled);
}

const tidemill_resource *tidemill_resources(size_t *count) {
  static const tidemill_resource resources[] = {{.uri = "a://b", .name = "c", .media_type = "x/y"}};
  *count = 1;
  return resources;
}

tidemill_call_end tidemill_read(tidemill_text uri, tidemill_text caller, tidemill_contents *contents, tidemill_buffer *why) {
  tidemill_content_text(contents, uri, tidemill_str(""), caller);
  tidemill_content_blob(contents, uri, tidemill_str("x/y"), tidemill_str("\x02\x03"));
  tidemill_add_str(why, "why");
  return tidemill_is(uri, "a://b") ? TIDEMILL_DONE : tidemill_is(uri, "a://c") ? TIDEMILL_FAILED : TIDEMILL_NOT_FOUND;
}

bool tidemill_complete(const tidemill_question *asked, tidemill_suggestions *suggestions, tidemill_buffer *why) {
  CHECK(tidemill_is(asked->uri_template, "a://{b}") && !asked->prompt.size);
  tidemill_suggest(suggestions, tidemill_str("one"));
  tidemill_suggest(suggestions, tidemill_str("two"));
  tidemill_suggest_more(suggestions, 7);
  tidemill_add_str(why, "why");
  return tidemill_is(asked->value, "t");
}

static bool completed(const char *value, exports_tidemill_plugin_completions_suggestions_t *found, plugin_string_t *err) {
  exports_tidemill_plugin_completions_question_t asked;
  memset(&asked, 0, sizeof asked);
  asked.subject.tag = EXPORTS_TIDEMILL_PLUGIN_COMPLETIONS_SUBJECT_TEMPLATE;
  plugin_string_dup(&asked.subject.val.template_, "a://{b}");
  plugin_string_dup(&asked.argument, "b");
  plugin_string_dup(&asked.value, value);
  return exports_tidemill_plugin_completions_complete(&asked, found, err);
}

static void check_resources(void) {
  begin("resources", false);
  exports_tidemill_plugin_resources_list_entry_t entries;
  exports_tidemill_plugin_resources_resources(&entries);
  CHECK(entries.len == 1 && option_is(entries.ptr->about.media_type, tidemill_str("x/y")) && !entries.ptr->about.title.is_some);
  exports_tidemill_plugin_resources_list_entry_free(&entries);
  exports_tidemill_plugin_resources_list_template_t templates;
  exports_tidemill_plugin_resources_templates(&templates);
  CHECK(templates.len == 0);
  exports_tidemill_plugin_resources_list_resource_content_t contents;
  exports_tidemill_plugin_resources_failure_t unread;
  plugin_string_t uri, caller, err;
  plugin_string_dup(&uri, "a://b");
  plugin_string_dup(&caller, "alice");
  CHECK(exports_tidemill_plugin_resources_read(&uri, &caller, &contents, &unread) && contents.len == 2);
  CHECK(contents.ptr[0].body.tag == 0 && text_is(contents.ptr[0].body.val.text, tidemill_str("alice")));
  CHECK(!contents.ptr[0].media_type.is_some);
  CHECK(contents.ptr[1].body.tag == 1 && contents.ptr[1].body.val.blob.len == 2);
  exports_tidemill_plugin_resources_list_resource_content_free(&contents);
  plugin_string_dup(&uri, "a://c");
  CHECK(!exports_tidemill_plugin_resources_read(&uri, NULL, &contents, &unread) && unread.tag == 1);
  exports_tidemill_plugin_resources_failure_free(&unread);
  plugin_string_dup(&uri, "a://d");
  CHECK(!exports_tidemill_plugin_resources_read(&uri, NULL, &contents, &unread) && unread.tag == 0);
  exports_tidemill_plugin_completions_suggestions_t found;
  CHECK(completed("t", &found, &err) && found.values.len == 2 && found.more && found.total.val == 7);
  plugin_list_string_free(&found.values);
  CHECK(!completed("x", &found, &err) && text_is(err, tidemill_str("why")));
  plugin_string_free(&err);
}
