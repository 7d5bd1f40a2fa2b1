/* Owns requests over `wasi:http`: the request's head, its body, then the answer until its end. */
#include "internal.h"

#ifdef TIDEMILL_HAS_HTTP
#include <stdio.h>

enum { PIECE_IN = 64 << 10, PIECE_OUT = 4096 }; /* the host takes no more at once */

static void end(tidemill_http_response *response, tidemill_http_end how, const char *why) {
  if (response->end != TIDEMILL_HTTP_ANSWERED) return; /* the first one is the reason */
  response->end = how;
  tidemill_add_str(&response->why, why);
}

/* What the contract calls each error, by its tag. */
static const char *const NAMES[] = {
    "DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable", "destination-IP-prohibited",
    "destination-IP-unroutable", "connection-refused", "connection-terminated", "connection-timeout", "connection-read-timeout",
    "connection-write-timeout", "connection-limit-reached", "TLS-protocol-error", "TLS-certificate-error", "TLS-alert-received",
    "HTTP-request-denied", "HTTP-request-length-required", "HTTP-request-body-size", "HTTP-request-method-invalid",
    "HTTP-request-URI-invalid", "HTTP-request-URI-too-long", "HTTP-request-header-section-size", "HTTP-request-header-size",
    "HTTP-request-trailer-section-size", "HTTP-request-trailer-size", "HTTP-response-incomplete",
    "HTTP-response-header-section-size", "HTTP-response-header-size", "HTTP-response-body-size",
    "HTTP-response-trailer-section-size", "HTTP-response-trailer-size", "HTTP-response-transfer-coding",
    "HTTP-response-content-coding", "HTTP-response-timeout", "HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected",
    "configuration-error", "internal-error"};
typedef char all_are_named[sizeof NAMES / sizeof *NAMES == WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR + 1 ? 1 : -1];

static void told(tidemill_http_response *response, wasi_http_types_error_code_t *code) {
  const plugin_option_string_t *more = NULL;
  switch (code->tag) {
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED: end(response, TIDEMILL_HTTP_DENIED, "denied: the host was not granted"); break;
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED:
      end(response, TIDEMILL_HTTP_DENIED, "denied: its address is not public and was not granted");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_TIMEOUT: end(response, TIDEMILL_HTTP_TIMED_OUT, "timed out: looking up its name"); break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT: end(response, TIDEMILL_HTTP_TIMED_OUT, "timed out: connecting to it"); break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT:
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT:
      end(response, TIDEMILL_HTTP_TIMED_OUT, "timed out: waiting for its answer");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_WRITE_TIMEOUT:
      end(response, TIDEMILL_HTTP_TIMED_OUT, "timed out: sending the request");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE:
      end(response, TIDEMILL_HTTP_TOO_LARGE, "too large: the body of the request");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE:
      end(response, TIDEMILL_HTTP_TOO_LARGE, "too large: the body of the answer");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_HEADER_SECTION_SIZE:
      end(response, TIDEMILL_HTTP_TOO_LARGE, "too large: the head of the answer");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_METHOD_INVALID:
      end(response, TIDEMILL_HTTP_INVALID, "its method is not one that may be sent");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID:
      end(response, TIDEMILL_HTTP_INVALID, "its URL names no host that a request can go to");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED: end(response, TIDEMILL_HTTP_FAILED, "the host takes no connection"); break;
    case WASI_HTTP_TYPES_ERROR_CODE_TLS_CERTIFICATE_ERROR:
      end(response, TIDEMILL_HTTP_FAILED, "the host's certificate is not trusted");
      break;
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_ERROR:
      end(response, TIDEMILL_HTTP_FAILED, "its name was not found");
      more = &code->val.dns_error.rcode;
      break;
    default:
      end(response, TIDEMILL_HTTP_FAILED, NAMES[code->tag]);
      if (code->tag == WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR) more = &code->val.internal_error;
  }
  if (more && more->is_some) {
    tidemill_add_str(&response->why, ": ");
    tidemill_add(&response->why, tidemill_borrow(more->val));
  }
  wasi_http_types_error_code_free(code);
}

