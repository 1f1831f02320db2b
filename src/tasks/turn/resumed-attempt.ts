import type { Part } from "@a2a-js/sdk";
import type { Json } from "../../ports/agent.ts";
import type { EarlierAttempts } from "./steps.ts";

/** Whether a chunk that an attempt emits is sent. `parts` includes the parts of chunks that were dropped before it. */
export type ChunkFate =
  | { readonly do: "send"; readonly append: boolean; readonly parts: readonly Part[] }
  | { readonly do: "drop" };

/**
 * Decides what an attempt repeats of the work of earlier attempts (docs/architecture.md#steps). Has no side effects.
 */
export interface Replay {
  /** True while stored steps remain unread. Events emitted outside steps are then already in the log. */
  readonly isCatchingUp: boolean;
  /** The stored result of a completed step. @throws TypeError when the name was already used in this attempt */
  takeStep(name: string): { readonly value: Json } | undefined;
  /** Begins one writing of an artifact. The returned function decides about each of its chunks. */
  openArtifact(artifactId: string): (parts: readonly Part[], isInStep: boolean) => ChunkFate;
}

export function createResumedAttempt({ steps, closed }: EarlierAttempts): Replay {
  let used: Set<string> | undefined;
  let writings: Map<string, number> | undefined;
  let unread = steps.size;

  const self = {
    isCatchingUp: unread > 0,
    takeStep(name: string): { readonly value: Json } | undefined {
      used ??= new Set();
      if (used.has(name)) {
        throw new TypeError(
          `step ${JSON.stringify(name)}: the name was already used in this turn; give each step a unique name`,
        );
      }
      used.add(name);
      const value = steps.get(name);
      if (value === undefined) {
        return undefined;
      }
      unread -= 1;
      self.isCatchingUp = unread > 0;
      return { value };
    },
    openArtifact(artifactId: string): (parts: readonly Part[], isInStep: boolean) => ChunkFate {
      writings ??= new Map();
      const writing = writings.get(artifactId) ?? 0;
      writings.set(artifactId, writing + 1);
      const isAbsorbed = writing < (closed.get(artifactId) ?? 0);
      let missed: Part[] = [];
      let hasSent = false;
      return (parts, isInStep) => {
        // A step that runs has no result in the log, so its events are not in the log either.
        if (isAbsorbed && !isInStep) {
          return { do: "drop" };
        }
        if (unread > 0 && !isInStep) {
          missed.push(...parts);
          return { do: "drop" };
        }
        const append = hasSent;
        const all = missed.length > 0 ? [...missed, ...parts] : parts;
        hasSent = true;
        missed = [];
        return { do: "send", append, parts: all };
      };
    },
  };
  return self;
}
