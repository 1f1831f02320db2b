import { setTimeout as wait } from "node:timers/promises";
import { defineAgent, defineGateway } from "../../src/index.ts";
import type { AgentProfile } from "../../src/index.ts";

/** What the attacks are made on. */

const echo = defineAgent({
  ...describe("echo", {
    extendedSkills: [{ id: "hidden", name: "Hidden", description: "For callers only", tags: ["hidden"] }],
  }),
  rerun: "safe",
  async run(turn) {
    await turn.artifact("echo").close(turn.message.parts);
    await turn.complete(`references ${turn.references.length}`);
  },
});

/** For callers with the role `reader` alone. */
const reserved = defineAgent({ ...describe("reserved"), run: (turn) => turn.complete("done") });

const asker = defineAgent({ ...describe("asker"), run: (turn) => turn.ask("and?") });

/** Says something every 100 ms until it is told to stop. */
const endless = defineAgent({
  ...describe("endless"),
  async run(turn) {
    while (!turn.signal.aborted) {
      await turn.working("on");
      await wait(100, undefined, { signal: turn.signal });
    }
  },
});

export default defineGateway({ agents: [echo, reserved, asker, endless], access: { reserved: ["reader"] } });

function describe(id: string, more: Partial<AgentProfile> = {}) {
  const skills = [{ id, name: id, description: id, tags: ["test"] }];
  return { id, version: "1.0.0", card: { name: id, description: id, skills, ...more } };
}
