/* Asks the host for everything that it offers, and says what came of it. The same file is C and C++. */
#include "tidemill.h"

const tidemill_manifest tidemill_plugin = {
    .name = "asks", .version = "1", .summary = "Asks the host for everything", .subscribes = "ask.*",
    .without_data = false, .config_schema = NULL};

static tidemill_text str(const char *text) { return tidemill_str(text); }

static void put(tidemill_buffer *json, const char *name, tidemill_text value) {
  tidemill_json_name(json, str(name));
  tidemill_json_text(json, value);
}

static void put_number(tidemill_buffer *json, const char *name, int64_t value) {
  tidemill_json_name(json, str(name));
  tidemill_json_integer(json, value);
}

static void put_bool(tidemill_buffer *json, const char *name, bool value) {
  tidemill_json_name(json, str(name));
  tidemill_json_bool(json, value);
}

/* Why a write was refused, or that it was done. */
static tidemill_text why(tidemill_written written) {
  return written == TIDEMILL_WRITTEN ? str("written") : tidemill_state_why();
}

static void ask_state(tidemill_buffer *json) {
  tidemill_buffer value = {0}, lines = {0};
  uint64_t empty = 0, version = 0;
  int64_t sum = 0;
  tidemill_state_increment(str("zähler"), 1, 0, &sum);
  put_number(json, "sum", sum);
  put(json, "empty", why(tidemill_state_put(str("leer"), str(""), TIDEMILL_ANY_VERSION, 0, &empty)));
  put_bool(json, "emptyThere", tidemill_state_get(str("leer"), &value, &version) && value.size == 0 && version == empty);
  put_bool(json, "nothing", tidemill_state_get(str("nichts"), &value, NULL));
  for (size_t i = 0; i < 1 << 20; i++) tidemill_add_str(&value, "x");
  put(json, "large", why(tidemill_state_put(str("groß"), tidemill_of(&value), TIDEMILL_ANY_VERSION, 0, NULL)));
  tidemill_add_str(&value, "x");
  put(json, "tooLarge", why(tidemill_state_put(str("größer"), tidemill_of(&value), TIDEMILL_ANY_VERSION, 0, NULL)));
  value.size = 0;
  tidemill_state_get(str("groß"), &value, NULL);
  put_number(json, "largeSize", (int64_t)value.size);
  put(json, "noKey", why(tidemill_state_put(str(""), str("x"), TIDEMILL_ANY_VERSION, 0, NULL)));
  put(json, "stale", why(tidemill_state_put(str("leer"), str("y"), 0, 0, &version)));
  put_bool(json, "staleVersion", version == empty);
  put_bool(json, "newer", tidemill_state_put(str("leer"), str("y"), (int64_t)version, 0, &version) == TIDEMILL_WRITTEN && version > empty);
  put(json, "noNumber", why(tidemill_state_increment(str("leer"), 1, 0, NULL)));
  tidemill_state_put(str("kurz"), str("z"), TIDEMILL_ANY_VERSION, 3600000, NULL);
  const tidemill_text wanted[] = {str("kurz"), str("nichts")};
  tidemill_entry found[2];
  tidemill_state_get_many(wanted, 2, found);
  put_bool(json, "many", found[0].there && tidemill_is(tidemill_of(&found[0].value), "z") && !found[1].there);
  for (int i = 0; i < 2; i++) tidemill_free(&found[i].value);
  tidemill_state_increment(str("fenster"), 5, 3600000, &sum);
  put_number(json, "window", sum);
  tidemill_state_delete(str("fenster"));
  put_number(json, "keys", (int64_t)tidemill_state_keys(str(""), str("kurz"), 10, &lines));
  put(json, "lines", tidemill_of(&lines));
  put_bool(json, "deleted", tidemill_state_delete(str("groß")));
  put_bool(json, "deletedAgain", tidemill_state_delete(str("groß")));
  tidemill_free(&value);
  tidemill_free(&lines);
}

static bool publish(const char *type, tidemill_buffer *reason) {
  tidemill_drafts drafts = {0};
  tidemill_draft *draft = tidemill_draft_begin(&drafts, str(type), str("Zoë"));
  tidemill_draft_id(draft, str("a-1"));
  tidemill_draft_subject(draft, str("é"));
  tidemill_draft_source(draft, str("/plugins/asks/here"));
  tidemill_draft_content_type(draft, str("text/plain"));
  tidemill_draft_extension(draft, str("origin"), str("the test"));
  tidemill_draft_begin(&drafts, str(type), str("{\"plain\":true}"));
  return tidemill_publish(&drafts, reason);
}

