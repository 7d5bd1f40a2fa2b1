//! Requests to hosts that the plugin was granted. Part of tidemill.zig; what each function promises is said in http.h.
const texts = @import("text.zig");
const Text = texts.Text;
const Buffer = texts.Buffer;
const Pairs = texts.Pairs;

/// A request: `.{ .url = .of("https://api.example.com/rates") }` is a GET.
pub const Request = extern struct {
    method: ?[*:0]const u8 = null,
    url: Text,
    headers: Pairs = .{ .pairs = null, .count = 0 },
    body: Text = .{},
    timeout_ms: u64 = 0,

    /// Sends it and waits for the whole answer, which is for `free`.
    pub fn send(self: *const Request) Response {
        return tidemill_http_send(self);
    }
};

pub const End = enum(c_int) { answered, denied, timed_out, too_large, invalid, failed };

/// What came of it; `why` says why there is no answer.
pub const Response = extern struct {
    end: End,
    status: u16,
    headers: Pairs,
    body: Buffer,
    why: Buffer,

    /// A header field; of several, the first.
    pub fn header(self: *const Response, name: [*:0]const u8) ?[]const u8 {
        var value: Text = .{};
        return if (tidemill_http_header(self, name, &value)) value.slice() else null;
    }

    pub fn free(self: *Response) void {
        tidemill_http_free(self);
    }
};

extern fn tidemill_http_send(request: *const Request) Response;
extern fn tidemill_http_header(response: *const Response, name: [*:0]const u8, value: *Text) bool;
extern fn tidemill_http_free(response: *Response) void;