/* The parts of a URL; false if it is none that requests go to. */
static bool parts(tidemill_text url, bool *secure, plugin_string_t *authority, plugin_string_t *target) {
  *secure = tidemill_begins(url, "https://");
  if (!*secure && !tidemill_begins(url, "http://")) return false;
  size_t begin = *secure ? 8 : 7, middle = begin, last = begin;
  while (last < url.size && url.data[last] != '#') last++;
  while (middle < last && url.data[middle] != '/' && url.data[middle] != '?') middle++;
  *authority = tidemill_lend(tidemill_bytes(url.data + begin, middle - begin));
  *target = tidemill_lend(middle < last ? tidemill_bytes(url.data + middle, last - middle) : tidemill_str("/"));
  return true;
}

static wasi_http_types_method_t method_of(const char *name) {
  static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  wasi_http_types_method_t made;
  memset(&made, 0, sizeof made);
  for (made.tag = 0; made.tag < WASI_HTTP_TYPES_METHOD_OTHER; made.tag++)
    if (!name || strcmp(name, known[made.tag]) == 0) return made;
  made.val.other = tidemill_lend(tidemill_str(name));
  return made;
}

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter; }

static bool same_name(tidemill_text one, tidemill_text other) {
  if (one.size != other.size) return false;
  for (size_t i = 0; i < one.size; i++)
    if (lower(one.data[i]) != lower(other.data[i])) return false;
  return true;
}

/* A body that its header contradicts would be cut off, or never come to its end. */
static bool length_holds(const tidemill_http_request *request, tidemill_http_response *response) {
  char digits[24];
  tidemill_text has = tidemill_bytes(digits, (size_t)snprintf(digits, sizeof digits, "%zu", request->body.size));
  for (size_t i = 0; i < request->headers.count; i++) {
    const tidemill_pair *own = request->headers.pairs + i;
    if (!same_name(own->name, tidemill_str("content-length")) || tidemill_same(own->value, has)) continue;
    end(response, TIDEMILL_HTTP_INVALID, "the header content-length says ");
    tidemill_add(&response->why, own->value);
    tidemill_add_str(&response->why, " bytes, the body has ");
    tidemill_add(&response->why, has);
    tidemill_add_str(&response->why, "; leave the header out");
    return false;
  }
  return true;
}

/* The header fields, with the length of a body. */
static bool fields(const tidemill_http_request *request, wasi_http_types_own_fields_t *made) {
  wasi_http_types_list_tuple2_field_name_field_value_t all = {NULL, request->headers.count};
  all.ptr = (wasi_http_types_tuple2_field_name_field_value_t *)tidemill_alloc((all.len + 1) * sizeof *all.ptr);
  const char *method = request->method ? request->method : "GET";
  bool sized = request->body.size > 0 || !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
  char length[24];
  for (size_t i = 0; i < all.len; i++) {
    const tidemill_pair *own = request->headers.pairs + i;
    plugin_string_t value = tidemill_lend(own->value);
    all.ptr[i].f0 = tidemill_lend(own->name);
    all.ptr[i].f1.ptr = value.ptr;
    all.ptr[i].f1.len = value.len;
    if (same_name(own->name, tidemill_str("content-length"))) sized = false;
  }
  if (sized) {
    all.ptr[all.len].f0 = tidemill_lend(tidemill_str("content-length"));
    all.ptr[all.len].f1.ptr = (uint8_t *)length;
    all.ptr[all.len++].f1.len = (size_t)snprintf(length, sizeof length, "%zu", request->body.size);
  }
  wasi_http_types_header_error_t wrong;
  bool good = wasi_http_types_static_fields_from_list(&all, made, &wrong);
  free(all.ptr);
  return good;
}