static void ask_bus(tidemill_buffer *json) {
  tidemill_buffer reason = {0};
  put_bool(json, "published", publish("alert.high", &reason));
  put_bool(json, "refused", !publish("other.high", &reason));
  put(json, "why", tidemill_of(&reason));
  tidemill_free(&reason);
}

static void ask_log(tidemill_buffer *json) {
  const tidemill_pair fields[] = {{str("größe"), str("")}, {str("by"), str("alice")}};
  tidemill_log(TIDEMILL_WARN, str("gezählt"), fields, 2);
  tidemill_meter_add("counted", 2);
  tidemill_meter_record("size", 0.5);
  put_bool(json, "logged", true);
}

void tidemill_apply(const tidemill_event *event, tidemill_outcome *outcome) {
  tidemill_text type = tidemill_event_type(event);
  tidemill_buffer json = {0};
  tidemill_json_object(&json);
  if (tidemill_is(type, "ask.state")) ask_state(&json);
  if (tidemill_is(type, "ask.bus")) ask_bus(&json);
  if (tidemill_is(type, "ask.log")) ask_log(&json);
  tidemill_json_end_object(&json);
  tidemill_output_data(tidemill_emit(outcome), tidemill_of(&json));
  tidemill_free(&json);
}

const tidemill_tool *tidemill_tools(size_t *count) {
  static const tidemill_tool tools[] = {
      {"work", NULL, "Works for a while", NULL, NULL, NULL, 0},
      {"greet", NULL, "Asks for a name", NULL, NULL, NULL, TIDEMILL_READ_ONLY},
  };
  *count = 2;
  return tools;
}

static tidemill_call_end work(tidemill_client *client, tidemill_buffer *text, tidemill_buffer *structured) {
  tidemill_buffer reason = {0};
  uint32_t streams = 0;
  tidemill_progress(1, 2, str("half"));
  tidemill_progress(2, 0, str(""));
  tidemill_changed(TIDEMILL_LIST_RESOURCES);
  tidemill_updated(str("asks://1"));
  bool slept = tidemill_sleep(60), published = publish("alert.tool", &reason), there = tidemill_streams(str(""), &streams);
  tidemill_json_object(structured);
  put_bool(structured, "slept", slept && !tidemill_cancelled());
  put_bool(structured, "published", published);
  put_number(structured, "streams", there ? streams : -1);
  put_bool(structured, "nowhere", tidemill_streams(str("/nowhere"), &streams));
  tidemill_json_end_object(structured);
  tidemill_add_str(text, "done");
  tidemill_part_image(tidemill_part_begin(client), str("\x01\x02"), str("image/png"));
  tidemill_part_link(tidemill_part_begin(client), str("asks://1"), str("One"), str(""));
  tidemill_part_embedded_text(tidemill_part_begin(client), str("asks://2"), str("text/plain"), str("two"));
  tidemill_free(&reason);
  return TIDEMILL_DONE;
}

static tidemill_call_end greet(tidemill_client *client, tidemill_buffer *text) {
  tidemill_text answer;
  if (!tidemill_response(client, "who", &answer)) {
    if (!tidemill_accepts(client, "elicitation/create")) return TIDEMILL_TOOL_ERROR;
    tidemill_ask(client, str("who"), str("elicitation/create"),
                 str("{\"message\":\"Who?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}"));
    tidemill_ask_state(client, str("höflich"));
    return TIDEMILL_DONE;
  }
  tidemill_add(text, tidemill_state_of(client));
  tidemill_add_str(text, " ");
  tidemill_json_find_text(answer, "/content/name", text);
  return TIDEMILL_DONE;
}

tidemill_call_end tidemill_call(const tidemill_invocation *invoked, tidemill_buffer *text, tidemill_buffer *structured) {
  if (tidemill_is(invoked->name, "work")) return work(invoked->client, text, structured);
  return tidemill_is(invoked->name, "greet") ? greet(invoked->client, text) : TIDEMILL_UNKNOWN_TOOL;
}
