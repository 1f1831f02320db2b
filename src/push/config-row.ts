import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { LogRow, TaskKey, TaskLog } from "../ports/task-log.ts";
import { invalid } from "../tasks/task-fault.ts";

/** A push notification config as stored (docs/storage.md). Times in ms since the epoch. */
export interface PushConfig {
  readonly id: string;
  /** Id of the call that created it: identifies its own write when the answer was lost. */
  readonly nonce: string;
  readonly url: string;
  /** Scheme of the Authorization header; `""` without one. */
  readonly scheme: string;
  /** Token and credentials, encrypted. */
  readonly sealed: string;
  /** Protocol version of the call that created it; the webhook gets bodies of this version. */
  readonly version: "1.0" | "0.3";
  /** Generation of the last delivered event. */
  readonly cursor: number;
  /** `deleted`: the row is deleted when no delivery is running. */
  readonly state: "active" | "disabled" | "deleted";
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Time of the next attempt; 0 without failures. */
  readonly nextAt: number;
  /** The running delivery: two at once could reorder events. */
  readonly lease?: { readonly holder: string; readonly until: number } | undefined;
  /** The last failed attempts, newest last. */
  readonly log: readonly PushAttempt[];
}

interface PushAttempt {
  readonly time: number;
  readonly generation: number;
  /** The HTTP status, or the reason why there is none. */
  readonly outcome: string;
}

export const FIRST_CONFIG = "c-";
export const LAST_CONFIG = "c-~";

export function toConfigKey(id: string): string {
  return `c-${bytesToHex(sha256(utf8ToBytes(id))).slice(0, 32)}`;
}

export function toConfigRow(config: PushConfig): LogRow {
  return { key: toConfigKey(config.id), body: JSON.stringify(config) };
}

export function parseConfigRow(body: string): PushConfig {
  return JSON.parse(body) as PushConfig;
}

/** Most configs of one task. */
const MAX_CONFIGS = 10;

/** The configs of a task, without those being deleted. @throws StoreError */
export async function readConfigs(log: TaskLog, key: TaskKey): Promise<PushConfig[]> {
  const rows = await log.readRange(key, FIRST_CONFIG, LAST_CONFIG);
  return rows.map(({ body }) => parseConfigRow(body)).filter(({ state }) => state !== "deleted");
}

/** @throws TaskError `invalid` if a task has the most configs already, not counting the one with this `id` */
export function checkRoom(configs: readonly PushConfig[], id: string): void {
  if (configs.filter((config) => config.id !== id).length >= MAX_CONFIGS) {
    throw invalid("taskId", `has ${MAX_CONFIGS} push notification configs already; delete one first`);
  }
}
