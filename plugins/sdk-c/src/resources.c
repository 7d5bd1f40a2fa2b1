/* Owns resources, and the values that are suggested for them and for prompts. */
#include "internal.h"

#ifdef TIDEMILL_HAS_RESOURCES
struct tidemill_contents {
  exports_tidemill_plugin_resources_list_resource_content_t own;
};

static tidemill_plugin_content_resource_content_t *one_more(tidemill_contents *contents) {
  exports_tidemill_plugin_resources_list_resource_content_t *all = &contents->own;
  all->ptr = (exports_tidemill_plugin_resources_resource_content_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  memset(all->ptr + all->len, 0, sizeof *all->ptr);
  return all->ptr + all->len++;
}

void tidemill_content_text(tidemill_contents *contents, tidemill_text uri, tidemill_text media_type, tidemill_text text) {
  tidemill_content_set(one_more(contents), uri, media_type, false, text);
}

void tidemill_content_blob(tidemill_contents *contents, tidemill_text uri, tidemill_text media_type, tidemill_text data) {
  tidemill_content_set(one_more(contents), uri, media_type, true, data);
}

static void about(exports_tidemill_plugin_resources_about_t *made, const tidemill_resource *own) {
  made->name = tidemill_copy(tidemill_str(own->name));
  made->title = tidemill_copy_option(own->title);
  made->description = tidemill_copy_option(own->description);
  made->media_type = tidemill_copy_option(own->media_type);
  made->permission = tidemill_copy_option(own->permission);
}

void exports_tidemill_plugin_resources_resources(exports_tidemill_plugin_resources_list_entry_t *ret) {
  size_t count = 0;
  const tidemill_resource *own = tidemill_resources(&count);
  ret->len = count;
  ret->ptr = count ? (exports_tidemill_plugin_resources_entry_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) {
    ret->ptr[i].uri = tidemill_copy(tidemill_str(own[i].uri));
    about(&ret->ptr[i].about, own + i);
  }
}

/* For plugins that list all that they have. */
__attribute__((weak)) const tidemill_resource *tidemill_templates(size_t *count) {
  *count = 0;
  return NULL;
}

void exports_tidemill_plugin_resources_templates(exports_tidemill_plugin_resources_list_template_t *ret) {
  size_t count = 0;
  const tidemill_resource *own = tidemill_templates(&count);
  ret->len = count;
  ret->ptr = count ? (exports_tidemill_plugin_resources_template_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) {
    ret->ptr[i].uri_template = tidemill_copy(tidemill_str(own[i].uri));
    about(&ret->ptr[i].about, own + i);
  }
}

bool exports_tidemill_plugin_resources_read(plugin_string_t *uri, plugin_string_t *maybe_caller,
                                            exports_tidemill_plugin_resources_list_resource_content_t *ret,
                                            exports_tidemill_plugin_resources_failure_t *err) {
  tidemill_contents contents = {{NULL, 0}};
  tidemill_buffer why = {0};
  tidemill_text caller = maybe_caller ? tidemill_borrow(*maybe_caller) : tidemill_str("");
  tidemill_call_end end = tidemill_read(tidemill_borrow(*uri), caller, &contents, &why);
  plugin_string_free(uri);
  if (maybe_caller) plugin_string_free(maybe_caller);
  if (end == TIDEMILL_DONE) {
    *ret = contents.own;
  } else {
    exports_tidemill_plugin_resources_list_resource_content_free(&contents.own);
    bool missing = end == TIDEMILL_NOT_FOUND;
    err->tag = missing ? EXPORTS_TIDEMILL_PLUGIN_RESOURCES_FAILURE_NOT_FOUND : EXPORTS_TIDEMILL_PLUGIN_RESOURCES_FAILURE_FAILED;
    if (!missing) err->val.failed = tidemill_take(&why);
  }
  tidemill_free(&why);
  return end == TIDEMILL_DONE;
}
#endif

#ifdef TIDEMILL_HAS_COMPLETIONS
struct tidemill_suggestions {
  exports_tidemill_plugin_completions_suggestions_t own;
};

void tidemill_suggest(tidemill_suggestions *suggestions, tidemill_text value) {
  plugin_list_string_t *all = &suggestions->own.values;
  all->ptr = (plugin_string_t *)tidemill_grow(all->ptr, all->len, sizeof *all->ptr);
  all->ptr[all->len++] = tidemill_copy(value);
}

void tidemill_suggest_more(tidemill_suggestions *suggestions, uint32_t total) {
  suggestions->own.more = true;
  suggestions->own.total.is_some = total > 0;
  suggestions->own.total.val = total;
}

/* For plugins that suggest nothing. */
__attribute__((weak)) bool tidemill_complete(const tidemill_question *asked, tidemill_suggestions *suggestions, tidemill_buffer *why) {
  (void)asked, (void)suggestions, (void)why;
  return true;
}

bool exports_tidemill_plugin_completions_complete(exports_tidemill_plugin_completions_question_t *asked,
                                                  exports_tidemill_plugin_completions_suggestions_t *ret, plugin_string_t *err) {
  tidemill_text subject = tidemill_borrow(asked->subject.val.prompt), none = {NULL, 0};
  bool prompt = asked->subject.tag == EXPORTS_TIDEMILL_PLUGIN_COMPLETIONS_SUBJECT_PROMPT;
  tidemill_question question = {prompt ? subject : none, prompt ? none : subject, tidemill_borrow(asked->argument),
                                tidemill_borrow(asked->value), tidemill_pairs_of(asked->others)};
  tidemill_suggestions suggestions;
  memset(&suggestions, 0, sizeof suggestions);
  tidemill_buffer why = {0};
  bool good = tidemill_complete(&question, &suggestions, &why);
  exports_tidemill_plugin_completions_question_free(asked);
  if (good) {
    *ret = suggestions.own;
  } else {
    plugin_list_string_free(&suggestions.own.values);
    *err = tidemill_take(&why);
  }
  tidemill_free(&why);
  return good;
}
#endif
