import { defineAgent } from "../../src/agents/define-agent.ts";
import type { Agent, Turn } from "../../src/ports/agent.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { delay } from "../../src/ports/clock.ts";

/** The process that a poison turn runs in, and harms. */
export interface PoisonedHost {
  /** Turns that run there. */
  readonly turns: number;
  /** Ends the process at once. */
  crash(): void;
  /** Runs nothing else for longer than a lease. */
  block(): void;
}

/** More turns than this at once, and `crowded` exhausts what its host has. */
const CROWD = 2;

/** Agents whose turns harm the host they run on. `crowded` can finish where few others run, the others nowhere. */
export function createPoisonAgents(clock: Clock, host: PoisonedHost): Agent[] {
  const agent = (id: string, harm: (turn: Turn) => Promise<void>): Agent =>
    defineAgent({
      id,
      version: "1.0.0",
      card: {
        name: id,
        description: "harms its host",
        skills: [{ id: "s", name: "s", description: "s", tags: [] }],
      },
      rerun: "safe",
      async run(turn) {
        await turn.working("begun");
        await delay(clock, 200, turn.signal);
        turn.signal.throwIfAborted();
        await harm(turn);
        await turn.complete("survived");
      },
    });
  return [
    agent("lethal", () => {
      host.crash();
      return new Promise(() => {});
    }),
    agent("crowded", () => {
      if (host.turns <= CROWD) {
        return Promise.resolve();
      }
      host.crash();
      return new Promise(() => {});
    }),
    agent("blocking", (turn) => {
      host.block();
      return delay(clock, 1, turn.signal);
    }),
  ];
}
