import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { takeableAt } from "../log/lease.ts";
import { endsTurn } from "../log/task-state.ts";
import type { OfferTurn } from "../turn/offer-turn.ts";

/**
 * What a look of a watched task does: a turn whose holder is silent is offered at once, without waiting for the sweep. Once a
 * lease, because many watchers look often, and each offer may be a message.
 */
export function createAbandonedWatch(
  { clock, settings: { lease } }: Pick<EngineParts, "clock" | "settings">,
  offer: OfferTurn,
): (key: TaskKey, head: Head) => void {
  /** Monotonic ms of the last offer. */
  const offered = new Map<string, number>();

  return (key, head) => {
    const name = `${key.scope}.${key.taskId}`;
    const now = clock.monotonic();
    if (!isAbandoned(head, clock.now(), lease) || now - (offered.get(name) ?? -Infinity) < lease) {
      return;
    }
    for (const [other, at] of offered) {
      // In the order of their offers.
      if (now - at < lease) {
        break;
      }
      offered.delete(other);
    }
    offered.delete(name);
    offered.set(name, now);
    void offer({ kind: "turn", ...key, agent: head.agent, turn: head.turn });
  };
}

function isAbandoned({ lease: held, state }: Head, now: number, lease: number): boolean {
  return held !== undefined && takeableAt(held, lease) < now && !endsTurn(state);
}
