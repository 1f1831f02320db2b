import { setTimeout as wait } from "node:timers/promises";
import { defineAgent, defineGateway } from "../../src/index.ts";
import type { Turn } from "../../src/index.ts";

/** What the host tests talk to. */

const echo = defineAgent({
  ...describe("echo"),
  rerun: "safe",
  async run(turn) {
    await turn.artifact("echo").close(turn.message.parts);
    await turn.complete("done");
  },
});

const count = defineAgent({ ...describe("count"), run: countSlowly });

const countOnce = defineAgent({ ...describe("count-once"), onCrash: "fail", run: countSlowly });

const countQueued = defineAgent({ ...describe("count-queued"), runs: "queue", run: countSlowly });

/** Goes on for a while after it was told to stop. */
const stubborn = defineAgent({
  ...describe("stubborn"),
  async run(turn) {
    await turn.working("started");
    await wait(60_000);
  },
});

/** Half a second of work in three commits. */
const brief = defineAgent({
  ...describe("brief"),
  async run(turn) {
    await turn.working("started");
    await wait(500);
    await turn.complete("done");
  },
});

/** Its artifact is too large for a row. */
const large = defineAgent({
  ...describe("large"),
  async run(turn) {
    await turn.working("started");
    await wait(500, undefined, { signal: turn.signal });
    await turn.artifact("large").close("x".repeat(100_000));
    await turn.complete("done");
  },
});

/** Twelve artifacts of 1 MB, and a question. */
const twelve = defineAgent({
  ...describe("twelve"),
  async run(turn) {
    for (let number = 0; number < 12; number += 1) {
      await turn.artifact(`part-${number}`).close(`${number} `.repeat(1_000_000).slice(0, 1_000_000));
    }
    await turn.ask("Is it enough?");
  },
});

export default defineGateway({ agents: [echo, count, countOnce, countQueued, stubborn, brief, large, twelve] });

/** 1 to 12 in 1.3 s, as chunks of one artifact. */
async function countSlowly(turn: Turn): Promise<void> {
  const numbers = turn.artifact("numbers");
  for (let number = 1; number < 12; number += 1) {
    await numbers.append(`${number} `);
    await wait(120, undefined, { signal: turn.signal });
  }
  await numbers.close("12");
  await turn.complete("counted");
}

function describe(id: string) {
  return {
    id,
    version: "1.0.0",
    card: { name: id, description: id, skills: [{ id, name: id, description: id, tags: ["test"] }] },
  };
}
