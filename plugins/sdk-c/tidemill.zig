//! tidemill.h for Zig: the same functions, with slices for texts. What each of them promises is said in the header.
//!
//! A plugin exports `tidemill_plugin` and the functions of its kinds, such as
//!
//!     export fn tidemill_decide(event: *const tidemill.Event) tidemill.Verdict { … }
const std = @import("std");

/// Memory that the SDK frees too. What a plugin makes for one event is best made in an arena over it.
pub const allocator = std.heap.c_allocator;

pub const Text = extern struct {
    data: ?[*]const u8 = null,
    size: usize = 0,

    pub fn of(slice_of: []const u8) Text {
        // An empty slice may have any address, and the host refuses those outside of memory.
        return .{ .data = if (slice_of.len == 0) null else slice_of.ptr, .size = slice_of.len };
    }

    pub fn slice(self: Text) []const u8 {
        return if (self.data) |data| data[0..self.size] else "";
    }

    pub fn is(self: Text, other: []const u8) bool {
        return std.mem.eql(u8, self.slice(), other);
    }
};

/// A text that grows.
pub const Buffer = extern struct {
    data: ?[*]u8 = null,
    size: usize = 0,
    room: usize = 0,

    pub fn add(self: *Buffer, text: []const u8) void {
        tidemill_add(self, .of(text));
    }

    pub fn addHtml(self: *Buffer, text: []const u8) void {
        tidemill_add_html(self, .of(text));
    }
};

pub const Manifest = extern struct {
    name: [*:0]const u8,
    version: [*:0]const u8,
    summary: [*:0]const u8,
    /// Patterns with spaces between them.
    subscribes: ?[*:0]const u8 = null,
    without_data: bool = false,
    config_schema: ?[*:0]const u8 = null,
};

pub const Event = extern struct {
    row: [*]const u8,
    arena: ?[*]const u8,

    pub fn id(self: *const Event) []const u8 {
        return tidemill_event_id(self).slice();
    }
    pub fn source(self: *const Event) []const u8 {
        return tidemill_event_source(self).slice();
    }
    /// The event's type (`type` is a keyword in Zig).
    pub fn kind(self: *const Event) []const u8 {
        return tidemill_event_type(self).slice();
    }
    /// Empty if it is absent.
    pub fn subject(self: *const Event) []const u8 {
        return tidemill_event_subject(self).slice();
    }
    pub fn contentType(self: *const Event) []const u8 {
        return tidemill_event_content_type(self).slice();
    }
    pub fn extensionsJson(self: *const Event) []const u8 {
        return tidemill_event_extensions(self).slice();
    }
    pub fn timeMs(self: *const Event) u64 {
        return tidemill_event_time_ms(self);
    }
    pub fn data(self: *const Event) []const u8 {
        return tidemill_event_data(self).slice();
    }
    pub fn isJson(self: *const Event) bool {
        return tidemill_event_is_json(self);
    }
    /// The data as a value of a type, or as `std.json.Value`. What is made for it lives in `memory`, best an arena. Of members with
    /// the same name the last one counts.
    pub fn json(self: *const Event, comptime T: type, memory: std.mem.Allocator) !T {
        return std.json.parseFromSliceLeaky(T, memory, self.data(), .{
            .ignore_unknown_fields = true,
            .duplicate_field_behavior = .use_last,
        });
    }
};

pub const Verdict = enum(c_int) { keep, drop, reject };

/// What becomes of one event: kept, unless something else is said.
pub const Outcome = opaque {
    pub fn keep(self: *Outcome) void {
        tidemill_keep(self);
    }
    pub fn drop(self: *Outcome) void {
        tidemill_drop(self);
    }
    /// Good until the next one is begun.
    pub fn emit(self: *Outcome) *Output {
        return tidemill_emit(self);
    }
    pub fn reject(self: *Outcome, at: []const u8, detail: []const u8) void {
        tidemill_reject(self, .of(at), .of(detail));
    }
    pub fn retry(self: *Outcome, why: []const u8) void {
        tidemill_retry(self, .of(why));
    }
};

