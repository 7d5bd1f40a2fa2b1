/* Runs the test vectors through the SDK's sources natively: rows in, the bindings' answers out. `cases.h`, which includes this, is
 * generated from tests/vectors: `say_…` is what an author would write, `check_…` what has to come of it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"
#include "tidemill.h"

static int wrong, ran, now, number;
static const char *now_name;

#define CHECK(holds) \
  do \
    if (!(holds)) wrong++, printf("%s, event %d: %s (line %d)\n", now_name, now, #holds, __LINE__); \
  while (0)

/* Hexadecimal texts, each with how often it comes. Kept until the case ends. */
static tidemill_buffer kept[4096];
static size_t kept_count;

static tidemill_text hex(int pieces, ...) {
  tidemill_buffer made = {0};
  va_list all;
  va_start(all, pieces);
  while (pieces-- > 0) {
    const char *digits = va_arg(all, const char *);
    int times = va_arg(all, int);
    tidemill_buffer piece = {0};
    for (; *digits; digits += 2) {
      unsigned byte;
      sscanf(digits, "%2x", &byte);
      char letter = (char)byte;
      tidemill_add(&piece, tidemill_bytes(&letter, 1));
    }
    while (times-- > 0) tidemill_add(&made, tidemill_of(&piece));
    tidemill_free(&piece);
  }
  va_end(all);
  if (kept_count == sizeof kept / sizeof *kept) abort();
  kept[kept_count++] = made;
  return tidemill_of(&made);
}

static void forget(void) {
  while (kept_count > 0) tidemill_free(&kept[--kept_count]);
}

static plugin_list_u8_t owned(tidemill_text text) {
  plugin_list_u8_t made = {text.size ? malloc(text.size) : NULL, text.size};
  if (text.size) memcpy(made.ptr, text.data, text.size);
  return made;
}

static tidemill_plugin_types_batch_t batch(tidemill_text rows, tidemill_text arena) {
  tidemill_plugin_types_batch_t made = {owned(rows), owned(arena)};
  return made;
}

static bool text_is(plugin_string_t text, tidemill_text want) {
  return tidemill_same(tidemill_bytes(text.ptr, text.len), want);
}

static bool option_is(plugin_option_string_t option, tidemill_text want) { return option.is_some && text_is(option.val, want); }

static bool data_is(plugin_option_list_u8_t option, tidemill_text want) {
  return option.is_some && tidemill_same(tidemill_bytes(option.val.ptr, option.val.len), want);
}

static bool fault_is(tidemill_plugin_types_fault_t *fault, uint8_t tag, tidemill_text why) {
  bool same = fault->tag == tag && text_is(fault->val.retry, why);
  tidemill_plugin_types_fault_free(fault);
  return same;
}

static bool json_text_is(tidemill_text json, const char *pointer, tidemill_text want) {
  tidemill_buffer text = {0};
  bool same = tidemill_json_find_text(json, pointer, &text) && tidemill_same(tidemill_of(&text), want);
  tidemill_free(&text);
  return same;
}

static bool json_number_is(tidemill_text json, const char *pointer, double want) {
  double number = NAN;
  return tidemill_json_find_number(json, pointer, &number) && number == want;
}

static bool json_raw_is(tidemill_text json, const char *pointer, const char *want) {
  tidemill_text value;
  return tidemill_json_find(json, pointer, &value) && tidemill_is(value, want);
}

static bool json_count_is(tidemill_text json, const char *pointer, size_t want) {
  tidemill_text here, value;
  size_t at = 0, count = 0;
  if (!tidemill_json_find(json, pointer, &here)) return false;
  while (tidemill_json_next(here, &at, NULL, &value)) count++;
  return count == want;
}

static bool extension_is(const tidemill_event *event, const char *name, tidemill_text want) {
  tidemill_buffer value = {0};
  bool same = tidemill_event_extension(event, name, &value) && tidemill_same(tidemill_of(&value), want);
  tidemill_free(&value);
  return same;
}

/* Whether an address of nothing came to the host, which refuses some of them. */
static bool stray;

void __wasm_import_tidemill_plugin_log_log(int32_t level, uint8_t *message, size_t size, uint8_t *fields, size_t count) {
  (void)level;
  const plugin_tuple2_string_string_t *all = (const plugin_tuple2_string_string_t *)(const void *)fields;
  stray = (!size && message) || (!count && fields);
  for (size_t i = 0; i < count; i++) stray |= (!all[i].f0.len && all[i].f0.ptr) || (!all[i].f1.len && all[i].f1.ptr);
}

/* Stands for the object file with the world's type, which is WebAssembly. */
void __component_type_object_force_link_plugin(void) {}

const tidemill_manifest tidemill_plugin = {.name = "vectors", .version = "1", .summary = "vectors", .subscribes = " a.*  b "};

const tidemill_event_type_info *tidemill_types(size_t *count) {
  *count = 0;
  return NULL;
}

