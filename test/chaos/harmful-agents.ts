import { defineAgent } from "../../src/agents/define-agent.ts";
import type { Agent, Turn } from "../../src/ports/agent.ts";
import type { PoisonedHost } from "../simulation/poison-agents.ts";

/** Longer than the lease of the chaos run (6 s). */
const BLOCKED_FOR = 8_000;
/** What one chunk of the agent `verbose` has, and how many it writes. */
const CHUNK = "x".repeat(100_000);
const CHUNKS = 60;

/** What poison turns do to a real process. */
export const realHost: PoisonedHost = {
  turns: 0,
  crash() {
    const kept: string[][] = [];
    for (;;) {
      kept.push(Array.from({ length: 100_000 }, (_, at) => `${kept.length} ${at}`));
    }
  },
  block() {
    const until = performance.now() + BLOCKED_FOR;
    while (performance.now() < until);
  },
};

/** Writes six megabytes: what a reader does not read, its host must not keep. */
export const verbose: Agent = defineAgent({
  id: "verbose",
  version: "1.0.0",
  card: {
    name: "verbose",
    description: "writes much",
    skills: [{ id: "s", name: "s", description: "s", tags: [] }],
  },
  rerun: "safe",
  async run(turn: Turn) {
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      await turn.artifact(`out-${chunk}`).append(CHUNK);
    }
    await turn.complete();
  },
});
