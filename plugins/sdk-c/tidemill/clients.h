/* The kinds that are asked by somebody outside. Part of tidemill.h. */
#ifndef TIDEMILL_CLIENTS_H
#define TIDEMILL_CLIENTS_H

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* ---- kinds tools and prompts: whoever called ---- */

/* What the client's side can be asked, and what it answered. */
typedef struct tidemill_client tidemill_client;

/* Whether it can be asked for this, such as `elicitation/create`. */
bool tidemill_accepts(const tidemill_client *client, const char *method);
/* Asks it for something instead of answering: `params` is a JSON object. Whatever else is answered does not matter then; once all
 * was answered the call is made again with the same arguments. At most 32 in one answer. */
void tidemill_ask(tidemill_client *client, tidemill_text name, tidemill_text method, tidemill_text params);
/* What is wanted back with the answers; at most 64 KiB. */
void tidemill_ask_state(tidemill_client *client, tidemill_text state);
/* The answer to what was asked under this name: JSON, of which nothing was checked. False if there is none. */
bool tidemill_response(const tidemill_client *client, const char *name, tidemill_text *json);
/* What was wanted back the last time; empty the first time. */
tidemill_text tidemill_state_of(const tidemill_client *client);

/* One part of an answer: an empty text, unless something else is said. Good until the next one is begun. */
typedef struct tidemill_part tidemill_part;

void tidemill_part_text(tidemill_part *part, tidemill_text text);
/* Bytes of a media type, such as `image/png` or `audio/wav`. */
void tidemill_part_image(tidemill_part *part, tidemill_text data, tidemill_text media_type);
void tidemill_part_audio(tidemill_part *part, tidemill_text data, tidemill_text media_type);
/* A resource with its content, and one by its address alone; a media type may be empty. */
void tidemill_part_embedded_text(tidemill_part *part, tidemill_text uri, tidemill_text media_type, tidemill_text text);
void tidemill_part_embedded_blob(tidemill_part *part, tidemill_text uri, tidemill_text media_type, tidemill_text data);
void tidemill_part_link(tidemill_part *part, tidemill_text uri, tidemill_text name, tidemill_text media_type);

/* How a call of a client ended. */
typedef enum tidemill_call_end {
  TIDEMILL_DONE,
  /* The tool could not do it; the text says why, for the caller. A prompt or a resource failed. */
  TIDEMILL_TOOL_ERROR,
  TIDEMILL_UNKNOWN_TOOL,
  /* The text says what is wrong with the arguments, or why it failed. */
  TIDEMILL_INVALID_ARGUMENTS,
  TIDEMILL_FAILED,
  TIDEMILL_UNKNOWN_PROMPT = TIDEMILL_UNKNOWN_TOOL,
  TIDEMILL_NOT_FOUND = TIDEMILL_UNKNOWN_TOOL
} tidemill_call_end;

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
  tidemill_client *client;
} tidemill_invocation;

const tidemill_tool *tidemill_tools(size_t *count);
/* Writes a text for people and, if there is something for programs, JSON. */
tidemill_call_end tidemill_call(const tidemill_invocation *invoked, tidemill_buffer *text, tidemill_buffer *structured);
/* One more part of the tool's answer, after its text; at most 1,000. */
tidemill_part *tidemill_part_begin(tidemill_client *client);

/* ---- kind prompts ---- */

/* What a prompt is filled in with; the host refuses requests without what is required. */
typedef struct tidemill_argument {
  const char *name, *description;
  bool required;
} tidemill_argument;

typedef struct tidemill_prompt {
  const char *name, *title, *description;
  const tidemill_argument *arguments;
  size_t argument_count;
  const char *permission;
} tidemill_prompt;

typedef struct tidemill_request {
  tidemill_text name;
  tidemill_pairs arguments;
  /* Empty for somebody without a token. */
  tidemill_text caller;
  tidemill_client *client;
} tidemill_request;

typedef enum tidemill_role { TIDEMILL_USER, TIDEMILL_ASSISTANT } tidemill_role;
/* A prompt, filled in: messages of a conversation, at most 1,000. */
typedef struct tidemill_filled tidemill_filled;

const tidemill_prompt *tidemill_prompts(size_t *count);
/* Adds messages. Anything but TIDEMILL_DONE: there are none, and `why` says why. */
tidemill_call_end tidemill_get(const tidemill_request *asked, tidemill_filled *filled, tidemill_buffer *why);
/* One more message, which is a text, or something else. */
void tidemill_say(tidemill_filled *filled, tidemill_role who, tidemill_text text);
tidemill_part *tidemill_message(tidemill_filled *filled, tidemill_role who);
/* What it is for. */
void tidemill_filled_description(tidemill_filled *filled, tidemill_text description);

/* ---- kind resources ---- */

typedef struct tidemill_resource {
  /* Its address; of a template, a URI template (RFC 6570, level 1) such as `orders://{id}`. At most 1,024 bytes. */
  const char *uri;
  const char *name, *title, *description, *media_type, *permission;
} tidemill_resource;

/* What is at an address: one content or several. */
typedef struct tidemill_contents tidemill_contents;

const tidemill_resource *tidemill_resources(size_t *count);
/* Those that are too many to list. A plugin that does not define this has none. */
const tidemill_resource *tidemill_templates(size_t *count);
/* Adds contents. Anything but TIDEMILL_DONE: there are none, and `why` says why. `caller` is empty for somebody without a token. */
tidemill_call_end tidemill_read(tidemill_text uri, tidemill_text caller, tidemill_contents *contents, tidemill_buffer *why);
/* A text or bytes; a media type may be empty. */
void tidemill_content_text(tidemill_contents *contents, tidemill_text uri, tidemill_text media_type, tidemill_text text);
void tidemill_content_blob(tidemill_contents *contents, tidemill_text uri, tidemill_text media_type, tidemill_text data);

/* ---- completions: kinds prompts and resources ---- */

/* A person begins to write an argument of a prompt, or a variable of a URI template; the other one is empty. */
typedef struct tidemill_question {
  tidemill_text prompt, uri_template;
  tidemill_text argument;
  /* What of it is there, and those that are there already. */
  tidemill_text value;
  tidemill_pairs others;
} tidemill_question;

typedef struct tidemill_suggestions tidemill_suggestions;

/* Adds values that may be meant, best first, at most 100. False: there is no answer, and `why` says why. A plugin that does not
 * define this suggests nothing. */
bool tidemill_complete(const tidemill_question *asked, tidemill_suggestions *suggestions, tidemill_buffer *why);
void tidemill_suggest(tidemill_suggestions *suggestions, tidemill_text value);
/* There are more than these: `total` in all, 0 if nobody knows. */
void tidemill_suggest_more(tidemill_suggestions *suggestions, uint32_t total);

#ifdef __cplusplus
}
#endif
#endif
