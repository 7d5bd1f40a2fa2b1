//! Sends a request for each event, and says what came of it.
const std = @import("std");
const tidemill = @import("tidemill");

export const tidemill_plugin = tidemill.Manifest{
    .name = "sends",
    .version = "1",
    .summary = "Sends requests",
    .subscribes = "send",
};

const hosts = [_][*:0]const u8{"http://wanted.test"};

export fn tidemill_http_hosts(count: *usize) [*]const [*:0]const u8 {
    count.* = hosts.len;
    return &hosts;
}

fn answer(memory: std.mem.Allocator, event: *const tidemill.Event) ![]const u8 {
    const Asked = struct { url: []const u8, body: []const u8 = "", length: []const u8 = "" };
    const asked = try event.json(Asked, memory);
    const headers = [_]tidemill.Pair{
        .{ .name = .of("x-mine"), .value = .of("yes") },
        .{ .name = .of("Content-Length"), .value = .of(asked.length) },
    };
    const request: tidemill.http.Request = .{
        .method = if (asked.body.len > 0) "POST" else null,
        .url = .of(asked.url),
        .headers = .{ .pairs = &headers, .count = if (asked.length.len > 0) 2 else 1 },
        .body = .of(asked.body),
        .timeout_ms = 200,
    };
    var response = request.send();
    defer response.free();
    if (response.end != .answered) return std.json.Stringify.valueAlloc(memory, .{ .@"error" = response.why.slice() }, .{});
    return std.json.Stringify.valueAlloc(memory, .{
        .status = response.status,
        .served = response.header("X-Served") orelse "",
        .body = response.body.slice(),
    }, .{});
}

export fn tidemill_apply(event: *const tidemill.Event, outcome: *tidemill.Outcome) void {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    outcome.emit().data(answer(arena.allocator(), event) catch @panic("no memory"));
}
