import type { TaskKey } from "../ports/task-log.ts";
import { isTerminal } from "../tasks/log/task-state.ts";
import type { Head } from "../tasks/log/head.ts";
import type { Outbox } from "../tasks/outbox.ts";
import { FIRST_CONFIG, LAST_CONFIG, parseConfigRow, toConfigRow, checkRoom, readConfigs } from "./config-row.ts";
import { newConfig } from "./new-config.ts";
import type { PushParts } from "./push-parts.ts";

/** In ms. Commits within this time after a delivery message share the next message. */
const QUIET = 250;
/** Most tasks whose config keys are cached. */
const MAX_KNOWN = 10_000;

interface Known {
  /** `head.pushConfigs` at the time of the read; it increases with every new config. */
  readonly configs: number;
  readonly keys: readonly string[];
}

/** Sends delivery messages to the queue after commits (docs/architecture.md#push-notifications). */
export function createOutbox(parts: PushParts): Outbox {
  const { clock, log, logger, queue, random } = parts;
  const known = new Map<string, Known>();
  /** By task: whether there was a commit since the last message. */
  const sent = new Map<string, { more: boolean; head: Head }>();

  return {
    committed(task, head) {
      if (head.pushConfigs === 0) {
        return;
      }
      const name = `${task.scope}.${task.taskId}`;
      const burst = sent.get(name);
      if (burst) {
        burst.more = true;
        burst.head = head;
        return;
      }
      sent.set(name, { more: false, head });
      void tell(name, task, head);
      clock.after(QUIET, () => settle(name, task));
    },
    async remind(task, head) {
      const now = clock.now();
      let lookAgain: number | undefined;
      for (const { key, body } of await log.readRange(task, FIRST_CONFIG, LAST_CONFIG)) {
        const config = parseConfigRow(body);
        if (config.state !== "active" || config.cursor >= head.generation) {
          continue;
        }
        // One that is being delivered, or waits for its next attempt, has a job or a message already.
        if (parts.deliveryRules.canDeliver(config, now)) {
          await send(task, key);
        }
        lookAgain = Math.min(lookAgain ?? Infinity, Math.max(config.nextAt, now) + parts.settings.lease);
      }
      return lookAgain;
    },
    async toRow(call, config, task, head) {
      const others = head && head.pushConfigs > 0 ? await readConfigs(log, task) : [];
      // A client that sends its webhook with every message, without an id, means its existing config.
      const before = others.find(({ id, url }) => (config.id === "" ? url === config.url : id === config.id));
      const place = before ?? { cursor: head?.generation ?? 0 };
      const own = await newConfig(parts, call, { ...config, id: before?.id ?? config.id }, task, place, random.id());
      checkRoom(others, own.id);
      return toConfigRow(own);
    },
  };

  async function send(task: TaskKey, config: string): Promise<void> {
    try {
      await queue.send({ kind: "push", ...task, config });
    } catch (error) {
      logger.warn("push.enqueue-failed", { taskId: task.taskId, error: String(error) });
    }
  }

  /** The delivery may have ended between two commits of a burst. */
  function settle(name: string, task: TaskKey): void {
    const burst = sent.get(name);
    if (!burst?.more) {
      sent.delete(name);
      return;
    }
    burst.more = false;
    void tell(name, task, burst.head);
    clock.after(QUIET, () => settle(name, task));
  }

  /** If a message is lost, the sweep sends another. */
  async function tell(name: string, task: TaskKey, head: Head): Promise<void> {
    try {
      for (const config of await keysOf(name, task, head)) {
        await queue.send({ kind: "push", ...task, config });
      }
    } catch (error) {
      logger.warn("push.enqueue-failed", { taskId: task.taskId, error: String(error) });
    }
    if (isTerminal(head.state)) {
      known.delete(name);
    }
  }

  async function keysOf(name: string, task: TaskKey, head: Head): Promise<readonly string[]> {
    const found = known.get(name);
    if (found && found.configs === head.pushConfigs) {
      return found.keys;
    }
    const rows = await log.readRange(task, FIRST_CONFIG, LAST_CONFIG);
    const keys = rows.map(({ key }) => key);
    if (known.size < MAX_KNOWN) {
      known.set(name, { configs: head.pushConfigs, keys });
    }
    return keys;
  }
}