pub const Output = opaque {
    pub fn kind(self: *Output, text: []const u8) void {
        tidemill_output_type(self, .of(text));
    }
    pub fn subject(self: *Output, text: []const u8) void {
        tidemill_output_subject(self, .of(text));
    }
    pub fn contentType(self: *Output, text: []const u8) void {
        tidemill_output_content_type(self, .of(text));
    }
    pub fn extension(self: *Output, name: []const u8, value: []const u8) void {
        tidemill_output_extension(self, .of(name), .of(value));
    }
    pub fn data(self: *Output, bytes: []const u8) void {
        tidemill_output_data(self, .of(bytes));
    }
};

pub const EventType = extern struct {
    name: [*:0]const u8,
    version: [*:0]const u8,
    summary: [*:0]const u8,
    schema_json: [*:0]const u8,
    examples: [4]?[*:0]const u8 = .{ null, null, null, null },
};

/// What the owner thinks of one event: valid, unless something else is said.
pub const Validity = opaque {
    pub fn normalise(self: *Validity) *Output {
        return tidemill_normalise(self);
    }
    pub fn invalid(self: *Validity, at: []const u8, detail: []const u8) void {
        tidemill_invalid(self, .of(at), .of(detail));
    }
};

pub const Pair = extern struct { name: Text, value: Text };

pub const Pairs = extern struct {
    pairs: ?[*]const Pair,
    count: usize,

    /// The first value of a name.
    pub fn find(self: Pairs, name: []const u8) ?[]const u8 {
        const pairs = self.pairs orelse return null;
        for (pairs[0..self.count]) |pair| {
            if (pair.name.is(name)) return pair.value.slice();
        }
        return null;
    }
};

pub const Subscriber = extern struct { principal: Text, claims: Pairs, parameters: Pairs };
pub const Delivery = extern struct { headers: Pairs, query: Text, body: Text };

/// Some new events; begins as `.{}`.
pub const Drafts = extern struct {
    drafts: ?*Draft = null,
    count: usize = 0,

    /// Good until the next one is begun.
    pub fn begin(self: *Drafts, kind: []const u8, data: []const u8) *Draft {
        return tidemill_draft_begin(self, .of(kind), .of(data));
    }
};

pub const Draft = opaque {
    pub fn id(self: *Draft, text: []const u8) void {
        tidemill_draft_id(self, .of(text));
    }
    pub fn source(self: *Draft, text: []const u8) void {
        tidemill_draft_source(self, .of(text));
    }
    pub fn subject(self: *Draft, text: []const u8) void {
        tidemill_draft_subject(self, .of(text));
    }
    pub fn contentType(self: *Draft, text: []const u8) void {
        tidemill_draft_content_type(self, .of(text));
    }
    pub fn timeMs(self: *Draft, time: u64) void {
        tidemill_draft_time_ms(self, time);
    }
    pub fn extension(self: *Draft, name: []const u8, value: []const u8) void {
        tidemill_draft_extension(self, .of(name), .of(value));
    }
};

pub const read_only = 1;
pub const destructive = 2;
pub const idempotent = 4;
pub const open_world = 8;

pub const Tool = extern struct {
    name: [*:0]const u8,
    title: ?[*:0]const u8 = null,
    description: [*:0]const u8,
    input_schema: ?[*:0]const u8 = null,
    output_schema: ?[*:0]const u8 = null,
    permission: ?[*:0]const u8 = null,
    hints: u8 = 0,
};

pub const Invocation = extern struct { name: Text, arguments: Text, caller: Text };
pub const CallEnd = enum(c_int) { done, tool_error, unknown_tool, invalid_arguments, failed };
pub const Level = enum(c_int) { trace, debug, info, warn, err };

pub fn log(level: Level, message: []const u8) void {
    tidemill_log(level, .of(message), null, 0);
}

/// The plugin as a whole cannot go on with this batch, for now or for good.
pub fn faultRetry(why: []const u8) void {
    tidemill_fault_retry(.of(why));
}
pub fn faultBroken(why: []const u8) void {
    tidemill_fault_broken(.of(why));
}

/// Figures of the plugin's own (`uses = ["meter"]`).
pub const meter = struct {
    pub fn add(name: [*:0]const u8, delta: u64) void {
        tidemill_meter_add(name, delta);
    }
    pub fn record(name: [*:0]const u8, value: f64) void {
        tidemill_meter_record(name, value);
    }
};

