/* What the host offers: `uses` in tidemill-plugin.toml. Part of tidemill.h. */
#ifndef TIDEMILL_HOST_H
#define TIDEMILL_HOST_H

#include "clients.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tidemill_level { TIDEMILL_TRACE, TIDEMILL_DEBUG, TIDEMILL_INFO, TIDEMILL_WARN, TIDEMILL_ERROR } tidemill_level;

/* A line in the host's log. `fields` is NULL, or pairs of texts that belong to it. */
void tidemill_log(tidemill_level level, tidemill_text message, const tidemill_pair *fields, size_t count);

/* Figures of the plugin's own in the host's metrics (`uses = ["meter"]`). */
void tidemill_meter_add(const char *name, uint64_t delta);
void tidemill_meter_record(const char *name, double value);

/* Keys that outlive the host (`uses = ["state"]`, and `[grants] state = true` where it runs). Only while events are processed. */
typedef enum tidemill_written { TIDEMILL_WRITTEN, TIDEMILL_STALE, TIDEMILL_QUOTA, TIDEMILL_REFUSED } tidemill_written;
enum { TIDEMILL_ANY_VERSION = -1 };

/* Appends what a key holds; false if there is no such key. `version` may be NULL. */
bool tidemill_state_get(tidemill_text key, tidemill_buffer *value, uint64_t *version);

/* What one of several keys holds; `value` is for `tidemill_free`. */
typedef struct tidemill_entry {
  bool there;
  tidemill_buffer value;
  uint64_t version;
} tidemill_entry;

/* What several keys hold, in order; at most 1,000. */
void tidemill_state_get_many(const tidemill_text *keys, size_t count, tidemill_entry *entries);
/* Sets a key. With `if_version` of 0 or more only if it has that version, 0 being that of no key; with `ttl_ms` above 0 for so long.
 * `version` is its new one, or the one that it has if that is stale (0: there is no such key any more); it may be NULL. */
tidemill_written tidemill_state_put(tidemill_text key, tidemill_text value, int64_t if_version, uint64_t ttl_ms, uint64_t *version);
/* Adds to a number, which is 0 if the key is not there; `sum` may be NULL. With `ttl_ms` above 0 a key that is made by it is gone
 * after so long, however often it is added to. */
tidemill_written tidemill_state_increment(tidemill_text key, int64_t by, uint64_t ttl_ms, int64_t *sum);
/* Why the last write was not TIDEMILL_WRITTEN; good until the next one. */
tidemill_text tidemill_state_why(void);
/* Whether it was there. */
bool tidemill_state_delete(tidemill_text key);
/* Keys that begin with a prefix and come after another one, each on a line of its own; how many. */
size_t tidemill_state_keys(tidemill_text prefix, tidemill_text after, uint32_t limit, tidemill_buffer *lines);

/* Publishes events beside those that pass (`uses = ["bus"]`, and `[grants] publish = ["alert.*"]`), and frees them. False: none
 * was taken, and `why` says why; it may be NULL. */
bool tidemill_publish(tidemill_drafts *drafts, tidemill_buffer *why);

/* How many streams are open: all of them, or those of the mount at a path (`uses = ["server"]`, and `[grants] figures = true`). False:
 * there is no mount for streams at that path. */
bool tidemill_streams(tidemill_text path, uint32_t *count);

/* In calls of clients (`uses = ["call"]`); outside of them all of it does nothing. How far the call is: `done` has to increase,
 * `total` is 0 if nobody knows, `message` may be empty. */
void tidemill_progress(double done, double total, tidemill_text message);
/* Whether nobody waits for the call any more; there is a second to tidy up then. */
bool tidemill_cancelled(void);
/* Sleeps; false if the call was cancelled meanwhile. */
bool tidemill_sleep(uint64_t milliseconds);

typedef enum tidemill_listing { TIDEMILL_LIST_TOOLS, TIDEMILL_LIST_PROMPTS, TIDEMILL_LIST_RESOURCES } tidemill_listing;

/* Tells clients that what they know of a list may not be so any more. */
void tidemill_changed(tidemill_listing what);
/* Tells those who follow a resource that its content changed. */
void tidemill_updated(tidemill_text uri);

#ifdef __cplusplus
}
#endif
#endif
