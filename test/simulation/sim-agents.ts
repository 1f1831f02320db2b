import { defineAgent } from "../../src/agents/define-agent.ts";
import type { Agent, AgentProfile, Turn } from "../../src/ports/agent.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { delay } from "../../src/tasks/delay.ts";

const card: AgentProfile = {
  name: "simulated",
  description: "behaves in one way",
  skills: [{ id: "s", name: "s", description: "s", tags: [] }],
};

/** One agent for each way of treating a turn. Their time is that of the process they run in. */
export function createSimAgents(clock: Clock): Agent[] {
  const agent = (id: string, run: (turn: Turn) => Promise<void>, more: Partial<Agent> = {}): Agent =>
    defineAgent({ id, version: "1.0.0", card, rerun: "safe", run, ...more });
  return [
    agent("echo", async (turn) => {
      await turn.artifact("out").append(turn.message.parts);
      await turn.complete("done");
    }),
    agent("worker", work),
    agent("queued", work, { runs: "queue" }),
    agent("careful", work, { rerun: "steps" }),
    agent("brittle", work, { onCrash: "fail" }),
    agent("asker", async (turn) => {
      await turn.working("thinking");
      if (turn.history.length === 0) {
        await turn.ask("what else?");
      }
      await turn.artifact("out").close(turn.message.parts);
      await turn.complete();
    }),
    agent("thrower", async (turn) => {
      await turn.artifact("out").append("half");
      throw new Error("thrown");
    }),
    agent(
      "stubborn",
      async (turn) => {
        for (let chunk = 0; ; chunk += 1) {
          await delay(clock, 900);
          turn
            .artifact(`out-${chunk}`)
            .append("ignores its signal")
            .catch(() => {});
        }
      },
      { timeout: 20 },
    ),
    agent("eager", async (turn) => {
      const out = turn.artifact("out");
      for (let chunk = 0; chunk < 20; chunk += 1) {
        void out.append(`${chunk} `);
      }
      void turn.complete("all at once");
      void turn.working("after the end");
    }),
  ];

  async function work(turn: Turn): Promise<void> {
    const [, chunks = "3", pause = "100"] = /(\d+) (\d+)/.exec(textOf(turn)) ?? [];
    const out = turn.artifact("out", { name: "out" });
    for (let chunk = 0; chunk < Number(chunks); chunk += 1) {
      await turn.working(`chunk ${chunk}`);
      await out.append(`attempt ${turn.attempt} chunk ${chunk};`);
      await delay(clock, Number(pause), turn.signal);
      turn.signal.throwIfAborted();
    }
    await turn.complete("worked");
  }
}

function textOf({ message }: Turn): string {
  const content = message.parts[0]?.content;
  return content?.$case === "text" ? content.value : "";
}
