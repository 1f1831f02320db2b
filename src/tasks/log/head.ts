import { taskStateFromJSON, taskStateToJSON } from "@a2a-js/sdk";
import type { TaskState } from "@a2a-js/sdk";
import type { Caller } from "../../ports/agent.ts";
import type { Lease } from "./lease.ts";

/** The layout of a task's rows. A program never takes a task whose schema is above its own. */
export const SCHEMA = 1;

/** The row that every change of a task replaces under its etag (docs/storage.md). */
export interface Head {
  readonly schema: number;
  readonly agent: string;
  readonly major: number;
  readonly contextId: string;
  readonly state: TaskState;
  /** Time of the last status in ms since the epoch; grows with every status. */
  readonly statusTime: number;
  readonly created: number;
  /** Number of the last event; events are `1..generation` without a gap. */
  readonly generation: number;
  /** Generation of the folded task in row `s`; 0 without one. */
  readonly snapshot: number;
  /** Length of row `s` in characters, and of the events after it: when they outgrow it, `s` is written anew. */
  readonly snapshotBytes: number;
  readonly tailBytes: number;
  /** 1 for the message that created the task, one more for each follow-up. */
  readonly turn: number;
  /** Generation of the event that began the turn. */
  readonly turnStart: number;
  /** Steps of this turn whose results are stored. */
  readonly steps: number;
  /** Whether row `k-state` exists. */
  readonly checkpoint: boolean;
  /** Moves with every change of holder; events carry it, so that a stale holder is recognised. */
  readonly epoch: number;
  /** Who began the epoch: tells one's own lost acknowledgement from another's write. */
  readonly nonce: string;
  /** Writes of the epoch's holder so far. Nobody else moves it. */
  readonly seq: number;
  readonly lease: Lease | undefined;
  /** Somebody asked to cancel; from `deadline` on anybody may end the task. */
  readonly cancel: { readonly by: string; readonly deadline: number } | undefined;
  /** Crashes of this turn since its last progress. */
  readonly attempts: number;
  readonly pushConfigs: number;
  /** The task is being removed: it does not exist for anybody any more, only its rows do. */
  readonly purging: boolean;
  readonly caller: Caller;
}

export function encodeHead(head: Head): string {
  return JSON.stringify({ ...head, state: taskStateToJSON(head.state) });
}

/** @throws SyntaxError when the row is not a head. */
export function parseHead(body: string): Head {
  const json = JSON.parse(body) as Head & { state: unknown };
  return {
    ...json,
    state: taskStateFromJSON(json.state),
    lease: json.lease,
    cancel: json.cancel,
    purging: json.purging ?? false,
  };
}

export function hasLiveLease(head: Head, now: number): boolean {
  return head.lease !== undefined && head.lease.until > now;
}
