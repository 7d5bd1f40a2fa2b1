//! What the host offers. Part of tidemill.zig; what each function promises is said in host.h.
const std = @import("std");
const texts = @import("text.zig");
const clients = @import("clients.zig");
const Text = texts.Text;
const Buffer = texts.Buffer;

pub const Level = enum(c_int) { trace, debug, info, warn, err };

pub fn log(level: Level, message: []const u8) void {
    tidemill_log(level, .of(message), null, 0);
}

/// A line with names and values that belong to it: `.{ .name = .of("order"), .value = .of(id) }`.
pub fn logFields(level: Level, message: []const u8, fields: []const texts.Pair) void {
    tidemill_log(level, .of(message), fields.ptr, fields.len);
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

/// Keys that outlive the host (`uses = ["state"]`). Only while events are processed.
pub const state = struct {
    /// What `why` explains.
    pub const Error = error{ Stale, Quota, Refused };

    /// How a key is set: with `if_version` only if it has that version (0: if it is not there), with `ttl_ms` for so long.
    pub const Options = struct { if_version: ?u63 = null, ttl_ms: u64 = 0 };

    /// What one of several keys holds; `value` is for `free`.
    pub const Entry = extern struct { there: bool = false, value: Buffer = .{}, version: u64 = 0 };

    /// Appends what a key holds; its version, or null if there is no such key.
    pub fn get(key: []const u8, value: *Buffer) ?u64 {
        var version: u64 = 0;
        return if (tidemill_state_get(.of(key), value, &version)) version else null;
    }
    /// What several keys hold, in order; at most 1,000, and as many entries.
    pub fn getMany(wanted: []const Text, entries: []Entry) void {
        // An assertion would be gone where speed or size is all that counts.
        if (wanted.len != entries.len) @panic("getMany: as many entries as keys are needed");
        tidemill_state_get_many(wanted.ptr, wanted.len, entries.ptr);
    }
    /// Sets a key; its new version.
    pub fn put(key: []const u8, value: []const u8, options: Options) Error!u64 {
        var version: u64 = 0;
        const if_version: i64 = if (options.if_version) |wanted| wanted else -1;
        try check(tidemill_state_put(.of(key), .of(value), if_version, options.ttl_ms, &version));
        return version;
    }
    /// Adds to a number, which is 0 if the key is not there; the sum.
    pub fn increment(key: []const u8, by: i64) Error!i64 {
        return incrementFor(key, by, 0);
    }
    /// The same; a key that is made by it is gone after so long, however often it is added to.
    pub fn incrementFor(key: []const u8, by: i64, ttl_ms: u64) Error!i64 {
        var sum: i64 = 0;
        try check(tidemill_state_increment(.of(key), by, ttl_ms, &sum));
        return sum;
    }
    /// Why the last write was not done; good until the next one.
    pub fn why() []const u8 {
        return tidemill_state_why().slice();
    }
    /// Whether it was there.
    pub fn delete(key: []const u8) bool {
        return tidemill_state_delete(.of(key));
    }
    /// Appends keys that begin with a prefix and come after another one, each on a line of its own; how many.
    pub fn keys(prefix: []const u8, after: []const u8, limit: u32, lines: *Buffer) usize {
        return tidemill_state_keys(.of(prefix), .of(after), limit, lines);
    }

    fn check(written: c_int) Error!void {
        return switch (written) {
            0 => {},
            1 => error.Stale,
            2 => error.Quota,
            else => error.Refused,
        };
    }
};

/// Publishes events and frees them (`uses = ["bus"]`); false: none was taken, and `why` says why.
pub fn publish(drafts: *clients.Drafts, why: ?*Buffer) bool {
    return tidemill_publish(drafts, why);
}

/// How many streams are open: all of them, or those of the mount at a path (`uses = ["server"]`); null if there is no such mount.
pub fn streams(path: []const u8) ?u32 {
    var count: u32 = 0;
    return if (tidemill_streams(.of(path), &count)) count else null;
}

/// Calls of clients from within (`uses = ["call"]`).
pub const call = struct {
    /// `done` has to increase, `total` is 0 if nobody knows, `message` may be empty.
    pub fn progress(done: f64, total: f64, message: []const u8) void {
        tidemill_progress(done, total, .of(message));
    }
    /// Whether nobody waits for the call any more.
    pub fn cancelled() bool {
        return tidemill_cancelled();
    }
    /// Sleeps; an error if the call was cancelled meanwhile.
    pub fn sleep(milliseconds: u64) error{Cancelled}!void {
        if (!tidemill_sleep(milliseconds)) return error.Cancelled;
    }

    pub const Listing = enum(c_int) { tools, prompts, resources };

    /// Tells clients that what they know of a list may not be so any more.
    pub fn changed(what: Listing) void {
        tidemill_changed(what);
    }
    /// Tells those who follow a resource that its content changed.
    pub fn updated(uri: []const u8) void {
        tidemill_updated(.of(uri));
    }
};

extern fn tidemill_log(level: Level, message: Text, fields: ?[*]const texts.Pair, count: usize) void;
extern fn tidemill_meter_add(name: [*:0]const u8, delta: u64) void;
extern fn tidemill_meter_record(name: [*:0]const u8, value: f64) void;
extern fn tidemill_state_get(key: Text, value: *Buffer, version: ?*u64) bool;
extern fn tidemill_state_increment(key: Text, by: i64, ttl_ms: u64, sum: ?*i64) c_int;
extern fn tidemill_state_delete(key: Text) bool;
extern fn tidemill_publish(drafts: *clients.Drafts, why: ?*Buffer) bool;
extern fn tidemill_state_get_many(keys: [*]const Text, count: usize, entries: [*]state.Entry) void;
extern fn tidemill_state_put(key: Text, value: Text, if_version: i64, ttl_ms: u64, version: ?*u64) c_int;
extern fn tidemill_state_why() Text;
extern fn tidemill_state_keys(prefix: Text, after: Text, limit: u32, lines: *Buffer) usize;
extern fn tidemill_streams(path: Text, count: *u32) bool;
extern fn tidemill_progress(done: f64, total: f64, message: Text) void;
extern fn tidemill_cancelled() bool;
extern fn tidemill_sleep(milliseconds: u64) bool;
extern fn tidemill_changed(what: call.Listing) void;
extern fn tidemill_updated(uri: Text) void;
