import type { AgentProvider, AgentSkill, Message, Part, Task } from "@a2a-js/sdk";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The content of a part without the protobuf wrapping: exactly one of `text`, `raw`, `url`, `data`. */
export interface PlainPart {
  readonly text?: string;
  /** The bytes of a file. */
  readonly raw?: Uint8Array;
  readonly url?: string;
  readonly data?: Json;
  readonly mediaType?: string;
  readonly filename?: string;
  readonly metadata?: { [key: string]: Json };
}

/** Content of a message or chunk: parts in order. A string is one text part. Empty content means no message. */
export type Content = string | readonly (string | PlainPart | Part)[];

/** The caller of a turn: verified claims, never a token. */
export interface Caller {
  /** 32 hex digits that identify the owner of the task (docs/security.md#scopes). */
  readonly scope: string;
  /** A2A tenant of the call; `""` without one. */
  readonly tenant: string;
  readonly subject: string;
  readonly roles: readonly string[];
}

/**
 * Why a turn was stopped, as `signal.reason.code`:
 * - `canceled`: a client canceled the task; it becomes CANCELED.
 * - `timeout`: the turn took too long; the task fails.
 * - `handover`: this instance shuts down; another instance runs the turn again.
 * - `fenced`: this instance lost its lease; another may be running the turn already.
 */
export type AbortCode = "canceled" | "timeout" | "handover" | "fenced";

export interface ArtifactInit {
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: { [key: string]: Json };
  readonly extensions?: readonly string[];
}

/**
 * Writes one artifact in chunks. The first chunk creates the artifact, or replaces one with the same id; each further chunk
 * extends it. The calls wait for the log, never for a client, and may be merged into one event.
 *
 * After a crash: an artifact whose last chunk is in the log is not written again. One without a last chunk is sent again as a
 * whole, so clients never see a mixture of two attempts.
 *
 * @example
 * const report = turn.artifact("report", { name: "Report" });
 * for await (const line of lines) await report.append(line);
 * await report.close("done");
 */
export interface ArtifactWriter {
  /**
   * Appends a chunk of at least one part. Resolves when it is in the log.
   * @throws TypeError without parts; an `AbortError` when the turn was stopped
   */
  append(parts: Content): Promise<void>;
  /**
   * Writes the last chunk and marks it as such (`lastChunk`). Without parts it sends nothing, and clients see the end of the
   * artifact with the end of the task.
   * @throws as `append`
   */
  close(parts?: Content): Promise<void>;
}

/**
 * One run of an agent on one message. A turn survives the process that runs it: after a crash another instance calls `run`
 * again from the beginning, with the same message and {@link attempt} increased. Use {@link step} for everything that must
 * not happen again.
 *
 * Calls that emit something (`working`, artifacts, `step`, `checkpoint`) resolve when it is in the log. Await them: an agent
 * with more than 8 MiB that are not yet stored fails. A promise that is not awaited never crashes the process.
 *
 * What no SSE event could carry is refused: a status message, a data part, a URL or metadata over `MAX_SSE_EVENT`. The call
 * rejects with an {@link AgentFailure} that says the size, the limit and the remedy, and the turn goes on. Text and raw
 * parts of artifacts may have any size. Lone surrogates in text become U+FFFD.
 *
 * Calls typed `Promise<never>` end the turn. They commit its last event and then reject, so that `run` returns; do not catch
 * that rejection. A turn that returns without one of them ends as COMPLETED, one that throws as FAILED. When the turn has
 * ended or was stopped, all further calls reject.
 *
 * @example
 * async run(turn) {
 *   await turn.working("Looking up the order");
 *   const order = await turn.step("order", (key) => orders.create(turn.message, { idempotencyKey: key }));
 *   await turn.artifact("order").close([{ data: order }]);
 *   await turn.complete("Ordered.");
 * }
 */
