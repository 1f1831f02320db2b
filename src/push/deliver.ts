import type { Task } from "@a2a-js/sdk";
import type { Etag, TaskKey } from "../ports/task-log.ts";
import { StoreError } from "../ports/store-error.ts";
import type { PushMessage } from "../ports/work-queue.ts";
import { fold } from "../tasks/fold.ts";
import { readEvents } from "../tasks/read-task.ts";
import type { LogEvent } from "../tasks/rows.ts";
import { parseConfigRow, toConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import type { Credentials } from "./credentials.ts";
import { toNotification } from "./notification.ts";
import type { PushParts } from "./push-parts.ts";

/** A config whose lease this job has, as it last saw it. */
interface Held {
  readonly config: PushConfig;
  readonly etag: Etag;
  /** Monotonic ms after which another job may have it: then no POST may begin. */
  readonly until: number;
}

/** Events read at once. */
const EVENTS_AT_ONCE = 50;

/**
 * Posts what a webhook has not heard of yet, in order, at least once. One job at a time holds a config's lease; every
 * POST follows a look at the config's row, so that none begins after its deletion (I17).
 * @throws StoreError: deliver the message again later.
 */
export async function deliver(parts: PushParts, message: PushMessage): Promise<void> {
  const key = { scope: message.scope, taskId: message.taskId };
  // A message that finds the lease held is dropped. That is safe because a job looks for more events after it gave its
  // lease back: an event was committed before its message was sent, and that before this look.
  for (;;) {
    const stored = await parts.log.readVersioned(key, message.config);
    const config = stored && parseConfigRow(stored.body);
    if (!config || !parts.deliveryRules.canDeliver(config, parts.clock.now())) {
      return;
    }
    const events = await readNext(parts, key, config, 0);
    if (!events.some(({ generation }) => generation > config.cursor)) {
      return;
    }
    const held = await write(parts, key, withLease(parts, config, parts.random.id()), stored.etag);
    const done = held && (await deliverAll(parts, key, held, events, message));
    if (held && !(done && (await readNext(parts, key, done, done.cursor)).length > 0)) {
      return;
    }
  }
}

/** Resolves to the config once everything known is delivered and the lease given back; undefined when it could not go on. */
async function deliverAll(
  parts: PushParts,
  key: TaskKey,
  first: Held,
  known: readonly LogEvent[],
  message: PushMessage,
): Promise<PushConfig | undefined> {
  const holder = first.config.lease?.holder;
  let secrets = await parts.sealer.open(first.config.sealed);
  let held: Held | undefined = first;
  let { sealed } = first.config;
  let task: Task | undefined;
  let isFresh = true;
  for (let events = known; events.length > 0; events = await readNext(parts, key, held.config, held.config.cursor)) {
    const last = events.at(-1);
    for (const event of events) {
      task = foldIn(task, event);
      if (event.generation <= held.config.cursor) {
        continue;
      }
      held = isFresh ? held : await lookAgain(parts, key, message.config, held);
      isFresh = false;
      if (!held || parts.clock.monotonic() >= held.until) {
        return letGo(parts, key, message.config, holder);
      }
      if (held.config.sealed !== sealed) {
        ({ sealed } = held.config);
        secrets = await parts.sealer.open(sealed);
      }
      const next: PushConfig = await post(parts, key, held.config, secrets, event, task);
      if (next.failures > 0) {
        await fail(parts, key, held, next, message);
        return letGo(parts, key, message.config, holder);
      }
      // The last event that is known gives the lease back with the same write.
      const isLast = event === last && events.length < EVENTS_AT_ONCE;
      const moved = isLast ? parts.deliveryRules.release(next) : withLease(parts, next, holder);
      held = await write(parts, key, moved, held.etag);
      if (!held) {
        return letGo(parts, key, message.config, holder);
      }
      if (isLast) {
        return held.config;
      }
    }
  }
  return (await write(parts, key, parts.deliveryRules.release(held.config), held.etag))?.config;
}

/** In v0.3 the first read is of the whole log: a body there is the task after the event. */
function readNext(parts: PushParts, key: TaskKey, { cursor, version }: PushConfig, from: number): Promise<LogEvent[]> {
  return readEvents(parts, key, version === "0.3" ? from : cursor, cursor + EVENTS_AT_ONCE);
}

function foldIn(task: Task | undefined, { response, message }: LogEvent): Task | undefined {
  return task ? fold(task, response, message) : response.payload?.$case === "task" ? response.payload.value : undefined;
}

/** The config after one attempt, which begins before anything else happens. */
async function post(
  parts: PushParts,
  key: TaskKey,
  config: PushConfig,
  secrets: Credentials | undefined,
  { generation, response }: LogEvent,
  task: Task | undefined,
): Promise<PushConfig> {
  const { clock, deliveryRules, random, sender } = parts;
  const outcome = secrets
    ? await sender.post(toNotification(config, secrets, generation, response, task))
    : ({ code: "refused", reason: "its credentials were stored under another STATE_KEY" } as const);
  const next = deliveryRules.afterPost(config, generation, outcome, clock.now(), random.fraction());
  if (next.failures > 0) {
    const event = next.state === "disabled" ? "push.disabled" : "push.failed";
    parts.logger.warn(event, { taskId: key.taskId, config: config.id, ...next.log.at(-1), failures: next.failures });
  }
  return next;
}

async function fail(parts: PushParts, key: TaskKey, held: Held, next: PushConfig, message: PushMessage): Promise<void> {
  const isStored = await write(parts, key, next, held.etag);
  if (isStored && next.state === "active") {
    await parts.queue.send(message, Math.max(next.nextAt - parts.clock.now(), 1));
  }
}

/** The row as it is now; undefined when the config was deleted, or another job has it. */
async function lookAgain(parts: PushParts, key: TaskKey, row: string, held: Held): Promise<Held | undefined> {
  const stored = await parts.log.readVersioned(key, row);
  const config = stored && parseConfigRow(stored.body);
  const isMine = config?.state === "active" && config.lease?.holder === held.config.lease?.holder;
  return stored && isMine ? { config, etag: stored.etag, until: held.until } : undefined;
}

/** Gives back a lease that somebody changed the row under: who deletes a config waits for that. */
async function letGo(parts: PushParts, key: TaskKey, row: string, holder: string | undefined): Promise<undefined> {
  const stored = await parts.log.readVersioned(key, row);
  const config = stored && parseConfigRow(stored.body);
  if (stored && config?.lease && config.lease.holder === holder) {
    await write(parts, key, parts.deliveryRules.release(config), stored.etag);
  }
  return undefined;
}

function withLease({ clock, deliveryRules, settings }: PushParts, config: PushConfig, holder = ""): PushConfig {
  return deliveryRules.take(config, holder, clock.now() + deliveryRules.leaseTime(settings.lease));
}

/** Undefined when somebody changed the row first. */
async function write(parts: PushParts, key: TaskKey, config: PushConfig, etag: Etag): Promise<Held | undefined> {
  // Others wait until the lease's end by their clocks, which may be ahead.
  const until = parts.clock.monotonic() + (parts.deliveryRules.leaseTime(parts.settings.lease) * 5) / 6;
  try {
    return { config, etag: await parts.log.replaceRow(key, toConfigRow(config), etag), until };
  } catch (error) {
    if (error instanceof StoreError && error.fault.code === "conflict") {
      return undefined;
    }
    throw error;
  }
}
