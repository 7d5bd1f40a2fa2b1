import type { Answer, Call, Prompt, PromptAnswer, PromptRequest, Question, Resource, ResourceContent, ResourceTemplate, Suggestions, Tool } from './clients.js';

export type * from './clients.js';
export { audio, embedded, image, link, NotFound, UnknownPrompt, UnknownTool } from './clients.js';

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Who a plugin is and what it wants to see: `export const manifest: Manifest = …`. */
export interface Manifest {
  /** What the plugin does, in one line. */
  summary: string;
  /** Event type patterns that `decide` and `apply` are called for: `order.created`, `order.*`, or `*`. Left out: none. */
  subscribes?: string[];
  /** Whether `decide` and `apply` look at the data. `false` is cheaper; data is then empty. Left out: true. */
  needsData?: boolean;
  /** JSON Schema (2020-12) of the configuration; the host checks it before `configure`. */
  configSchema?: object | string;
  /** Short name for people. Left out: that of tidemill-plugin.toml. */
  name?: string;
  /** The author's version. Left out: that of package.json. */
  version?: string;
}

/** One event, as the host handed it over. Attributes are read when they are asked for. */
export interface Event {
  /** Identifies the event within its source. */
  readonly id: string;
  /** Where the event comes from, as a URI reference. */
  readonly source: string;
  /** The event's type, such as `order.created`. */
  readonly type: string;
  /** What the event is about within its source. */
  readonly subject: string | undefined;
  /** The media type of the data. Absent means JSON. */
  readonly contentType: string | undefined;
  /** When it happened, in milliseconds since 1970-01-01T00:00:00 UTC. */
  readonly timeMs: number;
  /** All CloudEvents extension attributes. */
  readonly extensions: { [name: string]: string | number | boolean };
  /** One extension attribute as text. */
  extension(name: string): string | undefined;
  /** The data as bytes; empty without data, or if the manifest says that the plugin does not need them. */
  readonly data: Uint8Array;
  /** Whether the data is JSON by its content type. */
  readonly isJson: boolean;
  /** The data as text. What is not UTF-8 is a `Problem`, which rejects the event. */
  text(): string;
  /** The data as JSON. What is not JSON is a `Problem`, which rejects the event. */
  json<T = any>(): T;
}

/** What a filter says: `true` is `'keep'`, `false` is `'drop'`. */
export type Verdict = 'keep' | 'drop' | 'reject' | boolean;

/** What changes in an event; what is left out keeps the value that it had. */
export interface Output {
  /** 1 to 128 bytes; `tidemill.` is reserved. */
  type?: string;
  /** At most 1,024 bytes; `null` removes it. */
  subject?: string | null;
  /** The media type of the data; `null` removes it, which means JSON. */
  contentType?: string | null;
  /** Extension attributes to set; `null` removes one. Others stay. */
  extensions?: { [name: string]: string | number | boolean | null } | [string, string][];
  /** The data as a value, which is written as JSON; in place of `data`. */
  json?: unknown;
  /** The data as bytes or text, at most 1 MiB. */
  data?: Uint8Array | string;
}

declare const answer: unique symbol;

/** What a transform says; made by `emit`, `reject` and `retry`. */
export type Outcome = 'keep' | 'drop' | { readonly tag: 'emit' | 'reject' | 'retry'; readonly [answer]: 'outcome' };
/** What an owner of event types says; made by `normalised` and `invalid`. */
export type Validity = 'valid' | { readonly tag: 'normalised' | 'invalid'; readonly [answer]: 'validity' };

export const keep: 'keep';
export const drop: 'drop';
export const valid: 'valid';

/** These go on in place of the event: one for a change, more for a split, at most 64. */
export function emit(...outputs: (Output | Output[])[]): Outcome;
/** The event ends here as a mistake of its publisher, who is told the problems. */
export function reject(...problems: (Problem | string)[]): Outcome;
/** The event cannot be handled at the moment; its publisher is told to send it again. */
export function retry(why: string): Outcome;
/** Accepted with these changes; the type cannot be changed. */
export function normalised(change: Omit<Output, 'type'>): Validity;
/** Not an event of this type. */
export function invalid(...problems: (Problem | string)[] | [Problem[]]): Validity;