export interface Turn {
  /** The same in every attempt and every turn of the task. */
  readonly taskId: string;
  readonly contextId: string;
  /** The message that began this turn; the same in every attempt. */
  readonly message: Message;
  /** Messages of the task before this turn, oldest first. */
  readonly history: readonly Message[];
  /** The caller's tasks in `message.referenceTaskIds`, at most 10. Unknown ids, and tasks of other callers, are left out. */
  readonly references: readonly Task[];
  readonly caller: Caller;
  /**
   * 1, plus the crashes since the last completed step or checkpoint. At the third crash without progress the task fails.
   * A handover at shutdown is not a crash.
   */
  readonly attempt: number;
  /** The last {@link checkpoint} of the task, also of earlier turns; undefined without one. */
  readonly saved: Json | undefined;
  /**
   * Aborted when the agent must stop, with an Error named `AbortError` whose `code` is an {@link AbortCode}. Pass it on to
   * `fetch` and the like. An agent that ignores it is left behind after 250 ms at most: the turn ends without it, and its
   * further calls reject.
   */
  readonly signal: AbortSignal;
  /** The task as it is in the log. It contains what earlier attempts of this turn committed. */
  readonly task: Readonly<Task>;
  /**
   * Sets the status WORKING, with a message for the client. Resolves when it is in the log.
   *
   * After a crash: while completed steps have not been read again it does nothing, because the event is in the log; later it
   * is sent again.
   * @throws an `AbortError` when the turn was stopped
   */
  working(text?: Content): Promise<void>;
  /**
   * Begins to write an artifact; sends nothing yet. Use the same ids in every attempt, because they decide what a resumed
   * attempt leaves out.
   */
  artifact(id: string, init?: ArtifactInit): ArtifactWriter;
  /**
   * Runs `run` and stores its result, in one transaction with everything that was emitted in it (at most 90 events). Returns
   * the result as JSON carries it.
   *
   * After a crash: a completed step returns its stored result and does not call `run`. A step that was not completed runs
   * again, so `run` happens at least once; pass `idempotencyKey` (`{taskId}/{turn}/{name}`, the same in every attempt) to
   * services that support one. A step that throws stores nothing.
   *
   * Steps belong to one turn. For values that the next turn needs use {@link checkpoint}.
   * @throws TypeError when the name was used before in this attempt; what `run` throws; an `AbortError` when the turn was
   *   stopped
   *
   * @example
   * const ids = await turn.step("list", () => api.list());
   * for (const id of ids) await turn.step(`charge ${id}`, (key) => api.charge(id, { idempotencyKey: key }));
   */
  step<T extends Json>(name: string, run: (idempotencyKey: string) => Promise<T>): Promise<T>;
  /**
   * Stores one value for the task and replaces the previous one. Resolves when it is in the log. Later attempts and later
   * turns read it as {@link saved}.
   *
   * After a crash: while completed steps have not been read again it does nothing, because a newer value is stored.
   * @throws an `AbortError` when the turn was stopped
   */
  checkpoint(value: Json): Promise<void>;
  /**
   * Ends the turn as INPUT_REQUIRED. The caller's next message begins the next turn, with a new call of `run`; without one
   * the task fails after `INPUT_TIMEOUT`.
   */
  ask(parts: Content): Promise<never>;
  /** Ends the turn as AUTH_REQUIRED: the task waits, as after `ask`, for an authorization. Streams stay open. */
  requireAuth(parts: Content): Promise<never>;
  /** Ends the task as COMPLETED, with a message for the client if there is content. */
  complete(parts?: Content): Promise<never>;
  /** Ends the task as REJECTED: the agent refuses the message. */
  reject(parts: Content): Promise<never>;
  /**
   * With `replies: "message"`, answers the call with a Message: nothing is stored, and after a crash the client gets an error
   * and may send again. Otherwise the same as {@link complete}.
   */
  reply(parts: Content): Promise<never>;
}

/** The agent's part of its Agent Card. The gateway adds URLs, capabilities and security. */
export interface AgentProfile {
  readonly name: string;
  readonly description: string;
  readonly skills: readonly (Pick<AgentSkill, "id" | "name" | "description" | "tags"> & Partial<AgentSkill>)[];
  /** Skills that only the extended card lists, which needs a token. */
  readonly extendedSkills?: AgentProfile["skills"];
  readonly provider?: AgentProvider;
  readonly documentationUrl?: string;
  readonly iconUrl?: string;
  readonly defaultInputModes?: readonly string[];
  readonly defaultOutputModes?: readonly string[];
}

/** A complete agent definition. Create one with `defineAgent` or `fromExecutor`, which fill in the defaults. */
export interface Agent {
  /** 1 to 63 lower-case letters, digits and inner hyphens. It is part of URLs and storage keys: never change it. */
  readonly id: string;
  /** Semantic version. Clients may pin the major version, and a task stays on the one that it began with. */
  readonly version: string;
  readonly card: AgentProfile;
  /**
   * - `task` (default): every message creates or continues a task.
   * - `message`: the agent answers with a Message ({@link Turn.reply}). There is no task: nothing is stored, and artifacts and
   *   checkpoints are errors.
   * - `either`: a Message that the agent replies with before anything is stored is the answer. Otherwise there is a task, and
   *   a later reply completes it.
   */
  readonly replies: "task" | "message" | "either";
  /**
   * - `steps` (default): code outside steps may run again after a crash.
   * - `safe`: the agent has no effects outside its task and may run again as a whole. Blocking calls are then faster: the
   *   agent starts before its task is stored, and its calls may resolve before they are in the log.
   */
  readonly rerun: "safe" | "steps";
  /** After a crash: `resume` (default) runs the agent again, `fail` ends its task as FAILED. */
  readonly onCrash: "resume" | "fail";
  /** `inline` (default): on the instance that received a blocking or streaming call. `queue`: always through the work queue. */
  readonly runs: "inline" | "queue";
  /** Longest time of one turn in seconds, after which its task fails; by default `TURN_TIMEOUT`. */
  readonly timeout?: number;
  /** Called once for each attempt of a turn. Long computations belong in a worker thread: a blocked event loop loses leases. */
  run(turn: Turn): Promise<void>;
}

/**
 * Throw it to end a task as FAILED with a message for the client. Any other error ends the task as FAILED too, but the client
 * only gets the reference of a log entry, because the text of an error may be confidential.
 *
 * @example
 * throw new AgentFailure("The file has no column of times.");
 */
export class AgentFailure extends Error {
  override readonly name = "AgentFailure";
  readonly content: Content;

  constructor(content: Content, options?: ErrorOptions) {
    super(typeof content === "string" ? content : "the agent failed", options);
    this.content = content;
  }
}
