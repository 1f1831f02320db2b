import { taskStateFromJSON, taskStateToJSON } from "@a2a-js/sdk";
import type { TaskState } from "@a2a-js/sdk";
import type { Caller } from "../../ports/agent.ts";
import type { Lease } from "./lease.ts";

/** The version of the layout of a task's rows. An instance never takes a task with a higher one. */
export const SCHEMA = 1;

/** The row that every change of a task replaces under its etag (docs/storage.md). */
export interface Head {
  readonly schema: number;
  readonly agent: string;
  readonly major: number;
  readonly contextId: string;
  readonly state: TaskState;
  /** Time of the last status in ms since 1970; grows with every status. */
  readonly statusTime: number;
  readonly created: number;
  /** Number of the last event; events are `1..generation` without a gap. */
  readonly generation: number;
  /** Generation of the folded task in row `s`; 0 without one. */
  readonly snapshot: number;
  /** Length of row `s`, and of the events after it, in characters. When the second is larger, `s` is written again. */
  readonly snapshotBytes: number;
  readonly tailBytes: number;
  /** 1 for the message that created the task, plus 1 for each follow-up. */
  readonly turn: number;
  /** Generation of the event that began the turn. */
  readonly turnStart: number;
  /** Steps of this turn whose results are stored. */
  readonly steps: number;
  /** Whether row `k-state` exists. */
  readonly checkpoint: boolean;
  /** Grows by 1 with every change of holder. Events carry it. */
  readonly epoch: number;
  /**
   * Random id of the writer that began the epoch. A writer whose commit had no answer recognizes its own write by it.
   */
  readonly nonce: string;
  /** Number of writes of the epoch's holder. No other writer changes it. */
  readonly seq: number;
  readonly lease: Lease | undefined;
  /** When the last holder gave the turn back unfinished (ms since 1970); absent while it is held. */
  readonly released?: number | undefined;
  /** A cancel request. From `deadline` on (ms since 1970) any instance may end the task. */
  readonly cancel: { readonly by: string; readonly deadline: number } | undefined;
  /** Crashes of this turn since its last progress. */
  readonly attempts: number;
  readonly pushConfigs: number;
  /** The task is being deleted. No caller can see it; only its rows still exist. */
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
