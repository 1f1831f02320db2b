import type { StreamResponse, Task } from "@a2a-js/sdk";

/** What clients did and saw, in virtual time: what the checker holds against the log. */
export interface Transcript {
  /** Of all clients but the stranger. */
  readonly scope: string;
  /** Whether a stream's Task carries its history; over the wire it does not. */
  readonly streamsHistory: boolean;
  /** Tasks whose existence some client was told of. */
  readonly acknowledged: Map<string, { readonly agent: string; readonly at: number }>;
  readonly streams: StreamRecord[];
  readonly reads: ReadRecord[];
  readonly walks: WalkRecord[];
  /** What each key was answered with, and how many messages the log may have of it: one. */
  readonly keys: KeyRecord[];
  readonly webhooks: WebhookRecord[];
  readonly cancels: { readonly taskId: string; readonly at: number }[];
  /** Events that came by a replay. */
  replayed: number;
  /** Answers that no correct server gives. */
  readonly surprises: string[];
}

interface KeyRecord {
  readonly key: string;
  readonly agent: string;
  readonly taskId: string;
  /** Said by no other message. */
  readonly text: string;
}

/** A push notification config that some client was told of. Times as the client's world counts them. */
interface WebhookRecord {
  readonly url: string;
  readonly taskId: string;
  readonly id: string;
  /** Whether it came with the task, and so hears of everything. */
  readonly fromBeginning: boolean;
  readonly created: number;
  isDeletionAsked: boolean;
  /** When the deletion was answered. */
  deleted?: number;
}

interface StreamRecord {
  readonly taskId: string;
  readonly events: { readonly generation: number; readonly response: StreamResponse }[];
}

interface ReadRecord {
  readonly taskId: string;
  readonly task: Task;
  /** The newest generation that anybody had seen before this read was sent. */
  readonly seenBefore: number;
}

interface WalkRecord {
  readonly agent: string;
  readonly began: number;
  readonly ended: number;
  readonly tasks: readonly Task[];
}

export function createTranscript(scope: string, streamsHistory: boolean): Transcript {
  return {
    scope,
    streamsHistory,
    acknowledged: new Map(),
    streams: [],
    reads: [],
    walks: [],
    keys: [],
    webhooks: [],
    replayed: 0,
    cancels: [],
    surprises: [],
  };
}
