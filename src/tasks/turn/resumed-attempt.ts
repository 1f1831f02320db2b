import type { Part } from "@a2a-js/sdk";
import type { Json } from "../../ports/agent.ts";
import type { EarlierAttempts } from "./steps.ts";

/** What becomes of a chunk that an attempt emits. `restart` carries everything of the artifact so far. */
export type ChunkFate =
  | { readonly do: "send"; readonly append: boolean; readonly parts: readonly Part[] }
  | { readonly do: "drop" };

/** Where an attempt stands in what earlier attempts of its turn left behind (DESIGN 3.4). Decides; does nothing. */
export interface Replay {
  /** While stored steps remain unread, what is emitted outside them is in the log already. */
  readonly isCatchingUp: boolean;
  /** The stored result of a step, if it completed before. @throws TypeError for a name used before in this attempt. */
  takeStep(name: string): { readonly value: Json } | undefined;
  /** One writing of an artifact from its beginning to its end. */
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
          `step ${JSON.stringify(name)}: the name was used before in this turn; a step's name says which result is its own`,
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
        // A step that runs has no result in the log, and so nothing that it emits.
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
