import type { Message, Task } from "@a2a-js/sdk";
import type { AbortCode, Agent } from "../../ports/agent.ts";
import type { OpenRow } from "../../ports/task-index.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { delay } from "../../ports/clock.ts";
import type { EngineParts } from "../engine-parts.ts";
import { finishIndex } from "../lists/task-lists.ts";
import type { Care } from "../log/care.ts";
import { canAdmit } from "./admission.ts";
import type { Occupancy } from "./admission.ts";
import { createWriter } from "./task-writer.ts";
import type { TaskWriter, WriterStart } from "./task-writer.ts";
import { offerAgainAfter } from "../log/lease.ts";
import { createRounds } from "../rounds.ts";
import { endsTurn, isTerminal } from "../log/task-state.ts";
import { TaskError } from "../task-fault.ts";
import type { Tails } from "../watch/tails.ts";
import { runTurn } from "./turn-runner.ts";
import type { TurnRun } from "./turn-runner.ts";
import type { TurnInput } from "./turn.ts";

/** The turns that run on this instance. */
export interface HeldTurns {
  readonly size: number;
  /**
   * Reserves a place for a turn that is about to start. Call the returned function once the turn has started, or when
   * it will not start. @throws TaskError `busy` when the instance's limit is reached, `unavailable` at shutdown
   */
  admit(place?: Place): () => void;
  /** Whether this instance admits a turn that needs care. If it needs an empty instance, this one may make room for it. */
  canAdmit(place: Place): boolean;
  /** @throws TaskError `unavailable` at shutdown */
  refuseAtShutdown(): void;
  /** Runs a turn in the background. Its events are committed by one writer; it ends once, or is lost or handed over. */
  start(turn: TurnStart): HeldTurn;
  /** Treats work without a task as a turn: shutdown waits for it, and aborts it with the others. */
  track(work: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Renews the lease of a task that is held here, which reads its head again. Does nothing for other tasks. */
  renew(key: TaskKey): void;
  /** Admits no more turns. Resolves when the running ones have ended, or after `grace` ms. */
  settle(grace: number): Promise<void>;
  /**
   * Hands over every running turn to other instances. Resolves when none is left here, or when the store has not
   * answered in time: then other instances take the turns when their leases end.
   */
  handOver(): Promise<void>;
}

/** What a turn asks of the instance that runs it. */
interface Place {
  readonly key: TaskKey;
  readonly care: Care;
  /** If the turn needs an empty instance and this one is not: admits nothing else until the sweep offers it again. */
  readonly mayReserve: boolean;
}

interface TurnStart {
  readonly agent: Agent;
  readonly input: TurnInput;
  readonly open: OpenRow;
  readonly writer: WriterStart;
  /**
   * How long the agent may run before its task is created (ms), so that a short turn is one commit; 0: create first.
   */
  readonly deferFor: number;
  readonly care?: Care;
}

export interface HeldTurn {
  readonly writer: TaskWriter;
  /** Resolves once the task exists, or will not be created: then `lost` has the cause, or `reply` the answer. */
  readonly begun: Promise<void>;
  /** The task of the first event, once this instance has committed it. */
  readonly first: { readonly task: Task; readonly generation: number } | undefined;
  /**
   * Resolves once the turn has ended here, to whether the index has the task: otherwise no client may learn its id
   * (I15).
   */
  readonly ended: Promise<boolean>;
  /** Resolves once all work of the turn is done here. Never rejects. */
  readonly done: Promise<void>;
  /** The cause, if the task was lost to another holder or the store did not answer in time. */
  readonly lost: Error | undefined;
  /** The Message that answers the call instead of a task; set once the turn has ended. */
  readonly reply: Message | undefined;
}

interface Running {
  readonly writer: TaskWriter;
  readonly care: Care;
  readonly done: Promise<void>;
  readonly stop: (code: AbortCode) => void;
}

/** How often a holder reads its inbox, in ms (docs/architecture.md#hints). */
const INBOX_EVERY = 1_000;
/** A read of them without progress for this many ms has stalled. */
const INBOX_STALLS = 15_000;
/** How long turns may take to be handed over at shutdown (ms). After that, other instances take them when their leases end. */
const LAST_COMMITS = 2_500;

export function createHeldTurns(parts: EngineParts, tails: Tails): HeldTurns {
  const held = new Map<string, Running>();
  /** Work without a task, and how to cut it. */
  const tracked = new Map<Promise<void>, AbortController>();
  /** What is about to start. */
  const admitted = new Set<{ readonly care: Care }>();
  /** Those of `held` that do not run free. */
  const suspects = new Set<Running>();
  let reserved: { readonly name: string; readonly until: number } | undefined;
  let isClosing = false;
  let isLeaving = false;
  let isReading = false;
  // Where it fails, the lease's renewal looks too.
  const inbox = createRounds(parts.clock, {
    limit: INBOX_STALLS,
    round: async () => (await parts.inbox.take(parts.instance)).forEach(renew),
    onStalled: () => parts.logger.warn("inbox.stalled"),
    onFailed: (error) => parts.logger.warn("inbox.request-failed", { error: String(error) }),
  });

  return {
    get size() {
      return held.size + tracked.size;
    },
    admit(place) {
      refuseAtShutdown();
      const name = place && nameOf(place.key);
      const care = place?.care ?? "free";
      if (!canAdmit(occupancy(), care, name, parts.settings.maxTurns)) {
        const message = "Too many turns are running on this instance. Retry later.";
        throw new TaskError({ code: "busy", message, retryAfter: 1 });
      }
      if (reserved?.name === name) {
        reserved = undefined;
      }
      const entry = { care };
      admitted.add(entry);
      return () => admitted.delete(entry);
    },
    canAdmit(place) {
      const name = nameOf(place.key);
      const occupied = occupancy();
      if (canAdmit(occupied, place.care, name, parts.settings.maxTurns)) {
        return true;
      }
      const isFree = occupied.reservedFor === undefined || occupied.reservedFor === name;
      if (place.care === "alone" && place.mayReserve && isFree) {
        reserved = { name, until: parts.clock.monotonic() + offerAgainAfter(parts.settings.lease) };
      }
      return false;
    },
    refuseAtShutdown,
    start,
    track(work) {
      const leave = this.admit();
      const cut = new AbortController();
      const done = work(cut.signal).finally(() => tracked.delete(settled));
      const settled = done.catch(() => {});
      tracked.set(settled, cut);
      leave();
      return done;
    },
    renew,
    async settle(grace) {
      isClosing = true;
      const running = [...[...held.values()].map(({ done }) => done), ...tracked.keys()];
      if (running.length > 0 && grace > 0) {
        const settled = new AbortController();
        const ended = Promise.all(running).then(() => settled.abort());
        await Promise.race([ended, delay(parts.clock, grace, settled.signal)]);
      }
    },
    async handOver() {
      isClosing = true;
      isLeaving = true;
      const all = [...held.values()];
      for (const { stop } of all) {
        stop("handover");
      }
      for (const cut of tracked.values()) {
        cut.abort();
      }
      const left = new AbortController();
      const leaving = Promise.all(all.map(({ done }) => done)).then(() => left.abort());
      await Promise.race([leaving, delay(parts.clock, LAST_COMMITS, left.signal)]);
      if (!left.signal.aborted) {
        parts.logger.warn("turn.handover-failed", { turns: held.size });
      }
    },
  };

  function occupancy(): Occupancy {
    return {
      turns: held.size + tracked.size + admitted.size,
      careful: [...suspects, ...admitted].filter(({ care }) => care === "few").length,
      isAlone:
        [...admitted].some(({ care }) => care === "alone") ||
        [...suspects].some(({ writer }) => writer.head?.lease?.aloneUntil !== undefined),
      reservedFor: reserved && reserved.until > parts.clock.monotonic() ? reserved.name : undefined,
    };
  }

  function refuseAtShutdown(): void {
    if (isClosing) {
      const message = "This instance is shutting down. Another one takes the call.";
      throw new TaskError({ code: "unavailable", message, retryAfter: 1 });
    }
  }

  function start(turn: TurnStart): HeldTurn {
    const { key } = turn.writer;
    const name = nameOf(key);
    let isOpen = "version" in turn.writer.from;
    const begun = Promise.withResolvers<void>();
    let lost: Error | undefined;
    let result: { -readonly [name in keyof HeldTurn]: HeldTurn[name] } | undefined = undefined;
    const writer = createWriter(parts, turn.writer, {
      putOpen() {
        isOpen = true;
        return parts.index.putOpen(turn.open);
      },
      onCommit(events, head) {
        const [created] = events;
        if (created?.response.payload?.$case === "task" && result && !result.first) {
          result.first = { task: created.response.payload.value, generation: created.generation };
        }
        begun.resolve();
        tails.publish(key, events, head);
        if (head.pushConfigs > 0 && events.length > 0) {
          parts.outbox.committed(key, head);
        }
      },
      onCancel: () => stop("canceled"),
      onDoubt: () => parts.logger.warn("turn.unconfirmed", { taskId: key.taskId, turn: turn.open.turn }),
      onLost: (error) => {
        lost = error;
        parts.logger.warn("turn.lost", { taskId: key.taskId, turn: turn.open.turn, reason: error.message });
        if (result) {
          result.lost = error;
        }
        begun.resolve();
        stop("fenced");
      },
    });
    let run: TurnRun | undefined;
    let stopped: AbortCode | undefined;
    const cancelFirstCommit =
      turn.deferFor > 0 ? parts.clock.after(turn.deferFor, () => void writer.begin()) : undefined;
    const created = turn.deferFor > 0 ? undefined : writer.begin();
    const ended = Promise.withResolvers<boolean>();
    const done = runToEnd();
    const entry: Running = { writer, care: turn.care ?? "free", done, stop };
    held.set(name, entry);
    if (entry.care !== "free") {
      suspects.add(entry);
    }
    readInboxLater();
    if (isLeaving) {
      stop("handover");
    }
    result = { writer, begun: begun.promise, first: undefined, done, ended: ended.promise, lost, reply: undefined };
    return result;

    async function runToEnd(): Promise<void> {
      if (created) {
        await created;
      }
      if (!lost) {
        run = runTurn(parts, turn.agent, turn.input, writer);
        if (stopped) {
          run.stop(stopped);
        }
        await run.done;
      }
      cancelFirstCommit?.();
      // A task with an open row is already in the index, so the caller need not wait for its done row.
      if (isOpen) {
        ended.resolve(true);
      }
      if (run?.reply && result) {
        result.reply = run.reply;
        ended.resolve(true);
        begun.resolve();
      } else {
        ended.resolve(!lost && (await indexEnd(writer, turn.open, isOpen)));
      }
      const running = held.get(name);
      if (running?.writer === writer) {
        held.delete(name);
        suspects.delete(running);
      }
    }

    function stop(code: AbortCode): void {
      stopped ??= code;
      run?.stop(code);
    }
  }

  function renew(key: TaskKey): void {
    held.get(nameOf(key))?.writer.renew();
  }

  /** Repeats while a turn is held here. */
  function readInboxLater(): void {
    if (isReading) {
      return;
    }
    isReading = true;
    parts.clock.after(INBOX_EVERY, () => void readInbox());
  }

  async function readInbox(): Promise<void> {
    if (held.size > 0) {
      await inbox.run();
    }
    isReading = false;
    if (held.size > 0) {
      readInboxLater();
    }
  }

  /** Resolves to whether the task is in the list of ended tasks. */
  async function indexEnd({ head, task }: TaskWriter, open: OpenRow, isOpen: boolean): Promise<boolean> {
    if (head && !head.lease && !endsTurn(head.state)) {
      await handOver(open);
    }
    if (!head || !task || !isTerminal(head.state)) {
      return false;
    }
    try {
      await finishIndex(parts, open, head, task, isOpen && head.pushConfigs === 0);
      return true;
    } catch (error) {
      // The open row stays, so the sweep completes this.
      parts.logger.warn("index.update-failed", { taskId: open.taskId, error: String(error) });
      return false;
    }
  }

  /** Sends the work message, so that another instance continues at once. If this fails, the sweep finds the turn. */
  async function handOver({ scope, taskId, agent, turn, created, due }: OpenRow): Promise<void> {
    try {
      await parts.queue.send({ kind: "turn", scope, taskId, agent, turn });
    } catch (error) {
      parts.logger.warn("queue.send-failed", { taskId, error: String(error) });
      await findSoon({ scope, taskId, agent, turn, created, due });
    }
  }

  /** The open row of a held turn is due when its lease ends. Without a message the sweep must find it now. */
  async function findSoon(open: OpenRow): Promise<void> {
    try {
      await parts.index.putOpen({ ...open, due: parts.clock.now() });
    } catch (error) {
      parts.logger.warn("index.update-failed", { taskId: open.taskId, error: String(error) });
    }
  }
}

function nameOf(key: TaskKey): string {
  return `${key.scope}.${key.taskId}`;
}
