import type { Json } from "../json.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/**
 * What one client puts on the wire over one binding, and what it makes of the answers. A reader throws where the client
 * would: at a status that it does not take, a member that it does not know, a type that it does not parse.
 */
export interface Dialect {
  readonly name: string;
  send(message: Sent): WireRequest;
  stream(message: Sent): WireRequest;
  get(id: string, historyLength?: number): WireRequest;
  /** Absent where the client has none. */
  readonly list?: (contextId: string) => WireRequest;
  cancel(id: string): WireRequest;
  subscribe(id: string): WireRequest;
  createConfig(id: string, config: Config): WireRequest;
  getConfig(id: string, configId: string): WireRequest;
  readonly listConfigs?: (id: string) => WireRequest;
  readonly deleteConfig?: (id: string, configId: string) => WireRequest;
  readSent(answer: WireAnswer): Task;
  readTask(answer: WireAnswer): Task;
  readList?(answer: WireAnswer): readonly Task[];
  /** Each event as the task says it: a task itself, or the state of a status update. */
  readEvents(answer: WireAnswer): readonly Event[];
  readConfig(answer: WireAnswer): Config;
  readonly readConfigs?: (answer: WireAnswer) => readonly Config[];
  readonly readDeleted?: (answer: WireAnswer) => void;
  /** What the client knows the error by, as the reason of A2A 1.0. */
  readError(answer: WireAnswer): string;
}

export interface Sent {
  readonly id: string;
  readonly contextId?: string;
  readonly parts: readonly Content[];
  readonly push?: Config;
}

export type Content = { readonly text: string } | { readonly bytes: string } | { readonly data: Json };

export interface Config {
  readonly id: string;
  readonly url: string;
  readonly token?: string;
  /** Of its authentication; empty is an authentication without a scheme, which some clients send. */
  readonly scheme?: string;
}

export interface Task {
  readonly id: string;
  readonly contextId: string;
  /** Without prefix: COMPLETED. */
  readonly state: string;
  /** Of the parts of all artifacts. */
  readonly contents: readonly Content[];
  readonly history: number;
}

export interface Event {
  readonly kind: "task" | "message" | "statusUpdate" | "artifactUpdate";
  readonly state?: string;
}

/** Codes of JSON-RPC by the reasons that they are over HTTP+JSON. */
export const reasons: Readonly<Record<number, string>> = {
  [-32001]: "TASK_NOT_FOUND",
  [-32002]: "TASK_NOT_CANCELABLE",
  [-32004]: "UNSUPPORTED_OPERATION",
  [-32602]: "INVALID_PARAMS",
};

export function must(condition: boolean, what: string, { status, type, text }: WireAnswer): void {
  if (!condition) throw new Error(`${what}: ${status} ${type} ${text.slice(0, 800)}`);
}
