/* Owns how JSON is read where it lies: a scanner without a tree. Of texts that are no JSON it reads no byte outside. */
#include "internal.h"
#include <math.h>

enum { LEVELS = 128 }; /* of objects and lists, as the host counts; deeper texts would use up the stack */

typedef struct scan {
  const char *at, *end;
} scan;

static void blanks(scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

static bool take(scan *s, char letter) {
  blanks(s);
  if (s->at == s->end || *s->at != letter) return false;
  s->at++;
  return true;
}

static bool word(scan *s, const char *letters) {
  size_t size = strlen(letters);
  if ((size_t)(s->end - s->at) < size || memcmp(s->at, letters, size) != 0) return false;
  s->at += size;
  return true;
}

static bool hex(scan *s, unsigned *code) {
  if (s->end - s->at < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    char c = *s->at++;
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16u;
    if (digit > 15) return false;
    *code = *code << 4 | digit;
  }
  return true;
}

static void add_code(tidemill_buffer *out, unsigned code) {
  char bytes[4];
  size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = size; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3f));
  bytes[0] = (char)(marks[size] | code);
  tidemill_add(out, tidemill_bytes(bytes, size));
}

/* One escape behind its backslash; half of a pair alone becomes U+FFFD. */
static bool escape(scan *s, tidemill_buffer *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (s->at == s->end) return false;
  char letter = *s->at++;
  const char *known = letter ? strchr(from, letter) : NULL;
  if (known) {
    if (out) tidemill_add(out, tidemill_bytes(to + (known - from), 1));
    return true;
  }
  unsigned code, low;
  if (letter != 'u' || !hex(s, &code)) return false;
  if (code >= 0xd800 && code < 0xe000) {
    scan ahead = *s;
    if (code < 0xdc00 && word(&ahead, "\\u") && hex(&ahead, &low) && low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      *s = ahead;
    } else {
      code = 0xfffd;
    }
  }
  if (out) add_code(out, code);
  return true;
}

static bool text(scan *s, tidemill_buffer *out) {
  if (s->at == s->end || *s->at != '"') return false;
  s->at++;
  const char *plain = s->at;
  while (s->at < s->end) {
    unsigned char letter = (unsigned char)*s->at;
    if (letter < 0x20) return false;
    if (letter != '"' && letter != '\\') {
      s->at++;
      continue;
    }
    if (out) tidemill_add(out, tidemill_bytes(plain, (size_t)(s->at - plain)));
    s->at++;
    if (letter == '"') return true;
    if (!escape(s, out)) return false;
    plain = s->at;
  }
  return false;
}

static bool digits(scan *s) {
  const char *begin = s->at;
  while (s->at < s->end && *s->at >= '0' && *s->at <= '9') s->at++;
  return s->at > begin;
}

static bool figure(scan *s) {
  if (s->at < s->end && *s->at == '-') s->at++;
  bool zero = s->at < s->end && *s->at == '0';
  if (zero) s->at++;
  else if (!digits(s)) return false;
  if (s->at < s->end && *s->at == '.') {
    s->at++;
    if (!digits(s)) return false;
  }
  if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
    s->at++;
    if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
    if (!digits(s)) return false;
  }
  return true;
}

/* Over one value; the only function that calls itself. */
static bool over(scan *s, int levels) {
  blanks(s);
  if (s->at == s->end) return false;
  char first = *s->at;
  if (first == '"') return text(s, NULL);
  if (first != '{' && first != '[') return word(s, "true") || word(s, "false") || word(s, "null") || figure(s);
  if (levels == 0) return false;
  s->at++;
  char close = first == '{' ? '}' : ']';
  if (take(s, close)) return true;
  do {
    blanks(s);
    if (first == '{' && !(text(s, NULL) && take(s, ':'))) return false;
    if (!over(s, levels - 1)) return false;
  } while (take(s, ','));
  return take(s, close);
}

static scan of(tidemill_text json) {
  scan s = {json.data, json.data + json.size};
  return s;
}

bool tidemill_json_valid(tidemill_text json) {
  if (!json.size || !tidemill_utf8(json)) return false;
  scan s = of(json);
  if (!over(&s, LEVELS)) return false;
  blanks(&s);
  return s.at == s.end;
}

bool tidemill_json_is_object(tidemill_text json) {
  if (!json.size) return false;
  scan s = of(json);
  return take(&s, '{') && tidemill_json_valid(json);
}

