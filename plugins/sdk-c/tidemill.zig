//! tidemill.h for Zig: the same functions, with slices for texts. What each of them promises is said in the header.
//!
//! A plugin exports `tidemill_plugin` and the functions of its kinds, such as
//!
//!     export fn tidemill_decide(event: *const tidemill.Event) tidemill.Verdict { … }
const std = @import("std");

/// Memory that the SDK frees too. What a plugin makes for one event is best made in an arena over it.
pub const allocator = std.heap.c_allocator;

const texts = @import("tidemill/text.zig");
pub const Text = texts.Text;
pub const Buffer = texts.Buffer;
pub const Pair = texts.Pair;
pub const Pairs = texts.Pairs;

const clients = @import("tidemill/clients.zig");
pub const Delivery = clients.Delivery;
pub const Drafts = clients.Drafts;
pub const Draft = clients.Draft;
pub const Client = clients.Client;
pub const Part = clients.Part;
pub const CallEnd = clients.CallEnd;
pub const Tool = clients.Tool;
pub const read_only = clients.read_only;
pub const destructive = clients.destructive;
pub const idempotent = clients.idempotent;
pub const open_world = clients.open_world;
pub const Invocation = clients.Invocation;
pub const Argument = clients.Argument;
pub const Prompt = clients.Prompt;
pub const Request = clients.Request;
pub const Role = clients.Role;
pub const Filled = clients.Filled;
pub const Resource = clients.Resource;
pub const Contents = clients.Contents;
pub const Question = clients.Question;
pub const Suggestions = clients.Suggestions;

const host = @import("tidemill/host.zig");
pub const Level = host.Level;
pub const log = host.log;
pub const logFields = host.logFields;
pub const meter = host.meter;
pub const state = host.state;
pub const publish = host.publish;
pub const streams = host.streams;
pub const call = host.call;
pub const http = @import("tidemill/http.zig");

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
    /// Appends an extension attribute as a text; false if it is absent.
    pub fn extension(self: *const Event, name: [*:0]const u8, value: *Buffer) bool {
        return tidemill_event_extension(self, name, value);
    }
    pub fn isJson(self: *const Event) bool {
        return tidemill_event_is_json(self);
    }
    /// The data as UTF-8 text, or null if it is not.
    pub fn text(self: *const Event) ?[]const u8 {
        return if (std.unicode.utf8ValidateSlice(self.data())) self.data() else null;
    }
    /// The data as a value of a type, or as `std.json.Value`. What is made for it lives in `memory`, best an arena. Of members with
    /// the same name the last one counts. For a type, a number beyond an `f64`, such as `1e400`, is an error.
    pub fn json(self: *const Event, comptime T: type, memory: std.mem.Allocator) !T {
        if (T != std.json.Value) try finite(self.data(), memory);
        return std.json.parseFromSliceLeaky(T, memory, self.data(), .{
            .ignore_unknown_fields = true,
            .duplicate_field_behavior = .use_last,
        });
    }
};

/// `std.json` would read what is beyond an `f64` as infinite; of a `Value` it makes a text.
fn finite(text: []const u8, memory: std.mem.Allocator) !void {
    var scanner: std.json.Scanner = .initCompleteInput(memory, text);
    defer scanner.deinit();
    while (true) switch (try scanner.next()) {
        .number => |digits| if (std.math.isInf(try std.fmt.parseFloat(f64, digits))) return error.Overflow,
        .end_of_document => return,
        else => {},
    };
}

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

pub const Subscriber = extern struct { principal: Text, claims: Pairs, parameters: Pairs };

/// The plugin as a whole cannot go on with this batch, for now or for good.
pub fn faultRetry(why: []const u8) void {
    tidemill_fault_retry(.of(why));
}
pub fn faultBroken(why: []const u8) void {
    tidemill_fault_broken(.of(why));
}

extern fn tidemill_event_id(event: *const Event) Text;
extern fn tidemill_event_source(event: *const Event) Text;
extern fn tidemill_event_type(event: *const Event) Text;
extern fn tidemill_event_subject(event: *const Event) Text;
extern fn tidemill_event_content_type(event: *const Event) Text;
extern fn tidemill_event_extensions(event: *const Event) Text;
extern fn tidemill_event_time_ms(event: *const Event) u64;
extern fn tidemill_event_data(event: *const Event) Text;
extern fn tidemill_event_extension(event: *const Event, name: [*:0]const u8, value: *Buffer) bool;
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