/// Keys that outlive the host (`uses = ["state"]`).
pub const state = struct {
    pub const Error = error{ Stale, Quota, Refused };

    fn check(written: c_int) Error!void {
        return switch (written) {
            0 => {},
            1 => error.Stale,
            2 => error.Quota,
            else => error.Refused,
        };
    }
    /// Appends what a key holds; false if there is no such key.
    pub fn get(key: []const u8, value: *Buffer) bool {
        return tidemill_state_get(.of(key), value, null);
    }
    pub fn put(key: []const u8, value: []const u8) Error!void {
        return check(tidemill_state_put(.of(key), .of(value), -1, 0));
    }
    pub fn increment(key: []const u8, by: i64) Error!i64 {
        var sum: i64 = 0;
        try check(tidemill_state_increment(.of(key), by, 0, &sum));
        return sum;
    }
    pub fn delete(key: []const u8) bool {
        return tidemill_state_delete(.of(key));
    }
};

/// Publishes events and frees them (`uses = ["bus"]`); false: none was taken, and `why` says why.
pub fn publish(drafts: *Drafts, why: ?*Buffer) bool {
    return tidemill_publish(drafts, why);
}

extern fn tidemill_add(buffer: *Buffer, text: Text) void;
extern fn tidemill_add_html(buffer: *Buffer, text: Text) void;
extern fn tidemill_event_id(event: *const Event) Text;
extern fn tidemill_event_source(event: *const Event) Text;
extern fn tidemill_event_type(event: *const Event) Text;
extern fn tidemill_event_subject(event: *const Event) Text;
extern fn tidemill_event_content_type(event: *const Event) Text;
extern fn tidemill_event_extensions(event: *const Event) Text;
extern fn tidemill_event_time_ms(event: *const Event) u64;
extern fn tidemill_event_data(event: *const Event) Text;
extern fn tidemill_event_is_json(event: *const Event) bool;
extern fn tidemill_fault_retry(why: Text) void;
extern fn tidemill_fault_broken(why: Text) void;
extern fn tidemill_keep(outcome: *Outcome) void;
extern fn tidemill_drop(outcome: *Outcome) void;
extern fn tidemill_emit(outcome: *Outcome) *Output;
extern fn tidemill_reject(outcome: *Outcome, at: Text, detail: Text) void;
extern fn tidemill_retry(outcome: *Outcome, why: Text) void;
extern fn tidemill_output_type(output: *Output, text: Text) void;
extern fn tidemill_output_subject(output: *Output, text: Text) void;
extern fn tidemill_output_content_type(output: *Output, text: Text) void;
extern fn tidemill_output_extension(output: *Output, name: Text, value: Text) void;
extern fn tidemill_output_data(output: *Output, data: Text) void;
extern fn tidemill_normalise(validity: *Validity) *Output;
extern fn tidemill_invalid(validity: *Validity, at: Text, detail: Text) void;
extern fn tidemill_draft_begin(drafts: *Drafts, kind: Text, data: Text) *Draft;
extern fn tidemill_draft_id(draft: *Draft, text: Text) void;
extern fn tidemill_draft_source(draft: *Draft, text: Text) void;
extern fn tidemill_draft_subject(draft: *Draft, text: Text) void;
extern fn tidemill_draft_content_type(draft: *Draft, text: Text) void;
extern fn tidemill_draft_time_ms(draft: *Draft, time: u64) void;
extern fn tidemill_draft_extension(draft: *Draft, name: Text, value: Text) void;
extern fn tidemill_log(level: Level, message: Text, fields: ?[*]const Pair, count: usize) void;
extern fn tidemill_meter_add(name: [*:0]const u8, delta: u64) void;
extern fn tidemill_meter_record(name: [*:0]const u8, value: f64) void;
extern fn tidemill_state_get(key: Text, value: *Buffer, version: ?*u64) bool;
extern fn tidemill_state_put(key: Text, value: Text, if_version: i64, ttl_ms: u64) c_int;
extern fn tidemill_state_increment(key: Text, by: i64, ttl_ms: u64, sum: ?*i64) c_int;
extern fn tidemill_state_delete(key: Text) bool;
extern fn tidemill_publish(drafts: *Drafts, why: ?*Buffer) bool;
