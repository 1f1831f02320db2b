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

/** What an agent may hand over wherever content is asked for. A string stands for one text part. */
export type Content = string | readonly (string | PlainPart | Part)[];

/** Who sent the message: the claims that the gateway verified, never a token. */
export interface Caller {
  /** 32 hex digits: the owner of everything that this call creates. Other scopes do not exist for it. */
  readonly scope: string;
  /** A2A tenant of the call, `""` without one. */
  readonly tenant: string;
  readonly subject: string;
  readonly roles: readonly string[];
}

/** Why a turn's signal was aborted, as `signal.reason.code`. */
export type AbortCode = "canceled" | "timeout" | "handover" | "fenced";

export interface ArtifactInit {
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: { [key: string]: Json };
  readonly extensions?: readonly string[];
}

/** An artifact that grows. Both calls resolve once the chunk is in the log; they never wait for a client. */
export interface ArtifactWriter {
  append(parts: Content): Promise<void>;
  /** Marks the last chunk. Without parts nothing more is sent when every chunk is already in the log. */
  close(parts?: Content): Promise<void>;
}

/**
 * One run of an agent over one message. Calls typed `Promise<never>` end the turn: they commit the
 * last event and then reject, so that `run` unwinds; whatever the agent does after that is ignored.
 */
export interface Turn {
  readonly taskId: string;
  readonly contextId: string;
  readonly message: Message;
  /** Messages of the task before this turn, oldest first. */
  readonly history: readonly Message[];
  /** The caller's own tasks that `message.referenceTaskIds` names; unknown ids are left out. */
  readonly references: readonly Task[];
  readonly caller: Caller;
  /** 1 for the first attempt of this turn, more after a crash. */
  readonly attempt: number;
  /** The last checkpoint of the task, kept across turns. */
  readonly saved: Json | undefined;
  /** Aborted with an Error whose `code` is an {@link AbortCode}. */
  readonly signal: AbortSignal;
  /** The task as the log has it now, for agents that continue from it. */
  readonly task: Readonly<Task>;
  working(text?: Content): Promise<void>;
  artifact(id: string, init?: ArtifactInit): ArtifactWriter;
  step<T extends Json>(name: string, run: (idempotencyKey: string) => Promise<T>): Promise<T>;
  checkpoint(value: Json): Promise<void>;
  /** The turn ends and the task waits for the next message (INPUT_REQUIRED). */
  ask(parts: Content): Promise<never>;
  /** The turn ends and the task waits for an authorization (AUTH_REQUIRED). */
  requireAuth(parts: Content): Promise<never>;
  complete(parts?: Content): Promise<never>;
  reject(parts: Content): Promise<never>;
  /** With `replies: "message"`: the Message that answers the call. Otherwise like {@link complete}. */
  reply(parts: Content): Promise<never>;
}

/** What the Agent Card says beyond what the gateway knows itself. */
export interface AgentProfile {
  readonly name: string;
  readonly description: string;
  readonly skills: readonly (Pick<AgentSkill, "id" | "name" | "description" | "tags"> & Partial<AgentSkill>)[];
  /** Skills that only callers with a token are shown, in the extended card. */
  readonly extendedSkills?: AgentProfile["skills"];
  readonly provider?: AgentProvider;
  readonly documentationUrl?: string;
  readonly iconUrl?: string;
  readonly defaultInputModes?: readonly string[];
  readonly defaultOutputModes?: readonly string[];
}

/** An agent as the engine runs it. Build one with `defineAgent` or `fromExecutor`. */
export interface Agent {
  /** Lower-case letters, digits and hyphens; part of URLs and storage keys. */
  readonly id: string;
  /** Semantic version; its major is what clients may pin. */
  readonly version: string;
  readonly card: AgentProfile;
  /**
   * `task`: every call makes a task. `message`: the reply is a Message and there is no task. `either`: a Message that
   * comes before anything was stored is the reply; otherwise there is a task, and a later Message ends it.
   */
  readonly replies: "task" | "message" | "either";
  /** `safe`: no effects outside, may run again whole. `steps`: only code outside steps may run again. */
  readonly rerun: "safe" | "steps";
  readonly onCrash: "resume" | "fail";
  readonly runs: "inline" | "queue";
  /** Seconds one turn may take; the gateway's turn timeout when absent. */
  readonly timeout?: number;
  run(turn: Turn): Promise<void>;
}

/**
 * Thrown by an agent to end its task as FAILED with words of its own. Anything else that is thrown ends it as
 * FAILED too, but the caller only gets a reference to the log, since an error's text may tell what it should not.
 */
export class AgentFailure extends Error {
  override readonly name = "AgentFailure";
  readonly content: Content;

  constructor(content: Content, options?: ErrorOptions) {
    super(typeof content === "string" ? content : "the agent failed", options);
    this.content = content;
  }
}