/* Sends the body; a request that was ended meanwhile takes no more, and its answer says why. */
static void write_body(wasi_http_types_borrow_outgoing_body_t body, tidemill_text bytes) {
  wasi_http_types_own_output_stream_t stream;
  if (!wasi_http_types_method_outgoing_body_write(body, &stream)) return;
  wasi_io_streams_stream_error_t error;
  for (size_t at = 0; at < bytes.size; at += PIECE_OUT) {
    size_t size = bytes.size - at < PIECE_OUT ? bytes.size - at : PIECE_OUT;
    plugin_list_u8_t piece = {(uint8_t *)(uintptr_t)(bytes.data + at), size};
    wasi_io_streams_borrow_output_stream_t to = wasi_io_streams_borrow_output_stream(stream);
    if (wasi_io_streams_method_output_stream_blocking_write_and_flush(to, &piece, &error)) continue;
    wasi_io_streams_stream_error_free(&error);
    break;
  }
  wasi_io_streams_output_stream_drop_own(stream);
}

static void read_body(tidemill_http_response *response, wasi_http_types_own_incoming_body_t body) {
  wasi_http_types_own_input_stream_t stream;
  if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream)) {
    end(response, TIDEMILL_HTTP_FAILED, "its body is gone");
  } else {
    plugin_list_u8_t piece;
    wasi_io_streams_stream_error_t error;
    while (wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(stream), PIECE_IN, &piece, &error)) {
      tidemill_add(&response->body, tidemill_bytes(piece.ptr, piece.len));
      plugin_list_u8_free(&piece);
    }
    if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
      plugin_string_t why;
      wasi_io_error_method_error_to_debug_string(wasi_io_error_borrow_error(error.val.last_operation_failed), &why);
      end(response, TIDEMILL_HTTP_FAILED, "");
      tidemill_add(&response->why, tidemill_borrow(why));
      plugin_string_free(&why);
    }
    wasi_io_streams_stream_error_free(&error);
    wasi_io_streams_input_stream_drop_own(stream);
  }
  wasi_http_types_incoming_body_drop_own(body);
}

static void read_answer(tidemill_http_response *response, wasi_http_types_own_incoming_response_t answer) {
  wasi_http_types_borrow_incoming_response_t head = wasi_http_types_borrow_incoming_response(answer);
  response->status = wasi_http_types_method_incoming_response_status(head);
  wasi_http_types_own_fields_t found = wasi_http_types_method_incoming_response_headers(head);
  wasi_http_types_list_tuple2_field_name_field_value_t all;
  wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(found), &all);
  wasi_http_types_fields_drop_own(found);
  response->headers.pairs = (const tidemill_pair *)all.ptr; /* of the same form */
  response->headers.count = all.len;
  wasi_http_types_own_incoming_body_t body;
  if (wasi_http_types_method_incoming_response_consume(head, &body)) read_body(response, body);
  else end(response, TIDEMILL_HTTP_FAILED, "its body is gone");
  wasi_http_types_incoming_response_drop_own(answer);
}

/* Sets what the head says beside header fields. */
static bool head(const tidemill_http_request *request, wasi_http_types_borrow_outgoing_request_t made) {
  bool secure;
  plugin_string_t authority, target;
  parts(request->url, &secure, &authority, &target);
  wasi_http_types_method_t method = method_of(request->method);
  wasi_http_types_scheme_t scheme = {.tag = secure ? WASI_HTTP_TYPES_SCHEME_HTTPS : WASI_HTTP_TYPES_SCHEME_HTTP};
  return wasi_http_types_method_outgoing_request_set_method(made, &method) &&
         wasi_http_types_method_outgoing_request_set_scheme(made, &scheme) &&
         wasi_http_types_method_outgoing_request_set_authority(made, &authority) &&
         wasi_http_types_method_outgoing_request_set_path_with_query(made, &target);
}

