//! Asks the host for everything that it offers, and says what came of it.
const std = @import("std");
const tidemill = @import("tidemill");
const state = tidemill.state;

export const tidemill_plugin = tidemill.Manifest{
    .name = "asks",
    .version = "1",
    .summary = "Asks the host for everything",
    .subscribes = "ask.*",
};

/// Why a write was refused, or that it was done.
fn why(written: anytype) []const u8 {
    _ = written catch return state.why();
    return "written";
}

fn json(memory: std.mem.Allocator, value: anytype) []const u8 {
    return std.json.Stringify.valueAlloc(memory, value, .{}) catch @panic("no memory");
}

/// A text that outlives the next write.
fn copy(memory: std.mem.Allocator, text: []const u8) []const u8 {
    return memory.dupe(u8, text) catch @panic("no memory");
}

fn askState(memory: std.mem.Allocator) []const u8 {
    var value: tidemill.Buffer = .{};
    defer value.free();
    const sum = state.increment("zähler", 1) catch -1;
    const empty = copy(memory, why(state.put("leer", "", .{})));
    const version = state.get("leer", &value) orelse 0;
    const empty_there = version > 0 and value.size == 0;
    const nothing = state.get("nichts", &value) != null;
    const large = memory.alloc(u8, (1 << 20) + 1) catch @panic("no memory");
    @memset(large, 'x');
    const put_large = copy(memory, why(state.put("groß", large[1..], .{})));
    const too_large = copy(memory, why(state.put("größer", large, .{})));
    _ = state.get("groß", &value);
    const large_size = value.size;
    const no_key = copy(memory, why(state.put("", "x", .{})));
    const refused = state.put("leer", "y", .{ .if_version = 0 });
    const stale = copy(memory, why(refused));
    const newer = state.put("leer", "y", .{ .if_version = @intCast(version) }) catch 0;
    const no_number = copy(memory, why(state.increment("leer", 1)));
    _ = state.put("kurz", "z", .{ .ttl_ms = 3600000 }) catch {};
    var found: [2]state.Entry = undefined;
    state.getMany(&.{ .of("kurz"), .of("nichts") }, &found);
    const many = found[0].there and std.mem.eql(u8, found[0].value.slice(), "z") and !found[1].there;
    for (&found) |*entry| entry.value.free();
    const window = state.incrementFor("fenster", 5, 3600000) catch -1;
    _ = state.delete("fenster");
    var lines: tidemill.Buffer = .{};
    defer lines.free();
    const keys = state.keys("", "kurz", 10, &lines);
    const deleted = state.delete("groß");
    return json(memory, .{
        .sum = sum,
        .empty = empty,
        .emptyThere = empty_there,
        .nothing = nothing,
        .large = put_large,
        .tooLarge = too_large,
        .largeSize = large_size,
        .noKey = no_key,
        .stale = stale,
        .staleVersion = refused == error.Stale,
        .newer = newer > version,
        .noNumber = no_number,
        .many = many,
        .window = window,
        .keys = keys,
        .lines = lines.slice(),
        .deleted = deleted,
        .deletedAgain = state.delete("groß"),
    });
}

fn publish(kind: []const u8, reason: ?*tidemill.Buffer) bool {
    var drafts: tidemill.Drafts = .{};
    const draft = drafts.begin(kind, "Zoë");
    draft.id("a-1");
    draft.subject("é");
    draft.source("/plugins/asks/here");
    draft.contentType("text/plain");
    draft.extension("origin", "the test");
    _ = drafts.begin(kind, "{\"plain\":true}");
    return tidemill.publish(&drafts, reason);
}

fn askBus(memory: std.mem.Allocator) []const u8 {
    var reason: tidemill.Buffer = .{};
    defer reason.free();
    const published = publish("alert.high", null);
    const refused = !publish("other.high", &reason);
    return json(memory, .{ .published = published, .refused = refused, .why = reason.slice() });
}

fn askLog(memory: std.mem.Allocator) []const u8 {
    tidemill.logFields(.warn, "gezählt", &.{
        .{ .name = .of("größe"), .value = .of("") },
        .{ .name = .of("by"), .value = .of("alice") },
    });
    tidemill.meter.add("counted", 2);
    tidemill.meter.record("size", 0.5);
    return json(memory, .{ .logged = true });
}

export fn tidemill_apply(event: *const tidemill.Event, outcome: *tidemill.Outcome) void {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    const memory = arena.allocator();
    const kind = event.kind();
    const said = if (std.mem.eql(u8, kind, "ask.state"))
        askState(memory)
    else if (std.mem.eql(u8, kind, "ask.bus"))
        askBus(memory)
    else
        askLog(memory);
    outcome.emit().data(said);
}

const tools = [_]tidemill.Tool{
    .{ .name = "work", .description = "Works for a while" },
    .{ .name = "greet", .description = "Asks for a name", .hints = tidemill.read_only },
};

export fn tidemill_tools(count: *usize) [*]const tidemill.Tool {
    count.* = tools.len;
    return &tools;
}

export fn tidemill_call(invoked: *const tidemill.Invocation, text: *tidemill.Buffer, structured: *tidemill.Buffer) tidemill.CallEnd {
    if (invoked.name.is("work")) return work(invoked.client, text, structured);
    return if (invoked.name.is("greet")) greet(invoked.client, text) else .unknown_tool;
}

fn work(client: *tidemill.Client, text: *tidemill.Buffer, structured: *tidemill.Buffer) tidemill.CallEnd {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    tidemill.call.progress(1, 2, "half");
    tidemill.call.progress(2, 0, "");
    tidemill.call.changed(.resources);
    tidemill.call.updated("asks://1");
    const slept = if (tidemill.call.sleep(60)) |_| !tidemill.call.cancelled() else |_| false;
    structured.add(json(arena.allocator(), .{
        .slept = slept,
        .published = publish("alert.tool", null),
        .streams = tidemill.streams(""),
        .nowhere = tidemill.streams("/nowhere") != null,
    }));
    text.add("done");
    client.part().image("\x01\x02", "image/png");
    client.part().link("asks://1", "One", "");
    client.part().embeddedText("asks://2", "text/plain", "two");
    return .done;
}

fn greet(client: *tidemill.Client, text: *tidemill.Buffer) tidemill.CallEnd {
    const answer = client.response("who") orelse {
        if (!client.accepts("elicitation/create")) return .tool_error;
        client.ask("who", "elicitation/create",
            \\{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}
        );
        client.askState("höflich");
        return .done;
    };
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    const Answer = struct { content: struct { name: []const u8 } };
    const who = std.json.parseFromSliceLeaky(Answer, arena.allocator(), answer, .{ .ignore_unknown_fields = true }) catch
        return .failed;
    text.add(client.state());
    text.add(" ");
    text.add(who.content.name);
    return .done;
}
