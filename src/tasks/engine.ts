import type { TaskKey, TaskPage } from "../ports/task-log.ts";
import type { TurnMessage } from "../ports/work-queue.ts";
import { cancelTask } from "./calls/cancel.ts";
import { findHead, findTask, keyOf, toAnswer } from "./calls/find-task.ts";
import { listTasks } from "./calls/list.ts";
import { createSendMessage } from "./calls/send-message.ts";
import type { EngineParts } from "./engine-parts.ts";
import { isTerminal } from "./log/task-state.ts";
import { readStoredHead } from "./log/transact.ts";
import { retry } from "./retry.ts";
import type { Call, TaskAnswer, TaskEngine, TaskEvents } from "./task-engine.ts";
import { invalid, TaskError } from "./task-fault.ts";
import type { RoundControl } from "./rounds.ts";
import { createHeldTurns } from "./turn/held-turns.ts";
import { createOfferTurn } from "./turn/offer-turn.ts";
import { watchStoreReach } from "./turn/store-reach.ts";
import { workOn } from "./turn/take-up.ts";
import { purgeTask } from "./upkeep/purge.ts";
import { createRetention } from "./upkeep/retention.ts";
import { createSweep } from "./upkeep/sweep.ts";
import { createAbandonedWatch } from "./watch/abandoned-watch.ts";
import { createSharedSnapshots } from "./watch/shared-snapshots.ts";
import { createTails } from "./watch/tails.ts";
import { createTaskEvents } from "./watch/task-events.ts";

/** The engine with the methods that a host calls: for queue messages, timers and shutdown. */
export interface DurableEngine extends TaskEngine {
  /**
   * Handles a message from the work queue. Resolves when its turn has ended here, or when there was nothing to do.
   * @throws TaskError `busy`, `unavailable`: deliver the message again later
   */
  work(message: TurnMessage): Promise<void>;
  /** Handles open rows that are due. Resolves to their number. */
  sweep(control?: RoundControl): Promise<number>;
  /** Deletes some expired tasks. Resolves to their number. */
  retain(control?: RoundControl): Promise<number>;
  /** Deletes tasks of any age; running ones are canceled first. Resolves to the number of tasks deleted. */
  purge(which: Purged): Promise<PurgeResult>;
  /** Number of turns that run on this instance. */
  readonly turns: number;
  /** Takes no new turns. Resolves when the running ones have ended, or after `grace` ms. */
  settle(grace: number): Promise<void>;
  /** Hands over running turns to other instances and ends every stream. */
  close(): Promise<void>;
}

/** Selects tasks by scope, by id, or both. Without a scope the tasks of all scopes are searched. */
interface Purged {
  readonly scope?: string;
  readonly taskId?: string;
}

/** What an operator's purge did. A task that is kept may be purged by another attempt. */
interface PurgeResult {
  readonly removed: number;
  readonly kept: readonly { readonly taskId: string; readonly reason: string }[];
}

export function createEngine(given: EngineParts): DurableEngine {
  const { log, reach } = watchStoreReach(given.log, given.clock, given.settings.lease);
  const parts = { ...given, log };
  const tails = createTails(parts);
  const turns = createHeldTurns(parts, tails);
  const snapshots = createSharedSnapshots(parts);
  const retention = createRetention(parts);

  const offer = createOfferTurn(parts, (message) => workOn(parts, turns, tails, reach, message, "offer"));
  const offerDue = createOfferTurn(parts, (message) => workOn(parts, turns, tails, reach, message, "sweep"));
  const sweep = createSweep(parts, tails, offerDue);
  tails.onLook(createAbandonedWatch(parts, offer));

  return {
    ...createSendMessage(parts, turns, tails, offer),
    get: async (call, { id, historyLength }) => toAnswer(await findTask(parts, call, id), historyLength),
    list: (call, request) => listTasks(parts, call, request),
    cancel,
    subscribe,
    work: (message) => workOn(parts, turns, tails, reach, message, "queue"),
    sweep,
    retain: (control) => retention.run(control),
    purge,
    get turns() {
      return turns.size;
    },
    settle: (grace) => turns.settle(grace),
    async close() {
      await turns.handOver();
      tails.close();
    },
  };

  async function cancel(call: Call, request: { readonly id: string }): Promise<TaskAnswer> {
    const stored = await findTask(parts, call, request.id);
    await cancelTask(parts, turns, tails, keyOf(call, request.id), stored, call.signal);
    return findTask(parts, call, request.id);
  }

  async function subscribe(call: Call, { id }: { readonly id: string }): Promise<TaskEvents> {
    const { generation, state } = await findHead(parts, call, id);
    const from = call.lastEventId;
    if (from === undefined && isTerminal(state)) {
      const message = `Task ${id} has ended, so there is nothing to subscribe to. Use GetTask.`;
      throw new TaskError({ code: "unsupported", message });
    }
    if (from !== undefined && from > generation) {
      throw invalid("Last-Event-ID", `is ${from}, but the task has only ${generation} events`);
    }
    const key = keyOf(call, id);
    if (from === undefined) {
      const first = await snapshots.read(key, generation);
      if (!first) {
        throw new TaskError({ code: "not-found", taskId: id });
      }
      const { generation: begun, response } = first;
      const watcher = tails.watch(key).startAfter(begun);
      return createTaskEvents(watcher, { generation: begun, response }, begun + 1, () => first.release());
    }
    const watcher = tails.watch(key);
    if (from === generation && isTerminal(state)) {
      await watcher.return();
    }
    return createTaskEvents(watcher.startAfter(from, generation), undefined, generation);
  }

  async function purge({ scope, taskId }: Purged): Promise<PurgeResult> {
    let removed = 0;
    const kept: { readonly taskId: string; readonly reason: string }[] = [];
    let after: string | undefined;
    do {
      const cursor = after;
      const page: TaskPage = await inTime(() => parts.log.listTasks(cursor, scope));
      for (const key of page.tasks.filter((task) => taskId === undefined || task.taskId === taskId)) {
        try {
          if (await purgeOne(key)) {
            removed += 1;
          } else {
            kept.push({ taskId: key.taskId, reason: "It did not end." });
          }
        } catch (error) {
          kept.push({ taskId: key.taskId, reason: error instanceof Error ? error.message : String(error) });
        }
      }
      after = page.next;
    } while (after !== undefined);
    return { removed, kept };
  }

  async function purgeOne(key: TaskKey): Promise<boolean> {
    const version = await inTime(() => readStoredHead(parts, key));
    if (version && !version.head.purging && !isTerminal(version.head.state)) {
      try {
        await cancelTask(parts, turns, tails, key, version, new AbortController().signal);
      } catch (error) {
        // It ended in another way, or is gone.
        if (!(error instanceof TaskError) || !["not-cancelable", "not-found"].includes(error.fault.code)) {
          throw error;
        }
      }
    }
    return purgeTask(parts, key, ({ state }) => isTerminal(state));
  }

  function inTime<T>(operation: () => Promise<T>): Promise<T> {
    return retry(parts, parts.clock.monotonic() + parts.settings.lease, operation);
  }
}
