import { Role, TaskState } from "@a2a-js/sdk";
import type { Message, Part, StreamResponse, Task } from "@a2a-js/sdk";
import type { AbortCode, ArtifactInit, ArtifactWriter, Caller, Content, Json, Turn } from "../ports/agent.ts";
import { toParts } from "./content.ts";
import type { ChunkFate } from "./replay.ts";
import { statusUpdate } from "./rules.ts";
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
  const { taskId, contextId } = input;
  return {
    taskId,
    contextId,
    message: input.message,
    history: input.history,
    references: input.references,
    caller: input.caller,
    attempt: input.attempt,
    saved: input.saved,
    get signal() {
      return host.signal();
    },
    get task() {
      return host.task();
    },
    working: (text) => quiet(host.emit(statusUpdate(taskId, contextId, TaskState.TASK_STATE_WORKING, says(text)))),
    artifact: (id, init) => createArtifactWriter(input, host, id, init),
    step: <T extends Json>(name: string, run: (idempotencyKey: string) => Promise<T>) =>
      quiet(host.step(name, run)) as Promise<T>,
    checkpoint: (value) => quiet(host.checkpoint(value)),
    ask: (parts) => end(TaskState.TASK_STATE_INPUT_REQUIRED, parts),
    requireAuth: (parts) => end(TaskState.TASK_STATE_AUTH_REQUIRED, parts),
    complete: (parts) => end(TaskState.TASK_STATE_COMPLETED, parts),
    reject: (parts) => end(TaskState.TASK_STATE_REJECTED, parts),
    reply: (parts) => end(TaskState.TASK_STATE_COMPLETED, parts),
  };

  function end(state: TaskState, parts: Content | undefined): Promise<never> {
    return quiet(
      (async () => {
        await host.finish(statusUpdate(taskId, contextId, state, says(parts)));
        throw TURN_ENDED;
      })(),
    );
  }

  function says(content: Content | undefined): Message | undefined {
    return content === undefined || content.length === 0
      ? undefined
      : agentMessage(host.newId(), taskId, contextId, content);
  }
}

export function agentMessage(messageId: string, taskId: string, contextId: string, content: Content): Message {
  return {
    messageId,
    contextId,
    taskId,
    role: Role.ROLE_AGENT,
    parts: toParts(content),
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
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
