//! Lets log lines of a certain level and above through, and all that is no log line of an application.
const std = @import("std");
const tidemill = @import("tidemill");

export const tidemill_plugin = tidemill.Manifest{
    .name = "zig-filter",
    .version = "0.1.0",
    .summary = "Drops log lines below a level",
    .subscribes = "app.log",
    .config_schema =
    \\{"type": "object", "additionalProperties": false, "properties": {
    \\  "level": {"enum": ["debug", "info", "warn", "error"]}}}
    ,
};

const Level = enum { debug, info, warn, @"error" };
var least: Level = .warn;

export fn tidemill_configure(config: tidemill.Text, why: *tidemill.Buffer) bool {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    const Config = struct { level: Level = .warn };
    const read = std.json.parseFromSliceLeaky(Config, arena.allocator(), config.slice(), .{}) catch {
        why.add("config.level: expected debug, info, warn or error");
        return false;
    };
    least = read.level;
    return true;
}

export fn tidemill_decide(event: *const tidemill.Event) tidemill.Verdict {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    const Line = struct { level: []const u8 };
    const line = event.json(Line, arena.allocator()) catch return .reject;
    const level = std.meta.stringToEnum(Level, line.level) orelse return .reject;
    return if (@intFromEnum(level) >= @intFromEnum(least)) .keep else .drop;
}
