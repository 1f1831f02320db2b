import { setTimeout as wait } from "node:timers/promises";
import { AgentEvent } from "@a2a-js/sdk/server";
import type { AgentExecutor } from "@a2a-js/sdk/server";
import { TaskState } from "@a2a-js/sdk";
import { defineAgent, defineGateway, fromExecutor } from "../../src/index.ts";
import type { Turn } from "../../src/index.ts";
import { createLongText } from "./long-text.ts";

/** What the conformance suite talks to: agents that do one thing each, told how by numbers in a data part. */

const echo = defineAgent({
  ...describe("echo", "Gives back what it gets, as an artifact."),
  rerun: "safe",
  async run(turn) {
    await turn.artifact("echo", { name: "echo" }).close(turn.message.parts);
    await turn.complete("done");
  },
});

const chat = defineAgent({
  ...describe("chat", "Asks once, then completes with the answer."),
  async run(turn) {
    if (turn.history.length === 0) await turn.ask("What is your name?");
    await turn.artifact("answer").close(turn.message.parts);
    await turn.complete("Thank you.");
  },
});

/** Told `{ chunks, everyMs }`: that many chunks of one artifact, one word each. Many and slow: runs until canceled. */
const slow = defineAgent({
  ...describe("slow", "Works in many small steps."),
  async run(turn) {
    const { chunks = 3, everyMs = 20 } = readNumbers(turn);
    await turn.working("started");
    const words = turn.artifact("words");
    for (let chunk = 1; chunk < chunks; chunk += 1) {
      await words.append(`${chunk} `);
      await wait(everyMs, undefined, { signal: turn.signal });
    }
    await words.close(`${chunks}`);
    await turn.complete("finished");
  },
});

const auth = defineAgent({
  ...describe("auth", "Needs an authorization before it completes."),
  async run(turn) {
    if (turn.history.length === 0) await turn.requireAuth("Sign in at https://login.example first.");
    await turn.complete("signed in");
  },
});

const reject = defineAgent({
  ...describe("reject", "Rejects whatever it gets."),
  run: (turn) => turn.reject("not for me"),
});

const fail = defineAgent({
  ...describe("fail", "Throws."),
  run: () => Promise.reject(new Error("a secret of the agent")),
});

const silent = defineAgent({
  ...describe("silent", "Returns without finishing."),
  run: () => Promise.resolve(),
});

const message = defineAgent({
  ...describe("message", "Answers with a Message, without a Task."),
  replies: "message",
  run: (turn) => turn.reply(turn.message.parts),
});

const mute = defineAgent({
  ...describe("mute", "Should answer with a Message and does not."),
  replies: "message",
  run: () => Promise.resolve(),
});

/** Told `{ parts, bytes }`: an artifact of that many text parts of that many bytes each. */
const large = defineAgent({
  ...describe("large", "Gives more than one event can carry."),
  async run(turn) {
    const { parts = 1, bytes = 1 } = readNumbers(turn);
    const text = createLongText(bytes);
    await turn.artifact("large").close(Array.from({ length: parts }, () => text));
    await turn.complete("that was all");
  },
});

const executor: AgentExecutor = {
  async execute({ taskId, contextId, userMessage }, bus) {
    const task = { id: taskId, contextId, artifacts: [], history: [], metadata: undefined };
    const status = (state: TaskState) => ({ state, message: undefined, timestamp: undefined });
    const event = { taskId, contextId, metadata: undefined };
    const artifact = { artifactId: "echo", name: "", description: "", metadata: undefined, extensions: [] };
    bus.publish(AgentEvent.task({ ...task, status: status(TaskState.TASK_STATE_SUBMITTED) }));
    bus.publish(AgentEvent.statusUpdate({ ...event, status: status(TaskState.TASK_STATE_WORKING) }));
    bus.publish(
      AgentEvent.artifactUpdate({
        ...event,
        artifact: { ...artifact, parts: userMessage.parts },
        append: false,
        lastChunk: true,
      }),
    );
    bus.publish(AgentEvent.statusUpdate({ ...event, status: status(TaskState.TASK_STATE_COMPLETED) }));
    bus.finished();
  },
  cancelTask: () => Promise.resolve(),
};

const pinned = ["1.4.2", "2.0.1"].map((version) =>
  defineAgent({ ...describe("pinned", "Says its version."), version, run: (turn) => turn.complete(version) }),
);

export default defineGateway({
  agents: [
    echo,
    chat,
    slow,
    auth,
    reject,
    fail,
    silent,
    message,
    mute,
    large,
    fromExecutor(executor, describe("executor", "An executor of the A2A SDK.")),
    ...pinned,
  ],
  default: "echo",
});

function describe(id: string, description: string) {
  const skills = [{ id, name: id, description, tags: ["fixture"] }];
  return { id, version: "1.0.0", card: { name: id, description, skills } };
}

function readNumbers(turn: Turn): { [name: string]: number } {
  const data = turn.message.parts.find((part) => part.content?.$case === "data")?.content?.value;
  return typeof data === "object" ? data : {};
}
