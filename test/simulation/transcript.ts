import type { StreamResponse, Task } from "@a2a-js/sdk";

/** What clients did and saw, in virtual time: what the checker holds against the log. */
export interface Transcript {
  /** Tasks whose existence some client was told of. */
  readonly acknowledged: Map<string, { readonly agent: string; readonly at: number }>;
  readonly streams: StreamRecord[];
  readonly reads: ReadRecord[];
  readonly walks: WalkRecord[];
  /** What each key was answered with, and how many messages the log may have of it: one. */
  readonly keys: KeyRecord[];
  readonly cancels: { readonly taskId: string; readonly at: number }[];
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

export function createTranscript(): Transcript {
  return { acknowledged: new Map(), streams: [], reads: [], walks: [], keys: [], cancels: [], surprises: [] };
}
