/* Requests to hosts that the plugin was granted: `uses = ["http"]` in tidemill-plugin.toml, and `[grants] http =
 * ["api.example.com"]` where it runs. Part of tidemill.h. */
#ifndef TIDEMILL_HTTP_H
#define TIDEMILL_HTTP_H

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A request. What is not set is absent. */
typedef struct tidemill_http_request {
  /* NULL is GET. */
  const char *method;
  /* `https://…` or `http://…`. */
  tidemill_text url;
  /* `Host` and those about the connection are the host's; `content-length` is there by itself. */
  tidemill_pairs headers;
  tidemill_text body;
  /* How long to wait for the answer's head at most, if that is less than the plugin's limit; 0: the limit. */
  uint64_t timeout_ms;
} tidemill_http_request;

typedef enum tidemill_http_end {
  /* There is an answer, with whatever status. */
  TIDEMILL_HTTP_ANSWERED,
  /* The host, or the address that it has, was not granted. */
  TIDEMILL_HTTP_DENIED,
  TIDEMILL_HTTP_TIMED_OUT,
  /* The request or the answer is larger than the plugin's limits allow. */
  TIDEMILL_HTTP_TOO_LARGE,
  /* The request cannot be sent as it is. */
  TIDEMILL_HTTP_INVALID,
  TIDEMILL_HTTP_FAILED
} tidemill_http_end;

/* What came of it; for `tidemill_http_free`. */
typedef struct tidemill_http_response {
  tidemill_http_end end;
  uint16_t status;
  /* As they came; names are compared by `tidemill_http_header` without regard to case. */
  tidemill_pairs headers;
  tidemill_buffer body;
  /* Why there is no answer. */
  tidemill_buffer why;
} tidemill_http_response;

/* Sends a request and waits for the whole answer. Redirects are answers. */
tidemill_http_response tidemill_http_send(const tidemill_http_request *request);
/* A header field of the answer; of several, the first. False if there is none. */
bool tidemill_http_header(const tidemill_http_response *response, const char *name, tidemill_text *value);
void tidemill_http_free(tidemill_http_response *response);

/* Hosts that the plugin cannot do without, such as `api.example.com`: one that was not granted refuses the load. Called once, after
 * `tidemill_configure`. A plugin that does not define this names none, and is denied request by request. */
const char *const *tidemill_http_hosts(size_t *count);

#ifdef __cplusplus
}
#endif
#endif
