import type { Part, StreamResponse, Task } from "@a2a-js/sdk";
import { StoreError } from "../../ports/store-error.ts";
import type { LogRow, TaskKey } from "../../ports/task-log.ts";
import { bytesOf, takeBatch, weightOf } from "./draft.ts";
import type { Batch, Draft } from "./draft.ts";
import type { EngineParts } from "../engine-parts.ts";
import { fold } from "../log/fold.ts";
import type { Head } from "../log/head.ts";
import { storeLargeContent, hasLargeContent, partsOf } from "../log/large-content.ts";
import { CHECKPOINT } from "./steps.ts";
import { isOversize, storeBody } from "../log/rows.ts";
import type { LogEvent } from "../log/rows.ts";
import { retry, retryUntil } from "../retry.ts";
import type { Decision, NewTask, Recorded, Writer } from "../log/rules.ts";
import { endsTurn, isTerminal } from "../log/task-state.ts";
import { ContentUnavailable, transact } from "../log/transact.ts";
import type { StoredHead } from "../log/transact.ts";
import { callPatience, contentPatience, renewAfter, stopAfter } from "../log/lease.ts";

/**
 * The only writer that appends to a task while its holder has the lease. Commits and renewals never overlap, and events
 * are committed in the order in which they were emitted.
 */
export interface TaskWriter {
  /** The task as committed; undefined before the first commit. */
  readonly task: Task | undefined;
  /** The task as JSON text, when the last commit wrote a snapshot that holds all of it. */
  readonly taskJson: string | undefined;
  readonly head: Head | undefined;
  /** Approximate bytes in memory of the events that are emitted and not committed. */
  readonly pendingBytes: number;
  /** Number of events that are emitted and not committed. */
  readonly pendingEvents: number;
  /**
   * Resolves when the event is in the log and survives a crash. While the first commit is delayed it resolves at once:
   * a crash then loses the whole task, of which no client knows.
   * @throws LostError when the task was lost to another holder or its turn has ended; TaskError `unavailable`
   */
  emit(response: StreamResponse): Promise<void>;
  /** Stores a row and events in one transaction. Resolves when they are in the log; rejects like `emit`. */
  record(row: LogRow, responses: readonly StreamResponse[]): Promise<void>;
  /** Makes a delayed first commit now. Resolves when the task exists, or was lost. Never rejects. */
  begin(): Promise<void>;
  /** Ends the writer without creating a task, if nothing was emitted or stored. Returns whether it did. */
  discard(): boolean;
  /** Renews the lease now. If another instance has changed the head, this reads it again. */
  renew(): void;
  /**
   * Commits what was emitted, then removes the lease, so that another instance can continue the turn. Never rejects.
   */
  release(): Promise<void>;
  /**
   * Waits at most `ms` more for the store to accept content that is not stored yet; then its calls reject with a
   * {@link ContentLost}. Otherwise they wait as long as the turn lasts, and its lease is kept.
   */
  giveUpContent(ms: number): void;
  /**
   * Whether the lease lasts. When it does not, because the store did not answer or the process was paused, what must not
   * run on two instances waits for {@link regain}. Compares clocks: a paused process may run other code before its timers.
   */
  isHeld(): boolean;
  /** Resolves when the lease lasts again, which proves that no other instance took the task. @throws LostError if one did */
  regain(): Promise<void>;
}

export interface WriterEvents {
  /** Writes the open row. Called in parallel with a first commit that does not end the task. */
  putOpen(): Promise<void>;
  onCommit(events: readonly LogEvent[], head: Head): void;
  /** The head has a cancel request. Called once. */
  onCancel(): void;
  /** The store has not answered for 5/6 L. The turn continues if no other instance takes it meanwhile. */
  onDoubt(): void;
  /** Another holder has the task, or the lease could not be renewed in time. The writer writes nothing more. */
  onLost(error: Error): void;
}

