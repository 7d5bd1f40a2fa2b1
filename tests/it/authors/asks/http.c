/* Sends a request for each event, and says what came of it. The same file is C and C++. */
#include "tidemill.h"

const tidemill_manifest tidemill_plugin = {
    .name = "sends", .version = "1", .summary = "Sends requests", .subscribes = "send", .without_data = false, .config_schema = NULL};

const char *const *tidemill_http_hosts(size_t *count) {
  static const char *const hosts[] = {"http://wanted.test"};
  *count = 1;
  return hosts;
}

static void put(tidemill_buffer *json, const char *name, tidemill_text value) {
  tidemill_json_name(json, tidemill_str(name));
  tidemill_json_text(json, value);
}

void tidemill_apply(const tidemill_event *event, tidemill_outcome *outcome) {
  tidemill_text data = tidemill_event_data(event), served = {NULL, 0};
  tidemill_buffer url = {0}, body = {0}, length = {0}, json = {0};
  tidemill_json_find_text(data, "/url", &url);
  tidemill_json_find_text(data, "/body", &body);
  const bool sized = tidemill_json_find_text(data, "/length", &length);
  const tidemill_pair headers[] = {{tidemill_str("x-mine"), tidemill_str("yes")}, {tidemill_str("Content-Length"), tidemill_of(&length)}};
  tidemill_pairs sent = {headers, sized ? 2u : 1u};
  tidemill_http_request request = {body.size ? "POST" : NULL, tidemill_of(&url), sent, tidemill_of(&body), 200};
  tidemill_http_response response = tidemill_http_send(&request);
  tidemill_json_object(&json);
  if (response.end == TIDEMILL_HTTP_ANSWERED) {
    tidemill_http_header(&response, "X-Served", &served);
    tidemill_json_name(&json, tidemill_str("status"));
    tidemill_json_integer(&json, response.status);
    put(&json, "served", served);
    put(&json, "body", tidemill_of(&response.body));
  } else {
    put(&json, "error", tidemill_of(&response.why));
  }
  tidemill_json_end_object(&json);
  tidemill_output_data(tidemill_emit(outcome), tidemill_of(&json));
  tidemill_http_free(&response);
  tidemill_free(&url);
  tidemill_free(&body);
  tidemill_free(&length);
  tidemill_free(&json);
}