static tidemill_verdict say_verdict(void);
static void say_outcome(tidemill_outcome *outcome);
static void say_validity(tidemill_validity *validity);
static void check_event(const tidemill_event *event);
static bool reading;

tidemill_verdict tidemill_decide(const tidemill_event *event) {
  tidemill_verdict verdict = TIDEMILL_KEEP;
  if (reading) check_event(event);
  else verdict = say_verdict();
  now++;
  return verdict;
}

void tidemill_apply(const tidemill_event *event, tidemill_outcome *outcome) {
  (void)event;
  say_outcome(outcome);
  now++;
}

void tidemill_validate(const tidemill_event *event, tidemill_validity *validity) {
  (void)event;
  say_validity(validity);
  now++;
}

static void begin(const char *name, bool reads) {
  forget();
  now_name = name;
  now = 0;
  reading = reads;
}

/* A manifest's patterns, and settings where there are none. */
static void check_plugin(void) {
  begin("manifest", false);
  exports_tidemill_plugin_manifest_info_t info;
  exports_tidemill_plugin_manifest_describe(&info);
  CHECK(info.subscribes.len == 2 && text_is(info.subscribes.ptr[0], tidemill_str("a.*")));
  CHECK(info.needs_data && !info.config_schema.is_some);
  exports_tidemill_plugin_manifest_info_free(&info);
  plugin_string_t config, err;
  plugin_string_dup(&config, "{}");
  CHECK(exports_tidemill_plugin_manifest_configure(&config, &err));
  plugin_string_dup(&config, "{\"colour\":1}");
  CHECK(!exports_tidemill_plugin_manifest_configure(&config, &err));
  CHECK(text_is(err, tidemill_str("config: unknown setting \"colour\"; this plugin has none")));
  plugin_string_free(&err);
}

/* Nothing goes to the host without an address. */
static void check_lent(void) {
  begin("lent", false);
  tidemill_text nothing = tidemill_bytes((const char *)(uintptr_t)-8, 0);
  tidemill_pair fields[] = {{nothing, tidemill_str("a")}, {tidemill_str("b"), nothing}};
  tidemill_log(TIDEMILL_INFO, nothing, fields, 2);
  CHECK(!stray);
  tidemill_log(TIDEMILL_INFO, tidemill_str("c"), fields, 0);
  CHECK(!stray);
}

/* A fault that was said where it says nothing is not that of a later batch. */
static void check_stale_fault(void) {
  begin("stale fault", false);
  exports_tidemill_plugin_filter_list_verdict_t verdicts;
  tidemill_plugin_types_fault_t fault;
  tidemill_fault_broken(tidemill_str("long ago"));
  tidemill_plugin_types_batch_t none = batch(hex(0), hex(0));
  CHECK(exports_tidemill_plugin_filter_decide(&none, &verdicts, &fault) && verdicts.len == 0);
  tidemill_fault_retry(tidemill_str("long ago"));
  number = -1; /* no case of the vectors: the event is kept */
  tidemill_plugin_types_batch_t one = batch(hex(1, "00", 64), hex(0));
  bool good = exports_tidemill_plugin_filter_decide(&one, &verdicts, &fault);
  CHECK(good && verdicts.len == 1);
  if (good) exports_tidemill_plugin_filter_list_verdict_free(&verdicts);
  else tidemill_plugin_types_fault_free(&fault);
}

/* How an event is shown where the plugin does not say it, for people and escaped for pages. */
static void check_render(void) {
  begin("render", false);
  /* id, source, type, subject, and nothing else */
  static const char row[] = "00000000" "04000000" "00000000" "00000000" "04000000" "02000000" "06000000" "03000000";
  for (int subject = 0; subject < 2; subject++) {
    for (int html = 0; html < 2; html++) {
      static const char *const shown[] = {"a1 <&3>", "a1 &lt;&amp;3&gt;", "a1 <b>", "a1 &lt;b&gt;"};
      tidemill_text rows = hex(2, row, 1, "00", 64 - 32);
      if (!subject) memset((char *)(uintptr_t)rows.data + 28, 0, 4);
      tidemill_plugin_types_batch_t one = batch(rows, tidemill_str("<&3>a1<b>"));
      plugin_string_t target;
      plugin_string_dup(&target, html ? "html" : "text");
      plugin_list_string_t said;
      tidemill_plugin_types_fault_t fault;
      CHECK(exports_tidemill_plugin_event_types_render(&one, &target, &said, &fault) && said.len == 1);
      CHECK(text_is(said.ptr[0], tidemill_str(shown[2 * subject + html])));
      plugin_list_string_free(&said);
    }
  }
}

