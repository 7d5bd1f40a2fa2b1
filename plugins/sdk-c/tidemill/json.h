/* Reading and writing JSON. Part of tidemill.h. */
#ifndef TIDEMILL_JSON_H
#define TIDEMILL_JSON_H

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading JSON where it lies ---- */

/* Whether it is one JSON text (RFC 8259, in UTF-8, objects and lists in at most 128 levels). Data of events whose content type is JSON was checked by the host. */
bool tidemill_json_valid(tidemill_text json);
/* Whether it is one, and an object. */
bool tidemill_json_is_object(tidemill_text json);
/* The value at a JSON Pointer (RFC 6901) such as `/items/0/price`, as JSON; false if there is none. Of members with the same name
 * the last one counts. */
bool tidemill_json_find(tidemill_text json, const char *pointer, tidemill_text *value);
/* Goes through an object or an array: `at` begins as 0, `name` is the member's name as JSON (empty in an array, may be NULL). */
bool tidemill_json_next(tidemill_text json, size_t *at, tidemill_text *name, tidemill_text *value);
/* What a value is; false if it is something else, or a number that does not fit. Texts are appended without escapes. */
bool tidemill_json_as_text(tidemill_text value, tidemill_buffer *text);
bool tidemill_json_as_number(tidemill_text value, double *number);
bool tidemill_json_as_integer(tidemill_text value, int64_t *number);
bool tidemill_json_as_bool(tidemill_text value, bool *truth);
/* The same at a JSON Pointer. */
bool tidemill_json_find_text(tidemill_text json, const char *pointer, tidemill_buffer *text);
bool tidemill_json_find_number(tidemill_text json, const char *pointer, double *number);

/* ---- writing JSON; commas come by themselves ---- */

void tidemill_json_object(tidemill_buffer *json);
void tidemill_json_end_object(tidemill_buffer *json);
void tidemill_json_array(tidemill_buffer *json);
void tidemill_json_end_array(tidemill_buffer *json);
/* The name of the next member. */
void tidemill_json_name(tidemill_buffer *json, tidemill_text name);
void tidemill_json_text(tidemill_buffer *json, tidemill_text text);
/* Numbers that are not finite become null. */
void tidemill_json_number(tidemill_buffer *json, double number);
void tidemill_json_integer(tidemill_buffer *json, int64_t number);
void tidemill_json_bool(tidemill_buffer *json, bool truth);
void tidemill_json_null(tidemill_buffer *json);
/* A value that is JSON already. */
void tidemill_json_raw(tidemill_buffer *json, tidemill_text value);

#ifdef __cplusplus
}
#endif
#endif
