//! The kinds that are asked by somebody outside. Part of tidemill.zig; what each function promises is said in clients.h.
const texts = @import("text.zig");
const Text = texts.Text;
const Buffer = texts.Buffer;
const Pairs = texts.Pairs;

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

/// Whoever called a tool or asked for a prompt: what their side can be asked, and what it answered.
pub const Client = opaque {
    /// Whether it can be asked for this, such as `elicitation/create`.
    pub fn accepts(self: *const Client, method: [*:0]const u8) bool {
        return tidemill_accepts(self, method);
    }
    /// Asks it instead of answering; `params` is a JSON object.
    pub fn ask(self: *Client, name: []const u8, method: []const u8, params: []const u8) void {
        tidemill_ask(self, .of(name), .of(method), .of(params));
    }
    /// What is wanted back with the answers.
    pub fn askState(self: *Client, wanted: []const u8) void {
        tidemill_ask_state(self, .of(wanted));
    }
    /// The answer to what was asked under this name, JSON.
    pub fn response(self: *const Client, name: [*:0]const u8) ?[]const u8 {
        var json: Text = .{};
        return if (tidemill_response(self, name, &json)) json.slice() else null;
    }
    /// What was wanted back the last time; empty the first time.
    pub fn state(self: *const Client) []const u8 {
        return tidemill_state_of(self).slice();
    }
    /// One more part of a tool's answer, after its text. Good until the next one is begun.
    pub fn part(self: *Client) *Part {
        return tidemill_part_begin(self);
    }
};

/// One part of an answer.
pub const Part = opaque {
    pub fn text(self: *Part, plain: []const u8) void {
        tidemill_part_text(self, .of(plain));
    }
    pub fn image(self: *Part, data: []const u8, media_type: []const u8) void {
        tidemill_part_image(self, .of(data), .of(media_type));
    }
    pub fn audio(self: *Part, data: []const u8, media_type: []const u8) void {
        tidemill_part_audio(self, .of(data), .of(media_type));
    }
    pub fn embeddedText(self: *Part, uri: []const u8, media_type: []const u8, plain: []const u8) void {
        tidemill_part_embedded_text(self, .of(uri), .of(media_type), .of(plain));
    }
    pub fn embeddedBlob(self: *Part, uri: []const u8, media_type: []const u8, data: []const u8) void {
        tidemill_part_embedded_blob(self, .of(uri), .of(media_type), .of(data));
    }
    pub fn link(self: *Part, uri: []const u8, name: []const u8, media_type: []const u8) void {
        tidemill_part_link(self, .of(uri), .of(name), .of(media_type));
    }
};

pub const CallEnd = enum(c_int) {
    done,
    tool_error,
    unknown_tool,
    invalid_arguments,
    failed,

    pub const unknown_prompt: CallEnd = .unknown_tool;
    pub const not_found: CallEnd = .unknown_tool;
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

pub const Invocation = extern struct { name: Text, arguments: Text, caller: Text, client: *Client };

pub const Argument = extern struct {
    name: [*:0]const u8,
    description: ?[*:0]const u8 = null,
    required: bool = false,
};

pub const Prompt = extern struct {
    name: [*:0]const u8,
    title: ?[*:0]const u8 = null,
    description: ?[*:0]const u8 = null,
    arguments: ?[*]const Argument = null,
    argument_count: usize = 0,
    permission: ?[*:0]const u8 = null,
};

pub const Request = extern struct { name: Text, arguments: Pairs, caller: Text, client: *Client };
pub const Role = enum(c_int) { user, assistant };

/// A prompt, filled in: messages of a conversation.
pub const Filled = opaque {
    /// One more message, which is a text.
    pub fn say(self: *Filled, who: Role, plain: []const u8) void {
        tidemill_say(self, who, .of(plain));
    }
    /// One more message, which is something else. Good until the next one is begun.
    pub fn message(self: *Filled, who: Role) *Part {
        return tidemill_message(self, who);
    }
    /// What it is for.
    pub fn description(self: *Filled, plain: []const u8) void {
        tidemill_filled_description(self, .of(plain));
    }
};

/// A resource; of a template `uri` is a URI template.
pub const Resource = extern struct {
    uri: [*:0]const u8,
    name: [*:0]const u8,
    title: ?[*:0]const u8 = null,
    description: ?[*:0]const u8 = null,
    media_type: ?[*:0]const u8 = null,
    permission: ?[*:0]const u8 = null,
};

/// What is at an address.
pub const Contents = opaque {
    pub fn text(self: *Contents, uri: []const u8, media_type: []const u8, plain: []const u8) void {
        tidemill_content_text(self, .of(uri), .of(media_type), .of(plain));
    }
    pub fn blob(self: *Contents, uri: []const u8, media_type: []const u8, data: []const u8) void {
        tidemill_content_blob(self, .of(uri), .of(media_type), .of(data));
    }
};

/// What a person begins to write: an argument of a prompt, or a variable of a URI template; the other one is empty.
pub const Question = extern struct { prompt: Text, uri_template: Text, argument: Text, value: Text, others: Pairs };

pub const Suggestions = opaque {
    pub fn add(self: *Suggestions, value: []const u8) void {
        tidemill_suggest(self, .of(value));
    }
    /// There are more than these: so many in all, 0 if nobody knows.
    pub fn more(self: *Suggestions, total: u32) void {
        tidemill_suggest_more(self, total);
    }
};

extern fn tidemill_draft_begin(drafts: *Drafts, kind: Text, data: Text) *Draft;
extern fn tidemill_draft_id(draft: *Draft, text: Text) void;
extern fn tidemill_draft_source(draft: *Draft, text: Text) void;
extern fn tidemill_draft_subject(draft: *Draft, text: Text) void;
extern fn tidemill_draft_content_type(draft: *Draft, text: Text) void;
extern fn tidemill_draft_time_ms(draft: *Draft, time: u64) void;
extern fn tidemill_draft_extension(draft: *Draft, name: Text, value: Text) void;
extern fn tidemill_accepts(client: *const Client, method: [*:0]const u8) bool;
extern fn tidemill_ask(client: *Client, name: Text, method: Text, params: Text) void;
extern fn tidemill_ask_state(client: *Client, state: Text) void;
extern fn tidemill_response(client: *const Client, name: [*:0]const u8, json: *Text) bool;
extern fn tidemill_state_of(client: *const Client) Text;
extern fn tidemill_part_begin(client: *Client) *Part;
extern fn tidemill_part_text(part: *Part, text: Text) void;
extern fn tidemill_part_image(part: *Part, data: Text, media_type: Text) void;
extern fn tidemill_part_audio(part: *Part, data: Text, media_type: Text) void;
extern fn tidemill_part_embedded_text(part: *Part, uri: Text, media_type: Text, text: Text) void;
extern fn tidemill_part_embedded_blob(part: *Part, uri: Text, media_type: Text, data: Text) void;
extern fn tidemill_part_link(part: *Part, uri: Text, name: Text, media_type: Text) void;
extern fn tidemill_say(filled: *Filled, who: Role, text: Text) void;
extern fn tidemill_message(filled: *Filled, who: Role) *Part;
extern fn tidemill_filled_description(filled: *Filled, text: Text) void;
extern fn tidemill_content_text(contents: *Contents, uri: Text, media_type: Text, text: Text) void;
extern fn tidemill_content_blob(contents: *Contents, uri: Text, media_type: Text, data: Text) void;
extern fn tidemill_suggest(suggestions: *Suggestions, value: Text) void;
extern fn tidemill_suggest_more(suggestions: *Suggestions, total: u32) void;
