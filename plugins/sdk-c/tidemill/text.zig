//! Texts, buffers, and names with values. Part of tidemill.zig.
const std = @import("std");

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

/// A text that grows; begins as `.{}`.
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

    pub fn slice(self: *const Buffer) []const u8 {
        return if (self.data) |data| data[0..self.size] else "";
    }

    /// Gives its memory back; it is empty after that.
    pub fn free(self: *Buffer) void {
        tidemill_free(self);
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

extern fn tidemill_add(buffer: *Buffer, text: Text) void;
extern fn tidemill_add_html(buffer: *Buffer, text: Text) void;
extern fn tidemill_free(buffer: *Buffer) void;
