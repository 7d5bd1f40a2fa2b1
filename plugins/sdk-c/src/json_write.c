/* Owns how JSON is written: compact, with commas where something stands before. Knows nothing of its meaning. */
#include <math.h>
#include <stdio.h>

#include "internal.h"

static void value(tidemill_buffer *json) {
  char last = json->size ? json->data[json->size - 1] : '[';
  if (last != '[' && last != '{' && last != ':') tidemill_add_str(json, ",");
}

void tidemill_json_raw(tidemill_buffer *json, tidemill_text raw) {
  value(json);
  tidemill_add(json, raw);
}

void tidemill_json_object(tidemill_buffer *json) { tidemill_json_raw(json, tidemill_str("{")); }
void tidemill_json_end_object(tidemill_buffer *json) { tidemill_add_str(json, "}"); }
void tidemill_json_array(tidemill_buffer *json) { tidemill_json_raw(json, tidemill_str("[")); }
void tidemill_json_end_array(tidemill_buffer *json) { tidemill_add_str(json, "]"); }
void tidemill_json_bool(tidemill_buffer *json, bool truth) { tidemill_json_raw(json, tidemill_str(truth ? "true" : "false")); }
void tidemill_json_null(tidemill_buffer *json) { tidemill_json_raw(json, tidemill_str("null")); }

void tidemill_json_name(tidemill_buffer *json, tidemill_text name) {
  tidemill_json_text(json, name);
  tidemill_add_str(json, ":");
}

void tidemill_json_text(tidemill_buffer *json, tidemill_text text) {
  value(json);
  tidemill_add_str(json, "\"");
  size_t done = 0;
  for (size_t i = 0; i < text.size; i++) {
    unsigned char letter = (unsigned char)text.data[i];
    if (letter >= 0x20 && letter != '"' && letter != '\\') continue;
    char escape[8];
    if (letter == '"' || letter == '\\') snprintf(escape, sizeof escape, "\\%c", letter);
    else if (letter == '\n') snprintf(escape, sizeof escape, "\\n");
    else snprintf(escape, sizeof escape, "\\u%04x", letter);
    tidemill_add(json, tidemill_bytes(text.data + done, i - done));
    tidemill_add_str(json, escape);
    done = i + 1;
  }
  tidemill_add(json, tidemill_bytes(text.data + done, text.size - done));
  tidemill_add_str(json, "\"");
}

void tidemill_json_integer(tidemill_buffer *json, int64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)number);
  tidemill_json_raw(json, tidemill_str(text));
}

/* The shortest of those that read back as the same number. */
void tidemill_json_number(tidemill_buffer *json, double number) {
  if (!isfinite(number)) {
    tidemill_json_null(json);
    return;
  }
  char text[32];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  tidemill_json_raw(json, tidemill_str(text));
}
