import type { Etag, TaskKey } from "../ports/task-log.ts";
import { StoreError } from "../ports/store-error.ts";
import { delay } from "../ports/clock.ts";
import { parseConfigRow, toConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import type { PushParts } from "./push-parts.ts";
import { renewAfter, stopAfter } from "../tasks/log/lease.ts";

/** A config whose lease this job has, as of its last read or write. */
export interface Held {
  readonly config: PushConfig;
  readonly etag: Etag;
  /** Monotonic ms after which another job may have the lease: no POST may begin then. */
  readonly until: number;
}

/** In ms. A POST takes at most 10 s; the lease is not renewed for longer than this. */
const LONGEST_KEPT = 15_000;

/** The config with a lease of `holder` from now on. */
export function hold({ clock, deliveryRules, settings }: PushParts, config: PushConfig, holder = ""): PushConfig {
  return deliveryRules.lease(config, holder, clock.now() + settings.lease);
}

/** Undefined if the row was changed by another writer. @throws StoreError */
export async function write(parts: PushParts, key: TaskKey, config: PushConfig, etag: Etag): Promise<Held | undefined> {
  // Earlier than the end of the lease: the clocks of others may be ahead.
  const until = parts.clock.monotonic() + stopAfter(parts.settings.lease);
  try {
    return { config, etag: await parts.log.replaceRow(key, toConfigRow(config), etag), until };
  } catch (error) {
    if (error instanceof StoreError && error.fault.code === "conflict") {
      return undefined;
    }
    throw error;
  }
}

/** The current row; undefined if the config was deleted or another job has its lease. @throws StoreError */
export async function lookAgain(
  parts: PushParts,
  key: TaskKey,
  row: string,
  { config: { lease }, until }: Held,
): Promise<Held | undefined> {
  const stored = await parts.log.readVersioned(key, row);
  const config = stored && parseConfigRow(stored.body);
  const isMine = config?.state === "active" && config.lease?.holder === lease?.holder;
  return stored && isMine ? { config, etag: stored.etag, until } : undefined;
}

/**
 * Renews the lease until `work` has ended: a slow receiver may take longer than a lease, and would otherwise get the same
 * event from several jobs. Resolves to the config at that time; undefined if this job has lost the lease.
 */
export async function keepWhile(
  parts: PushParts,
  key: TaskKey,
  row: string,
  held: Held,
  work: Promise<unknown>,
): Promise<Held | undefined> {
  const began = parts.clock.monotonic();
  const ended = new AbortController();
  const end = (): void => ended.abort();
  work.then(end, end);
  let current: Held | undefined = held;
  for (;;) {
    await delay(parts.clock, renewAfter(parts.settings.lease), ended.signal);
    if (ended.signal.aborted || !current || parts.clock.monotonic() - began >= LONGEST_KEPT) {
      return current;
    }
    const seen: Held | undefined = await lookAgain(parts, key, row, current);
    current = seen && (await write(parts, key, hold(parts, seen.config, seen.config.lease?.holder), seen.etag));
  }
}

/** Releases the lease after another writer changed the row: the deletion of a config waits for it. */
export async function letGo(
  parts: PushParts,
  key: TaskKey,
  row: string,
  holder: string | undefined,
): Promise<undefined> {
  const stored = await parts.log.readVersioned(key, row);
  const config = stored && parseConfigRow(stored.body);
  if (stored && config?.lease && config.lease.holder === holder) {
    await write(parts, key, parts.deliveryRules.release(config), stored.etag);
  }
  return undefined;
}
