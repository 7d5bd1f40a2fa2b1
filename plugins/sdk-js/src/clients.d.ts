// What plugins with tools, prompts and resources have to do with.

/** A tool that clients call. */
export interface Tool {
  /** 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `-`, `.`, `/`. */
  name: string;
  title?: string;
  /** What it does, for people and models. */
  description: string;
  /** JSON Schema of its arguments, which the host checks. Left out: none. */
  inputSchema?: object | string;
  outputSchema?: object | string;
  /** Only those with this permission see and call it. */
  permission?: string;
  hints?: { readOnly?: boolean; destructive?: boolean; idempotent?: boolean; openWorld?: boolean };
}

/** What somebody on the client's side wants. */
interface Asked {
  name: string;
  /** Who asks, by the name that their token gives them. */
  caller: string | undefined;
  /** What the answer wanted back when it asked the client's side. */
  state: string | undefined;
  /** Whether the client's side can be asked for this, such as `elicitation/create`. */
  accepts(method: string): boolean;
  /** The answer to what was asked for under this name. */
  response(name: string): any;
}

/** One call of a tool. */
export interface Call extends Asked {
  arguments: any;
}

type Media = { data: Uint8Array; mediaType: string };
type Embedded = { uri: string; mediaType?: string; body: { tag: 'text'; val: string } | { tag: 'blob'; val: Uint8Array } };
/** One part of an answer; a plain text is one too. */
export type Part =
  | string
  | { tag: 'text'; val: string }
  | { tag: 'image' | 'audio'; val: Media }
  | { tag: 'embedded'; val: Embedded }
  | { tag: 'link'; val: { uri: string; name: string; mediaType?: string } };

/** A picture, such as `image/png`. */
export function image(data: Uint8Array, mediaType: string): Part;
/** Sound, such as `audio/wav`. */
export function audio(data: Uint8Array, mediaType: string): Part;
/** A resource that can be read, by its address alone. */
export function link(uri: string, name: string, mediaType?: string): Part;
/** A resource with its content. */
export function embedded(content: { uri: string } & Exclude<ResourceContent, string | Uint8Array>): Part;

/** The client's side is asked first; the call is made again with the answers, and with `state`. */
export interface Ask {
  ask: { name: string; method: string; params?: object }[];
  state?: string;
}

/** What came of a call: a text, a text and JSON, why it could not be done, or what the client's side is asked first. */
export type Answer = string | { text?: string; content?: Part[]; structured?: unknown } | { error: string; content?: Part[]; structured?: unknown } | Ask;

/** Thrown by `call`: there is no such tool. */
export class UnknownTool extends Error {}

/** A text for models that clients offer to people, filled in with what those say. */
export interface Prompt {
  /** As names of tools. */
  name: string;
  title?: string;
  description?: string;
  /** What it is filled in with; `required` left out: it has to be given, which the host checks. */
  arguments?: { name: string; description?: string; required?: boolean }[];
  /** Only those with this permission see it. */
  permission?: string;
}

/** One request for a prompt. Nothing of its arguments was checked but that required ones are there. */
export interface PromptRequest extends Asked {
  arguments: { [name: string]: string };
}

/** One message of a conversation; a plain text is said by the user. */
export type Message = string | { role?: 'user' | 'assistant'; content: Part };

/** A prompt, filled in: a message, several, or what the client's side is asked first. */
export type PromptAnswer = string | Message[] | { messages: Message[]; description?: string } | Ask;

/** Thrown by `get`: there is no such prompt. */
export class UnknownPrompt extends Error {}

interface About {
  /** For people. */
  name: string;
  title?: string;
  description?: string;
  mediaType?: string;
  /** Only those with this permission see and read it. */
  permission?: string;
}

/** A resource that is listed. */
export interface Resource extends About {
  uri: string;
}

/** Resources that are too many to list. */
export interface ResourceTemplate extends About {
  /** RFC 6570, level 1: `orders://{id}`. */
  uriTemplate: string;
}

/** What stands at an address: a text, bytes, or one of both or JSON with a media type, and the address where it is another. */
export type ResourceContent =
  | string
  | Uint8Array
  | { text: string; mediaType?: string; uri?: string }
  | { json: unknown; mediaType?: string; uri?: string }
  | { data: Uint8Array; mediaType?: string; uri?: string };

/** Thrown by `read`: there is no resource at this address. */
export class NotFound extends Error {}

/** What somebody began to write: an argument of a prompt, or a variable of a template. */
export interface Question {
  /** The name of the prompt, or the URI template. */
  prompt?: string;
  template?: string;
  argument: string;
  /** What of it is there. */
  value: string;
  /** Those that are there already. */
  others: { [name: string]: string };
}

/** What may be meant, best first; the first 100 are told. */
export type Suggestions = string[] | { values: string[]; total?: number; more?: boolean };