/** What is wrong with an event: where (a JSON Pointer into the data, or an attribute), and what was expected. */
export class Problem extends Error {
  constructor(at: string, detail: string);
  readonly at: string;
  readonly detail: string;
}

/** Thrown: the plugin as a whole cannot go on with this batch. */
export class Fault extends Error {
  protected constructor();
  /** Something outside of the event is missing for the moment; the host asks again, within bounds. */
  static retry(why: string): Fault;
  /** The plugin cannot work. */
  static broken(why: string): Fault;
}

/** One event type that the plugin owns. */
export interface EventType {
  /** The exact type, such as `order.created`. */
  name: string;
  /** The author's version of it. Left out: `1.0.0`. */
  version?: string;
  /** What such an event says, in one line. */
  summary: string;
  /** JSON Schema (2020-12) of the data. */
  schema: object | string;
  /** Examples of the data. */
  examples?: unknown[];
}

/** A text for use between tags and inside quoted attribute values, for `render` with the target `html`. */
export function escapeHtml(text: string): string;

/** Somebody who wants to see events through a view. */
export interface Subscriber {
  /** Who a token says they are; empty for somebody without one. */
  principal: string;
  claims: [string, string][];
  parameters: [string, string][];
  /** The value of a claim; of several, the first. */
  claim(name: string): string | undefined;
  /** The value of the parameter `view.<name>`; of several, the first. */
  parameter(name: string): string | undefined;
}

/** One delivery of another system, as it came. */
export interface Delivery {
  /** Header fields, names in lower case. */
  headers: [string, string][];
  /** What followed the question mark, not decoded. */
  query: string;
  body: Uint8Array;
  /** The value of a header field, by its name in lower case; of several, the first. */
  header(name: string): string | undefined;
  /** The body as text, or as JSON; what it is not refuses the delivery with 400. */
  text(): string;
  json<T = any>(): T;
}

/** An event that is to be published; what is left out is up to the host. */
export interface Draft {
  type: string;
  /** One that comes twice is stored once. */
  id?: string;
  source?: string;
  subject?: string;
  timeMs?: number;
  contentType?: string;
  extensions?: { [name: string]: string | number | boolean };
  json?: unknown;
  data?: Uint8Array | string;
}

/** Thrown: the delivery, or the subscriber, is not taken. */
export class Refusal extends Error {
  /** A status of 400 to 499, or 503, and what is wrong. */
  constructor(status: number, detail: string);
}

/** What a plugin's module may export; which of it, its kinds say. `configure` is called once, before everything else. */
export interface Plugin {
  manifest: Manifest;
  configure?(config: any): void;
  decide?(event: Event): Verdict;
  apply?(event: Event): Outcome;
  types?: EventType[] | (() => EventType[]);
  validate?(event: Event): Validity;
  render?(event: Event, target: 'text' | 'html'): string;
  classify?(who: Subscriber): string;
  visible?(className: string, event: Event): boolean;
  receive?(delivery: Delivery): Draft | Draft[] | undefined;
  tools?: Tool[] | (() => Tool[]);
  call?(invoked: Call): Answer;
  prompts?: Prompt[] | (() => Prompt[]);
  get?(asked: PromptRequest): PromptAnswer;
  resources?: Resource[] | (() => Resource[]);
  templates?: ResourceTemplate[] | (() => ResourceTemplate[]);
  /** `caller` is who reads, by the name that their token gives them. */
  read?(uri: string, caller: string | undefined): ResourceContent | ResourceContent[];
  /** Beside prompts and resources; left out: nothing is suggested. */
  complete?(asked: Question): Suggestions;
  /** The hosts that the plugin cannot do without (`uses = ["http"]`): one that is not granted refuses the load. */
  httpHosts?: string[] | (() => string[]);
}
