import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { LogRow, TaskKey, TaskLog } from "../ports/task-log.ts";
import { invalid } from "../tasks/task-fault.ts";

/** A push notification config as its row has it (docs/storage.md). Times in ms since the epoch. */
export interface PushConfig {
  readonly id: string;
  /** Of the call that created it: tells whether its own write, whose answer was lost, took effect. */
  readonly nonce: string;
  readonly url: string;
  /** Scheme of the Authorization header; `""` without one. */
  readonly scheme: string;
  /** Token and credentials, encrypted. */
  readonly sealed: string;
  /** Of the protocol that the config came by: its webhook gets that version's bodies. */
  readonly version: "1.0" | "0.3";
  /** The last event that was delivered. */
  readonly cursor: number;
  /** `deleted`: its row goes as soon as nobody delivers. */
  readonly state: "active" | "disabled" | "deleted";
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** Not before this; 0 when nothing failed. */
  readonly nextAt: number;
  /** Who delivers now: two at once would reorder events. */
  readonly lease?: { readonly holder: string; readonly until: number } | undefined;
  /** The last attempts that failed, newest last. */
  readonly log: readonly PushAttempt[];
}

interface PushAttempt {
  readonly time: number;
  readonly generation: number;
  /** A status, or why there is none. */
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

/** Configs of one task. */
const MAX_CONFIGS = 10;

/** Those of a task that are not about to go. @throws StoreError */
export async function readConfigs(log: TaskLog, key: TaskKey): Promise<PushConfig[]> {
  const rows = await log.readRange(key, FIRST_CONFIG, LAST_CONFIG);
  return rows.map(({ body }) => parseConfigRow(body)).filter(({ state }) => state !== "deleted");
}

/** @throws TaskError `invalid` where a task has as many as it may beside the one called `id` */
export function checkRoom(configs: readonly PushConfig[], id: string): void {
  if (configs.filter((config) => config.id !== id).length >= MAX_CONFIGS) {
    throw invalid("taskId", `has ${MAX_CONFIGS} push notification configs already; delete one first`);
  }
}