export interface WriterStart {
  readonly key: TaskKey;
  readonly nonce: string;
  /** The task that was taken over or continued, or what to create a new one from. */
  readonly from: { readonly version: StoredHead; readonly task: Task } | { readonly create: NewTask };
  /** Time on the monotonic clock (ms) just before the write that gave the lease was sent. */
  readonly since: number;
  /** Whether a client watches: a delayed first commit is then made at the first event. */
  readonly isWatched?: boolean;
}

/** A first commit is no longer delayed when more bytes than this are pending. */
const MAX_HELD_BACK = 256 * 1024;

export class LostError extends Error {
  override readonly name = "LostError";
}

/** The content of an event could not be stored before its turn had to end. */
export class ContentLost extends Error {
  override readonly name = "ContentLost";
}

export function createWriter(parts: EngineParts, start: WriterStart, on: WriterEvents): TaskWriter {
  const { clock, rules, settings } = parts;
  const pending: Draft[] = [];
  const create = "create" in start.from ? start.from.create : undefined;
  let version = "version" in start.from ? start.from.version : undefined;
  let state: "open" | "ended" | "lost" = "open";
  let busy: Promise<void> | undefined;
  let preparing: Promise<void> | undefined;
  let deferred = create !== undefined;
  let wantsRenewal = false;
  let wantsRelease = false;
  let cancelSeen = false;
  let confirmed = start.since;
  /** Monotonic ms of the last decision. Its lease begins then. */
  let decided = start.since;
  /** Aborted when content that is not stored yet is given up. */
  let waiting = new AbortController();
  /** The last commit could not store its content: the lease is renewed before it is tried again. */
  let isBlocked = false;
  /** Wakes what waits for the lease, after each commit and at the end. */
  const regained: (() => void)[] = [];
  let disarm = (): void => {};

  // Fields instead of getters: an object literal with getters is slow, and its hidden class retains the closure until a
  // full garbage collection. That was most of the garbage of a short turn.
  const self: { -readonly [name in keyof TaskWriter]: TaskWriter[name] } = {
    task: "task" in start.from ? start.from.task : undefined,
    taskJson: undefined,
    head: version?.head,
    pendingBytes: 0,
    pendingEvents: 0,
    emit: (response) => submit([response]),
    record: (row, responses) => submit(responses, row),
    begin() {
      deferred = false;
      return pump();
    },
    discard() {
      const isUnseen = deferred && version === undefined && pending.length === 0 && !preparing && state === "open";
      if (isUnseen) {
        end("ended");
      }
      return isUnseen;
    },
    renew() {
      wantsRenewal = true;
      void pump();
    },
    release() {
      wantsRelease = true;
      deferred = false;
      return pump();
    },
    giveUpContent(ms) {
      const given = waiting;
      const giveUp = (): void => given.abort(new ContentLost("the store did not take the content in time"));
      if (ms > 0) {
        clock.after(ms, giveUp);
      } else {
        giveUp();
      }
    },
    isHeld,
    async regain() {
      while (state === "open" && !isHeld()) {
        self.renew();
        await new Promise<void>((resolve) => {
          regained.push(resolve);
        });
      }
      if (state === "lost") {
        throw isOver();
      }
    },
  };
  if (version) {
    arm();
  }
  return self;

  function submit(responses: readonly StreamResponse[], row?: LogRow): Promise<void> {
    if (state !== "open") {
      return ignoreRejection(Promise.reject(isOver()));
    }
    const bytes = responses.reduce((sum, response) => sum + bytesOf(response), row ? Buffer.byteLength(row.body) : 0);
    const weight = responses.reduce((sum, response) => sum + weightOf(response), row ? Buffer.byteLength(row.body) : 0);
    self.pendingBytes += weight;
    self.pendingEvents += responses.length;
    // A step's result is committed at once, because after a crash it must not be computed again.
    if (deferred && (row || start.isWatched || self.pendingBytes > MAX_HELD_BACK)) {
      deferred = false;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const isHeldBack = deferred && !responses.some((response) => endsTurn(stateOf(response)));
    enqueue({ responses, ...(row && { row }), bytes, weight, settle: { resolve, reject } });
    void ignoreRejection(promise);
    return isHeldBack ? Promise.resolve() : promise;
  }

  /** Stores large content before the transaction, so that a slow upload does not delay a renewal. */
  function enqueue(draft: Draft): void {
    const content = draft.responses.length === 1 ? partsOfFirst(draft) : draft.responses.flatMap((one) => partsOf(one));
    if (!preparing && !hasLargeContent(content) && !(draft.row && isOversize(draft.row))) {
      push(draft);
      return;
    }
    if (waiting.signal.aborted) {
      waiting = new AbortController();
    }
    const { signal } = waiting;
    const turn = (preparing ?? Promise.resolve())
      .then(() => storeContent(draft, content, signal))
      .then(push, (error: unknown) => {
        settle([draft], () => draft.settle.reject(error));
      })
      .then(() => {
        preparing = preparing === turn ? undefined : preparing;
      });
    preparing = turn;
  }

  /** Repeated as long as the turn lasts: a fault of the store must not fail the agent. */
  async function storeContent(draft: Draft, content: readonly Part[], signal: AbortSignal): Promise<Draft> {
    await retryUntil(parts, signal, () => storeLargeContent(parts.payloads, start.key, content));
    const large = draft.row && isOversize(draft.row) ? draft.row : undefined;
    if (!large) {
      return draft;
    }
    const row = await retryUntil(parts, signal, () => storeBody(parts.payloads, start.key, large));
    return { ...draft, row, bytes: draft.bytes - Buffer.byteLength(large.body) + Buffer.byteLength(row.body) };
  }

  function push(draft: Draft): void {
    if (state !== "open") {
      settle([draft], () => draft.settle.reject(isOver()));
      return;
    }
    pending.push(draft);
    if (draft.responses.some((response) => endsTurn(stateOf(response)))) {
      deferred = false;
    }
    void pump();
  }

  function pump(): Promise<void> {
    if (!busy && hasWork()) {
      busy = drain();
    }
    return busy ?? Promise.resolve();
  }

  function hasWork(): boolean {
    return state === "open" && !deferred && (!version || pending.length > 0 || wantsRenewal || wantsRelease);
  }

  async function drain(): Promise<void> {
    while (hasWork()) {
      const batch = takeBatch(isBlocked ? [] : pending);
      const idle = batch.drafts.length === 0 && !isBlocked;
      isBlocked = false;
      if (wantsRelease && preparing && idle) {
        await preparing;
        continue;
      }
      wantsRenewal = false;
      await commit(batch, wantsRelease && version !== undefined && idle);
    }
    // Synchronously after `hasWork`, so that work that is added later starts a new drain.
    busy = undefined;
    if (state === "open") {
      arm();
    }
  }

  async function commit(batch: Batch, releasing: boolean): Promise<void> {
    const sent = clock.monotonic();
    const creating = version === undefined;
    try {
      const transaction = transact(parts, {
        key: start.key,
        from: version,
        decide: (head) => decide(head, batch, releasing),
        rows: batch.rows,
        taskAfter: ({ events }) => foldAll(events),
        deadline: creating ? sent + callPatience(settings.lease) : confirmed + settings.turnTimeout,
        ...(!creating && { contentDeadline: sent + contentPatience(settings.lease) }),
      });
      const ends = batch.responses.some((response) => isTerminal(stateOf(response)));
      if (creating && !ends) {
        await Promise.all([transaction, retry(parts, sent + callPatience(settings.lease), () => on.putOpen())]);
      }
      const outcome = await transaction;
      if (outcome.code !== "committed") {
        throw new LostError(
          outcome.code === "refused" ? `the task was lost: ${outcome.refusal.code}` : "another holder has the task",
        );
      }
      confirmed = decided;
      version = outcome.version;
      self.head = version.head;
      self.task = foldAll(outcome.change.events);
      self.taskJson = outcome.taskJson;
      if (endsTurn(version.head.state) || releasing) {
        end("ended");
      } else {
        // The lease began with the decision, and the store may have taken long to answer.
        wantsRenewal ||= clock.monotonic() - confirmed >= renewAfter(settings.lease);
        arm();
      }
      wake();
      settle(batch.drafts, (draft) => draft.settle.resolve());
      on.onCommit(outcome.change.events, outcome.version.head);
      if (version.head.cancel && !cancelSeen && state === "open") {
        cancelSeen = true;
        on.onCancel();
      }
    } catch (error) {
      if (error instanceof ContentUnavailable && !creating && state === "open") {
        waitForContent(batch.drafts);
        return;
      }
      settle(batch.drafts, (draft) => draft.settle.reject(error));
      if (!(error instanceof StoreError) || creating) {
        lose(error);
      }
    }
  }

  function waitForContent(drafts: readonly Draft[]): void {
    if (waiting.signal.aborted) {
      settle(drafts, (draft) => draft.settle.reject(waiting.signal.reason));
      return;
    }
    isBlocked = true;
    pending.unshift(...drafts);
  }

  function decide(head: Head | undefined, { responses, rows }: Batch, releasing: boolean): Decision {
    decided = clock.monotonic();
    const by: Writer = { holder: parts.instance, nonce: start.nonce, now: clock.now(), lease: settings.lease };
    if (releasing && head) {
      return rules.release(head, by);
    }
    if (version || !create) {
      return head ? rules.append(head, responses, by, toRecorded(rows)) : { refused: { code: "fenced" } };
    }
    if (head) {
      return { refused: { code: "idle" } };
    }
    const created = rules.create(create, by);
    if (responses.length === 0 && rows.length === 0) {
      return { change: created };
    }
    const more = rules.append(created.head, responses, by, toRecorded(rows));
    return "refused" in more
      ? more
      : { change: { head: more.change.head, events: [...created.events, ...more.change.events] } };
  }

  function foldAll(events: readonly LogEvent[]): Task {
    let folded = self.task;
    for (const { response, message } of events) {
      folded = folded
        ? fold(folded, response, message)
        : response.payload?.$case === "task"
          ? response.payload.value
          : undefined;
    }
    if (!folded) {
      throw new Error(`task ${start.key.taskId}: its log does not begin with a Task`);
    }
    return folded;
  }

  function settle(drafts: readonly Draft[], how: (draft: Draft) => void): void {
    for (const draft of drafts) {
      self.pendingBytes -= draft.weight;
      self.pendingEvents -= draft.responses.length;
      how(draft);
    }
  }

  function end(as: "ended" | "lost"): void {
    state = as;
    disarm();
    waiting.abort(isOver());
    wake();
    settle(pending.splice(0), (draft) => draft.settle.reject(isOver()));
  }

  function lose(cause: unknown): void {
    if (state !== "open") {
      return;
    }
    end("lost");
    on.onLost(cause instanceof Error ? cause : new LostError(String(cause)));
  }

  function isHeld(): boolean {
    return version === undefined || clock.monotonic() - confirmed < stopAfter(settings.lease);
  }

  function wake(): void {
    for (const resolve of regained.splice(0)) {
      resolve();
    }
  }

  /** The next renewal. While a commit is in flight it is that commit which renews the lease. */
  function arm(): void {
    disarm();
    const next = renewAfter(settings.lease) - (clock.monotonic() - confirmed);
    disarm = clock.after(Math.max(next, 1), () => {
      if (!busy) {
        self.renew();
      } else if (!isHeld()) {
        on.onDoubt();
        return;
      }
      disarm = clock.after(renewAfter(settings.lease), arm);
    });
  }
}

function partsOfFirst({ responses: [response] }: Draft): readonly Part[] {
  return response ? partsOf(response) : [];
}

function toRecorded(rows: readonly LogRow[]): Recorded | undefined {
  if (rows.length === 0) {
    return undefined;
  }
  const checkpoints = rows.filter(({ key }) => key === CHECKPOINT).length;
  return { steps: rows.length - checkpoints, checkpoint: checkpoints > 0 };
}

function isOver(): LostError {
  return new LostError("the turn is over; nothing more can be added to the task");
}

function stateOf({ payload }: StreamResponse): number {
  return payload?.$case === "statusUpdate" ? (payload.value.status?.state ?? 0) : 0;
}

/** Marks the promise's rejection as handled, because agents need not await it. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
