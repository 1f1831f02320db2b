import { TaskState } from "@a2a-js/sdk";
import type { Message, Part, StreamResponse, Task } from "@a2a-js/sdk";
import { AgentFailure } from "../../ports/agent.ts";
import type { AbortCode, ArtifactInit, ArtifactWriter, Caller, Content, Json, Turn } from "../../ports/agent.ts";
import { toParts } from "./content.ts";
import { toSizeRefusal } from "./event-limit.ts";
import type { ChunkFate } from "./resumed-attempt.ts";
import { toWellFormedJson, toWellFormedText } from "./well-formed.ts";
import { agentMessage, statusUpdate } from "../log/status-update.ts";
import type { EarlierAttempts } from "./steps.ts";

/** The input of a turn. */
export interface TurnInput {
  readonly taskId: string;
  readonly contextId: string;
  readonly message: Message;
  readonly history: readonly Message[];
  readonly references: readonly Task[];
  readonly caller: Caller;
  readonly attempt: number;
  readonly saved: Json | undefined;
  readonly earlier: EarlierAttempts;
}

/** The operations that the runner provides to a turn. */
export interface TurnHost {
  /** Bytes of one SSE event: what is larger and cannot be split is refused. */
  readonly maxEventBytes: number;
  signal(): AbortSignal;
  task(): Task;
  newId(): string;
  emit(response: StreamResponse): Promise<void>;
  /** Ends the turn with this event. Resolves once it is in the log. */
  finish(response: StreamResponse): Promise<void>;
  /** Ends the turn with a message, which may be the whole answer, without a task. */
  reply(response: StreamResponse): Promise<void>;
  /** Begins one writing of an artifact. The returned function decides whether a chunk is sent. */
  openArtifact(artifactId: string): (parts: readonly Part[]) => ChunkFate;
  step(name: string, run: (idempotencyKey: string) => Promise<Json>): Promise<Json>;
  checkpoint(value: Json): Promise<void>;
}

/** Thrown by the call that ended the turn, to leave the agent's `run`. Not an error; the runner expects it. */
export class TurnEnded extends Error {
  override readonly name = "TurnEnded";

  constructor() {
    super("the turn has ended");
  }
}

/** One instance for all turns: its stack is never read, and capturing one takes time. */
const TURN_ENDED = new TurnEnded();

export class AbortedError extends Error {
  override readonly name = "AbortError";
  readonly code: AbortCode;

  constructor(code: AbortCode) {
    super(`the turn was stopped: ${code}`);
    this.code = code;
  }
}

/** Creates the object that an agent's `run` receives. */
export function createTurn(input: TurnInput, host: TurnHost): Turn {
  return new AgentTurn(input, host);
}

/** Methods are getters, so that an agent may destructure them; only those that it uses are created. */
class AgentTurn implements Turn {
  readonly #input: TurnInput;
  readonly #host: TurnHost;
  readonly taskId: string;
  readonly contextId: string;
  readonly message: Message;
  readonly history: readonly Message[];
  readonly references: readonly Task[];
  readonly caller: Caller;
  readonly attempt: number;
  readonly saved: Json | undefined;

  constructor(input: TurnInput, host: TurnHost) {
    this.#input = input;
    this.#host = host;
    this.taskId = input.taskId;
    this.contextId = input.contextId;
    this.message = input.message;
    this.history = input.history;
    this.references = input.references;
    this.caller = input.caller;
    this.attempt = input.attempt;
    this.saved = input.saved;
  }

  get signal(): AbortSignal {
    return this.#host.signal();
  }

  get task(): Task {
    return this.#host.task();
  }

  get working(): Turn["working"] {
    return (text) => ignoreRejection(emit(this.#host, this.#status(TaskState.TASK_STATE_WORKING, text)));
  }

  get artifact(): Turn["artifact"] {
    return (id, init) => createArtifactWriter(this.#input, this.#host, id, init);
  }

  get step(): Turn["step"] {
    return <T extends Json>(name: string, run: (idempotencyKey: string) => Promise<T>) =>
      ignoreRejection(this.#host.step(name, run)) as Promise<T>;
  }

  get checkpoint(): Turn["checkpoint"] {
    return (value) => ignoreRejection(this.#host.checkpoint(value));
  }

  get ask(): Turn["ask"] {
    return (parts) => this.#end(TaskState.TASK_STATE_INPUT_REQUIRED, parts);
  }

  get requireAuth(): Turn["requireAuth"] {
    return (parts) => this.#end(TaskState.TASK_STATE_AUTH_REQUIRED, parts);
  }

  get complete(): Turn["complete"] {
    return (parts) => this.#end(TaskState.TASK_STATE_COMPLETED, parts);
  }

  get reject(): Turn["reject"] {
    return (parts) => this.#end(TaskState.TASK_STATE_REJECTED, parts);
  }

  get reply(): Turn["reply"] {
    return (parts) => ignoreRejection(this.#reply(parts));
  }

  #end(state: TaskState, parts: Content | undefined): Promise<never> {
    return ignoreRejection(this.#finish(state, parts));
  }

  async #finish(state: TaskState, parts: Content | undefined): Promise<never> {
    await this.#host.finish(sendable(this.#host, this.#status(state, parts)));
    throw TURN_ENDED;
  }

  async #reply(parts: Content): Promise<never> {
    await this.#host.reply(sendable(this.#host, this.#status(TaskState.TASK_STATE_COMPLETED, parts)));
    throw TURN_ENDED;
  }

  #status(state: TaskState, content: Content | undefined): StreamResponse {
    const { taskId, contextId } = this;
    const isSilent = content === undefined || content.length === 0;
    const message = isSilent ? undefined : agentMessage(this.#host.newId(), taskId, contextId, toParts(content));
    return statusUpdate(taskId, contextId, state, message);
  }
}

function createArtifactWriter(
  { taskId, contextId }: TurnInput,
  host: TurnHost,
  id: string,
  init: ArtifactInit = {},
): ArtifactWriter {
  const artifactId = toWellFormedText(id);
  const decide = host.openArtifact(artifactId);
  return {
    append: (parts) => ignoreRejection(send(parts, false)),
    close: (parts) => (parts === undefined ? Promise.resolve() : ignoreRejection(send(parts, true))),
  };

  async function send(content: Content, lastChunk: boolean): Promise<void> {
    const given = toParts(content);
    if (given.length === 0) {
      throw new TypeError(`artifact ${artifactId}: a chunk needs at least one part`);
    }
    const fate = decide(given);
    if (fate.do === "drop") {
      return;
    }
    const first = !fate.append;
    const artifact = {
      artifactId,
      name: first ? toWellFormedText(init.name ?? "") : "",
      description: first ? toWellFormedText(init.description ?? "") : "",
      parts: [...fate.parts],
      metadata: first ? init.metadata && toWellFormedJson(init.metadata) : undefined,
      extensions: first ? (init.extensions ?? []).map(toWellFormedText) : [],
    };
    const value = { taskId, contextId, artifact, append: fate.append, lastChunk, metadata: undefined };
    await emit(host, { payload: { $case: "artifactUpdate", value } });
  }
}

async function emit(host: TurnHost, response: StreamResponse): Promise<void> {
  return host.emit(sendable(host, response));
}

/** @throws AgentFailure for an event that no stream could carry */
function sendable({ maxEventBytes }: TurnHost, response: StreamResponse): StreamResponse {
  const refusal = toSizeRefusal(response, maxEventBytes);
  if (refusal !== undefined) {
    throw new AgentFailure(refusal);
  }
  return response;
}

/** Marks the promise's rejection as handled: an agent that does not await it must not end the process. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