/* What is no JSON is refused wherever it ends, without a byte read outside (the sanitizers see that). */
static void check_json(void) {
  static const char good[] = "{\"a\":[1,-0.5e+3,true,false,null,\"\\u00e9\\ud83e\\udd80\\n\"],\"b~/\":{\"c\":\"\"}}";
  begin("json", false);
  CHECK(tidemill_json_valid(tidemill_str(good)));
  for (size_t size = 0; size < sizeof good - 1; size++) {
    tidemill_buffer cut = {0};
    tidemill_add(&cut, tidemill_bytes(good, size));
    tidemill_text value;
    CHECK(!tidemill_json_valid(tidemill_of(&cut)));
    tidemill_json_find(tidemill_of(&cut), "/b~0~1/c", &value);
    tidemill_free(&cut);
  }
  CHECK(json_text_is(tidemill_str(good), "/b~0~1/c", tidemill_str("")));
  CHECK(json_text_is(tidemill_str(good), "/a/5", tidemill_str("\xc3\xa9\xf0\x9f\xa6\x80\n")));
  CHECK(json_number_is(tidemill_str(good), "/a/1", -500));
  CHECK(!json_raw_is(tidemill_str(good), "/a/01", "-0.5e+3") && !json_raw_is(tidemill_str(good), "/a/9", ""));
  static const char *const bad[] = {"", "01", "1.", "-", "nul", "{a:1}", "[1,]", "{\"a\"}", "\"\t\"", "\"\\x\"", "1 2", "[", "+1", ".5",
                                    "\"\xff\"", "\"\xed\xa0\x80\"", "{\"\xc3\":1}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!tidemill_json_valid(tidemill_str(bad[i])));
  tidemill_buffer deep = {0};
  for (int i = 0; i < 100000; i++) tidemill_add_str(&deep, "[");
  CHECK(!tidemill_json_valid(tidemill_of(&deep)));
  tidemill_free(&deep);
  for (int levels = 128; levels <= 129; levels++) { /* one more than the host takes, with something in the innermost */
    for (int i = 0; i < levels; i++) tidemill_add_str(&deep, "[");
    tidemill_add_str(&deep, levels == 128 ? "1" : "");
    for (int i = 0; i < levels; i++) tidemill_add_str(&deep, "]");
    CHECK(tidemill_json_valid(tidemill_of(&deep)) == (levels == 128));
    tidemill_free(&deep);
  }
  bool truth;
  CHECK(tidemill_json_as_bool(tidemill_str(" \n true"), &truth) && truth);
  CHECK(tidemill_json_as_bool(tidemill_str("\tfalse "), &truth) && !truth);
  CHECK(!tidemill_json_as_bool(tidemill_str(" "), &truth) && !tidemill_json_as_bool(tidemill_str("null"), &truth));
  CHECK(tidemill_json_is_object(tidemill_str(" \r\n\t{\"a\":1} ")) && tidemill_json_is_object(tidemill_str("{}")));
  CHECK(!tidemill_json_is_object(tidemill_str("[{}]")) && !tidemill_json_is_object(tidemill_str("{")));
  CHECK(!tidemill_json_is_object(tidemill_str(" ")) && !tidemill_json_is_object(tidemill_str("")));
  static const char twice[] = "{\"a\":1,\"b\":[3,4],\"\\u0061\":2,\"c\":5}";
  CHECK(json_number_is(tidemill_str(twice), "/a", 2) && json_number_is(tidemill_str(twice), "/b/0", 3));
  static const char beyond[] = "[1e400,-1e400,1e-400]";
  double number = 5;
  CHECK(tidemill_json_valid(tidemill_str(beyond)) && !tidemill_json_find_number(tidemill_str(beyond), "/0", &number) && number == 5);
  CHECK(!tidemill_json_find_number(tidemill_str(beyond), "/1", &number) && json_number_is(tidemill_str(beyond), "/2", 0));
  static const char many[] = "0.3333333333333333333333333333333333333333333333333333333333333333333333333333";
  CHECK(sizeof many > 64 && json_number_is(tidemill_str(many), "", 1.0 / 3));
  int64_t integer;
  CHECK(tidemill_json_as_integer(tidemill_str("-9223372036854775808"), &integer) && integer == INT64_MIN);
  CHECK(!tidemill_json_as_integer(tidemill_str("9223372036854775808"), &integer));
  CHECK(!tidemill_json_as_integer(tidemill_str("1.5"), &integer));
  tidemill_buffer written = {0};
  tidemill_json_object(&written);
  tidemill_json_name(&written, tidemill_str("a\"\x01"));
  tidemill_json_array(&written);
  tidemill_json_number(&written, 0.1);
  tidemill_json_integer(&written, -7);
  tidemill_json_object(&written);
  tidemill_json_end_object(&written);
  tidemill_json_text(&written, tidemill_str("["));
  tidemill_json_end_array(&written);
  tidemill_json_name(&written, tidemill_str("b"));
  tidemill_json_number(&written, NAN);
  tidemill_json_end_object(&written);
  CHECK(tidemill_is(tidemill_of(&written), "{\"a\\\"\\u0001\":[0.1,-7,{},\"[\"],\"b\":null}"));
  tidemill_free(&written);
}
