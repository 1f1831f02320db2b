import type { Task } from "@a2a-js/sdk";
import type { TaskKey } from "../ports/task-log.ts";
import type { WebhookOutcome } from "../ports/webhook-sender.ts";
import type { PushMessage } from "../ports/work-queue.ts";
import { fold } from "../tasks/log/fold.ts";
import { readEvents } from "../tasks/log/read-task.ts";
import type { LogEvent } from "../tasks/log/rows.ts";
import { parseConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import type { Credentials } from "./credentials.ts";
import { hold, keepWhile, letGo, lookAgain, write } from "./delivery-lease.ts";
import type { Held } from "./delivery-lease.ts";
import { toNotification } from "./notification.ts";
import type { PushParts } from "./push-parts.ts";

/** Events per read. */
const EVENTS_AT_ONCE = 50;

/**
 * Posts the events that a webhook lacks, in order, at least once. One job at a time has a config's lease. The config's row
 * is read before every POST, so that none begins after its deletion (I17; docs/architecture.md#push-notifications).
 * @throws StoreError: deliver the message again later.
 */
export async function deliver(parts: PushParts, message: PushMessage): Promise<void> {
  const key = { scope: message.scope, taskId: message.taskId };
  // A message that finds the lease taken is dropped. This is safe because a job reads events again after it has released
  // its lease: the event of the dropped message was committed before the message was sent, so that read finds it.
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
    const held = await write(parts, key, hold(parts, config, parts.random.id()), stored.etag);
    const done = held && (await deliverAll(parts, key, held, events, message));
    if (held && !(done && (await readNext(parts, key, done, done.cursor)).length > 0)) {
      return;
    }
  }
}

/** Resolves to the config when all known events are delivered and the lease is released; undefined if it had to stop. */
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
      const posting = post(parts, held.config, secrets, event, task);
      held = await keepWhile(parts, key, message.config, held, posting);
      const outcome = await posting;
      if (!held) {
        return letGo(parts, key, message.config, holder);
      }
      const next = afterPost(parts, key, held.config, event, outcome);
      if (next.failures > 0) {
        await fail(parts, key, held, next, message);
        return letGo(parts, key, message.config, holder);
      }
      // The write for the last known event also releases the lease.
      const isLast = event === last && events.length < EVENTS_AT_ONCE;
      const moved = isLast ? parts.deliveryRules.release(next) : hold(parts, next, holder);
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

/** In v0.3 a body is the Task after the event, so the first read is the whole log. */
function readNext(parts: PushParts, key: TaskKey, { cursor, version }: PushConfig, from: number): Promise<LogEvent[]> {
  return readEvents(parts, key, version === "0.3" ? from : cursor, cursor + EVENTS_AT_ONCE);
}

function foldIn(task: Task | undefined, { response, message }: LogEvent): Task | undefined {
  return task ? fold(task, response, message) : response.payload?.$case === "task" ? response.payload.value : undefined;
}

async function post(
  { sender }: PushParts,
  config: PushConfig,
  secrets: Credentials | undefined,
  { generation, response }: LogEvent,
  task: Task | undefined,
): Promise<WebhookOutcome> {
  return secrets
    ? sender.post(toNotification(config, secrets, generation, response, task))
    : {
        code: "failed",
        reason: "no current state key decrypts its credentials (STATE_KEY, or state-key in the vault)",
      };
}

function afterPost(
  { clock, deliveryRules, logger, random }: PushParts,
  key: TaskKey,
  config: PushConfig,
  { generation }: LogEvent,
  outcome: WebhookOutcome,
): PushConfig {
  const next = deliveryRules.afterPost(config, generation, outcome, clock.now(), random.fraction());
  if (next.failures > 0) {
    const fields = { taskId: key.taskId, config: config.id, ...next.log.at(-1), failures: next.failures };
    if (next.state === "disabled") {
      logger.warn("push.disabled", fields);
    } else {
      logger.warn("push.delivery-failed", fields);
    }
  }
  return next;
}

async function fail(parts: PushParts, key: TaskKey, held: Held, next: PushConfig, message: PushMessage): Promise<void> {
  const isStored = await write(parts, key, next, held.etag);
  if (isStored && next.state === "active") {
    await parts.queue.send(message, Math.max(next.nextAt - parts.clock.now(), 1));
  }
}