tidemill_http_response tidemill_http_send(const tidemill_http_request *request) {
  tidemill_http_response response;
  memset(&response, 0, sizeof response);
  bool secure;
  plugin_string_t authority, target;
  wasi_http_types_own_fields_t headers;
  if (!parts(request->url, &secure, &authority, &target)) {
    end(&response, TIDEMILL_HTTP_INVALID, "its URL does not begin with `https://` or `http://`");
    return response;
  }
  if (!length_holds(request, &response)) return response;
  if (!fields(request, &headers)) {
    end(&response, TIDEMILL_HTTP_INVALID, "a header field is none, or one of those that are the host's");
    return response;
  }
  wasi_http_types_own_outgoing_request_t made = wasi_http_types_constructor_outgoing_request(headers);
  wasi_http_types_own_outgoing_body_t body;
  if (!head(request, wasi_http_types_borrow_outgoing_request(made)) ||
      !wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(made), &body)) {
    wasi_http_types_outgoing_request_drop_own(made);
    end(&response, TIDEMILL_HTTP_INVALID, "its method, host or path is wrong or too long");
    return response;
  }
  wasi_http_types_own_request_options_t options = wasi_http_types_constructor_request_options();
  uint64_t nanoseconds = request->timeout_ms * 1000000;
  wasi_http_types_borrow_request_options_t set = wasi_http_types_borrow_request_options(options);
  if (nanoseconds) wasi_http_types_method_request_options_set_first_byte_timeout(set, &nanoseconds);
  wasi_http_types_own_future_incoming_response_t future;
  wasi_http_types_error_code_t code;
  if (!wasi_http_outgoing_handler_handle(made, &options, &future, &code)) {
    wasi_http_types_outgoing_body_drop_own(body);
    told(&response, &code);
    return response;
  }
  write_body(wasi_http_types_borrow_outgoing_body(body), request->body);
  /* A server may answer before it has read the whole body: what counts is whether there is an answer. */
  bool finished = wasi_http_types_static_outgoing_body_finish(body, NULL, &code);
  wasi_http_types_borrow_future_incoming_response_t waiting = wasi_http_types_borrow_future_incoming_response(future);
  wasi_http_types_own_pollable_t ready = wasi_http_types_method_future_incoming_response_subscribe(waiting);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
  wasi_io_poll_pollable_drop_own(ready);
  wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
  if (!wasi_http_types_method_future_incoming_response_get(waiting, &got) || got.is_err) {
    end(&response, TIDEMILL_HTTP_FAILED, "there is no answer");
  } else if (got.val.ok.is_err) {
    told(&response, &got.val.ok.val.err);
  } else {
    read_answer(&response, got.val.ok.val.ok);
  }
  if (!finished) wasi_http_types_error_code_free(&code);
  wasi_http_types_future_incoming_response_drop_own(future);
  return response;
}

bool tidemill_http_header(const tidemill_http_response *response, const char *name, tidemill_text *value) {
  for (size_t i = 0; i < response->headers.count; i++) {
    if (!same_name(response->headers.pairs[i].name, tidemill_str(name))) continue;
    *value = response->headers.pairs[i].value;
    return true;
  }
  return false;
}

void tidemill_http_free(tidemill_http_response *response) {
  wasi_http_types_list_tuple2_field_name_field_value_t all;
  all.ptr = (wasi_http_types_tuple2_field_name_field_value_t *)(uintptr_t)response->headers.pairs;
  all.len = response->headers.count;
  wasi_http_types_list_tuple2_field_name_field_value_free(&all);
  tidemill_free(&response->body);
  tidemill_free(&response->why);
  memset(response, 0, sizeof *response);
}

/* For plugins that name none. */
__attribute__((weak)) const char *const *tidemill_http_hosts(size_t *count) {
  *count = 0;
  return NULL;
}

void exports_tidemill_plugin_wants_http_hosts(plugin_list_string_t *ret) {
  size_t count = 0;
  const char *const *own = tidemill_http_hosts(&count);
  ret->len = count;
  ret->ptr = count ? (plugin_string_t *)tidemill_alloc(count * sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < count; i++) ret->ptr[i] = tidemill_copy(tidemill_str(own[i]));
}
#endif
