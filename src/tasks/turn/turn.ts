import { TaskState } from "@a2a-js/sdk";
import type { Message, Part, StreamResponse, Task } from "@a2a-js/sdk";
import type { AbortCode, ArtifactInit, ArtifactWriter, Caller, Content, Json, Turn } from "../../ports/agent.ts";
import { toParts } from "./content.ts";
import type { ChunkFate } from "./resumed-attempt.ts";
import { agentMessage, statusUpdate } from "../log/status-update.ts";
import type { EarlierAttempts } from "./steps.ts";

/** What a turn is about. */
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

/** What a turn can do, by whoever runs it. */
export interface TurnHost {
  signal(): AbortSignal;
  task(): Task;
  newId(): string;
  emit(response: StreamResponse): Promise<void>;
  /** The turn asks to end with this event. Resolves once it is in the log. */
  finish(response: StreamResponse): Promise<void>;
  /** The turn asks to end with a Message, which may be the answer itself. */
  reply(response: StreamResponse): Promise<void>;
  /** How the chunks of one writing of an artifact go, in what earlier attempts left behind. */
  openArtifact(artifactId: string): (parts: readonly Part[]) => ChunkFate;
  step(name: string, run: (idempotencyKey: string) => Promise<Json>): Promise<Json>;
  checkpoint(value: Json): Promise<void>;
}

/** Unwinds `run` after the call that ended its turn. Not an error; the runner expects it. */
export class TurnEnded extends Error {
  override readonly name = "TurnEnded";

  constructor() {
    super("the turn has ended");
  }
}

/** Thrown once a turn, so its stack, which nobody reads, is not captured each time. */
const TURN_ENDED = new TurnEnded();

export class AbortedError extends Error {
  override readonly name = "AbortError";
  readonly code: AbortCode;

  constructor(code: AbortCode) {
    super(`the turn was stopped: ${code}`);
    this.code = code;
  }
}

/** The object that an agent's `run` gets. */
export function createTurn(input: TurnInput, host: TurnHost): Turn {
  return new AgentTurn(input, host);
}

/** Its methods are getters, so that an agent may destructure them, and only those that it uses are made. */
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
    return (text) => quiet(this.#host.emit(this.#status(TaskState.TASK_STATE_WORKING, text)));
  }

  get artifact(): Turn["artifact"] {
    return (id, init) => createArtifactWriter(this.#input, this.#host, id, init);
  }

  get step(): Turn["step"] {
    return <T extends Json>(name: string, run: (idempotencyKey: string) => Promise<T>) =>
      quiet(this.#host.step(name, run)) as Promise<T>;
  }

  get checkpoint(): Turn["checkpoint"] {
    return (value) => quiet(this.#host.checkpoint(value));
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
    return (parts) => quiet(this.#reply(parts));
  }

  #end(state: TaskState, parts: Content | undefined): Promise<never> {
    return quiet(this.#finish(state, parts));
  }

  async #finish(state: TaskState, parts: Content | undefined): Promise<never> {
    await this.#host.finish(this.#status(state, parts));
    throw TURN_ENDED;
  }

  async #reply(parts: Content): Promise<never> {
    await this.#host.reply(this.#status(TaskState.TASK_STATE_COMPLETED, parts));
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
  artifactId: string,
  init: ArtifactInit = {},
): ArtifactWriter {
  const decide = host.openArtifact(artifactId);
  return {
    append: (parts) => quiet(send(parts, false)),
    close: (parts) => (parts === undefined ? Promise.resolve() : quiet(send(parts, true))),
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
      name: first ? (init.name ?? "") : "",
      description: first ? (init.description ?? "") : "",
      parts: [...fate.parts],
      metadata: first ? init.metadata : undefined,
      extensions: first ? [...(init.extensions ?? [])] : [],
    };
    const value = { taskId, contextId, artifact, append: fate.append, lastChunk, metadata: undefined };
    await host.emit({ payload: { $case: "artifactUpdate", value } });
  }
}

/** An agent that does not await it must not bring the process down. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