bool tidemill_json_next(tidemill_text json, size_t *at, tidemill_text *name, tidemill_text *value) {
  if (!json.size) return false;
  scan s = of(json);
  blanks(&s);
  if (s.at == s.end || (*s.at != '{' && *s.at != '[')) return false;
  bool object = *s.at == '{';
  if (*at == 0) {
    s.at++;
  } else {
    s.at = json.data + (*at < json.size ? *at : json.size);
    if (!take(&s, ',')) return false;
  }
  blanks(&s);
  const char *begin = s.at;
  if (name) *name = tidemill_bytes(begin, 0);
  if (object) {
    if (!text(&s, NULL)) return false;
    if (name) *name = tidemill_bytes(begin, (size_t)(s.at - begin));
    if (!take(&s, ':')) return false;
    blanks(&s);
    begin = s.at;
  }
  if (!over(&s, LEVELS)) return false;
  *value = tidemill_bytes(begin, (size_t)(s.at - begin));
  *at = (size_t)(s.at - json.data);
  return true;
}

/* The next part of a pointer without its escapes: `~1` is `/`, `~0` is `~`. */
static const char *part(const char *pointer, tidemill_buffer *out) {
  for (pointer++; *pointer && *pointer != '/'; pointer++) {
    bool escaped = *pointer == '~' && (pointer[1] == '0' || pointer[1] == '1');
    if (escaped) pointer++;
    tidemill_add_str(out, !escaped ? "" : *pointer == '1' ? "/" : "~");
    if (!escaped) tidemill_add(out, tidemill_bytes(pointer, 1));
  }
  return pointer;
}

/* Of members with the same name the last one counts, as in the other SDKs. */
static bool child(tidemill_text json, tidemill_text wanted, tidemill_text *value) {
  tidemill_text name, here;
  size_t at = 0;
  bool there = false;
  for (uint64_t index = 0; tidemill_json_next(json, &at, &name, &here); index++) {
    tidemill_buffer plain = {0};
    if (name.size) {
      tidemill_json_as_text(name, &plain);
    } else {
      char number[24], *digit = number + sizeof number;
      uint64_t left = index;
      do *--digit = (char)('0' + left % 10); while (left /= 10);
      tidemill_add(&plain, tidemill_bytes(digit, (size_t)(number + sizeof number - digit)));
    }
    bool found = tidemill_same(tidemill_of(&plain), wanted);
    tidemill_free(&plain);
    if (!found) continue;
    *value = here;
    there = true;
    if (!name.size) break; /* an item, of which there is one */
  }
  return there;
}

bool tidemill_json_find(tidemill_text json, const char *pointer, tidemill_text *value) {
  tidemill_text here = json;
  while (*pointer == '/') {
    tidemill_buffer wanted = {0};
    pointer = part(pointer, &wanted);
    tidemill_text next;
    bool found = child(here, tidemill_of(&wanted), &next);
    tidemill_free(&wanted);
    if (!found) return false;
    here = next;
  }
  *value = here;
  return *pointer == 0;
}

bool tidemill_json_as_text(tidemill_text value, tidemill_buffer *out) {
  if (!value.size) return false;
  scan s = of(value);
  size_t before = out->size;
  blanks(&s);
  if (text(&s, out)) return true;
  out->size = before;
  return false;
}

bool tidemill_json_as_number(tidemill_text value, double *number) {
  char few[64];
  if (!value.size) return false;
  scan s = of(value);
  blanks(&s);
  const char *begin = s.at;
  if (!figure(&s)) return false;
  size_t size = (size_t)(s.at - begin);
  char *copy = size < sizeof few ? few : (char *)tidemill_alloc(size + 1);
  memcpy(copy, begin, size);
  copy[size] = 0;
  double read = strtod(copy, NULL);
  if (copy != few) free(copy);
  if (isfinite(read)) *number = read; /* `1e400` is beyond a double */
  return isfinite(read);
}

/* Numbers without a fraction that fit. */
bool tidemill_json_as_integer(tidemill_text value, int64_t *number) {
  if (!value.size) return false;
  scan s = of(value);
  blanks(&s);
  bool negative = s.at < s.end && *s.at == '-';
  const char *begin = s.at + negative;
  if (!figure(&s)) return false;
  uint64_t sum = 0, most = (uint64_t)INT64_MAX + negative;
  for (; begin < s.at; begin++) {
    if (*begin < '0' || *begin > '9') return false;
    uint64_t digit = (uint64_t)(*begin - '0');
    if (sum > (most - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  *number = negative ? (int64_t)(0 - sum) : (int64_t)sum;
  return true;
}

bool tidemill_json_as_bool(tidemill_text value, bool *truth) {
  if (!value.size) return false;
  scan s = of(value);
  blanks(&s);
  *truth = word(&s, "true");
  return *truth || word(&s, "false");
}

bool tidemill_json_find_text(tidemill_text json, const char *pointer, tidemill_buffer *out) {
  tidemill_text value;
  return tidemill_json_find(json, pointer, &value) && tidemill_json_as_text(value, out);
}

bool tidemill_json_find_number(tidemill_text json, const char *pointer, double *number) {
  tidemill_text value;
  return tidemill_json_find(json, pointer, &value) && tidemill_json_as_number(value, number);
}
