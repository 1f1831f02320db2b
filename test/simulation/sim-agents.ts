import { Role } from "@a2a-js/sdk";
import type { Message } from "@a2a-js/sdk";
import { defineAgent } from "../../src/agents/define-agent.ts";
import type { Agent, AgentProfile, Turn } from "../../src/ports/agent.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { delay } from "../../src/ports/clock.ts";

const card: AgentProfile = {
  name: "simulated",
  description: "behaves in one way",
  skills: [{ id: "s", name: "s", description: "s", tags: [] }],
};

/** What no single process can know of steps: which have completed anywhere, and which ran again after that. */
export interface StepLedger {
  isCompleted(name: string): boolean;
  complete(name: string): void;
  /** Something that no correct engine lets happen. */
  report(violation: string): void;
}

/**
 * One agent for each way of treating a turn. Their time is that of the process they run in; `patience`, in s, is what the
 * one that ignores its signal is given.
 */
export function createSimAgents(clock: Clock, ledger: StepLedger, patience = 20): Agent[] {
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
    // An instance that starts late may not serve it any more.
    agent("retired", work),
    agent("brittle", work, { onCrash: "fail" }),
    agent("asker", async (turn) => {
      await turn.working("thinking");
      const answers = turn.history.filter(({ role }) => role === Role.ROLE_USER).length;
      if (answers === 0) {
        await turn.checkpoint({ asked: turn.message.messageId });
      }
      if (answers < 2) {
        await turn.ask("what else?");
      }
      if (turn.saved === undefined) {
        ledger.report(`${turn.taskId}: the checkpoint of the first turn is gone`);
      }
      await turn.artifact("out").close(turn.message.parts);
      await turn.complete();
    }),
    agent("stepper", walk, { rerun: "steps" }),
    agent("stepper-queued", walk, { rerun: "steps", runs: "queue" }),
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
      { timeout: patience },
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

  async function walk(turn: Turn): Promise<void> {
    const { steps, pause } = toPlan(turn.message);
    const before = turn.artifact("before");
    await before.close("begun");
    const out = turn.artifact("out");
    for (let at = 0; at < steps; at += 1) {
      const name = `${turn.taskId}/${at}`;
      const value = await turn.step(`step ${at}`, async () => {
        if (ledger.isCompleted(name)) {
          ledger.report(`${turn.taskId}: step ${at} ran again`);
        }
        await turn.working(`inside step ${at}`);
        await delay(clock, pause, turn.signal);
        turn.signal.throwIfAborted();
        return at * 7;
      });
      ledger.complete(name);
      await out.append(`${at}:${value};`);
    }
    await out.close("end");
    await turn.complete();
  }

  async function work(turn: Turn): Promise<void> {
    const { steps: chunks, pause } = toPlan(turn.message);
    const out = turn.artifact("out", { name: "out" });
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      await turn.working(`chunk ${chunk}`);
      await out.append(`attempt ${turn.attempt} chunk ${chunk};`);
      await delay(clock, pause, turn.signal);
      turn.signal.throwIfAborted();
    }
    await turn.complete("worked");
  }
}

/** What the walking agents leave in their artifact when they end well. */
export function toWalkResult(message: Message): string {
  const { steps } = toPlan(message);
  return `${Array.from({ length: steps }, (_, at) => `${at}:${at * 7};`).join("")}end`;
}

function toPlan({ parts: [part] }: Message): { readonly steps: number; readonly pause: number } {
  const text = part?.content?.$case === "text" ? part.content.value : "";
  const [, steps = "3", pause = "100"] = /(\d+) (\d+)/.exec(text) ?? [];
  return { steps: Number(steps), pause: Number(pause) };
}
