import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createLongText } from "./long-text.ts";
import { toSend } from "./messages.ts";
import { describeBindings } from "./target.ts";
import { readText, untilState } from "./until.ts";

/** Runs until it is canceled, as far as a test is concerned. */
const endless = { chunks: 100_000, everyMs: 50 };
const atOnce = { returnImmediately: true };

describeBindings("SendMessage", (connect) => {
  const echo = connect("echo");
  const chat = connect("chat");
  const slow = connect("slow");
  const auth = connect("auth");

  describe("a blocking send", () => {
    test("answers with the ended task, its artifacts and its status message [3.1.1-task-or-message] [3.2.2-blocking] [3.2.2-blocking-whole]", async () => {
      const { task } = await echo.call("SendMessage", toSend("hello"));
      expect(task.status).toMatchObject({ state: "TASK_STATE_COMPLETED", message: { parts: [{ text: "done" }] } });
      expect(task.artifacts).toMatchObject([{ artifactId: "echo", name: "echo", parts: [{ text: "hello" }] }]);
      expect(task.history).toMatchObject([{ role: "ROLE_USER", parts: [{ text: "hello" }] }]);
    });

    test("waits for an agent that takes its time [3.2.2-blocking]", async () => {
      const { task } = await slow.call("SendMessage", toSend({ chunks: 5, everyMs: 30 }));
      expect(task.status.state).toBe("TASK_STATE_COMPLETED");
      expect(task.artifacts).toHaveLength(1);
      expect(readText(task.artifacts[0])).toBe("1 2 3 4 5");
    });

    test("answers at INPUT_REQUIRED and at AUTH_REQUIRED [3.2.2-blocking]", async () => {
      const { task: asked } = await chat.call("SendMessage", toSend("hi"));
      expect(asked.status).toMatchObject({ state: "TASK_STATE_INPUT_REQUIRED", message: { role: "ROLE_AGENT" } });
      const { task: held } = await auth.call("SendMessage", toSend("hi"));
      expect(held.status.state).toBe("TASK_STATE_AUTH_REQUIRED");
    });

    test("answers whole, whatever the size [wire-whole-answers]", async () => {
      const { task } = await connect("large").call("SendMessage", toSend({ parts: 5, bytes: 1_200_000 }));
      const whole = createLongText(1_200_000);
      const fetched = await connect("large").call("GetTask", { id: task.id });
      for (const [artifact] of [task.artifacts, fetched.artifacts]) {
        expect(artifact.parts.length).toBeGreaterThanOrEqual(5);
        expect(readText(artifact) === whole.repeat(5)).toBe(true);
      }
    });

    test("carries every kind of part there and back [4-equivalent] [5.5-camel-case] [5.5-enums] [5.7-required]", async () => {
      const parts = [
        { text: "" },
        { text: "ü€😀\u2028", mediaType: "text/plain", metadata: { lang: "de", deep: [1, { a: null }] } },
        { raw: "AAECAwQFBgc=", mediaType: "application/octet-stream", filename: "a b.bin" },
        { url: "https://files.example/x?y=1", mediaType: "image/png" },
        { data: { n: 1.5, list: [true, null, "x"], nested: {} } },
        { data: [1, 2] },
        { data: null },
        { data: 0 },
      ];
      const { task } = await echo.call("SendMessage", toSend("", { parts }));
      expect(task.artifacts[0].parts).toEqual(parts);
      expect((await echo.call("GetTask", { id: task.id })).history[0].parts).toEqual(parts);
    });

    test("writes its times in UTC [5.6.1-utc]", async () => {
      const { task } = await echo.call("SendMessage", toSend("now"));
      expect(task.status.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Math.abs(Date.now() - Date.parse(task.status.timestamp))).toBeLessThan(60_000);
    });
  });

  describe("a send that returns immediately", () => {
    test("answers while the task goes on, which then ends [3.2.2-return-immediately]", async () => {
      const { task } = await slow.call("SendMessage", toSend({ chunks: 20, everyMs: 20 }, {}, atOnce));
      expect(task.status.state).toMatch(/^TASK_STATE_(?:SUBMITTED|WORKING)$/);
      const ended = await untilState(slow, task.id, "TASK_STATE_COMPLETED");
      expect(readText(ended.artifacts[0])).toMatch(/^1 2 .* 20$/);
    });
  });

  describe("an agent that answers with a Message", () => {
    test("gives a Message, and no task is listed [3.1.1-task-or-message]", async () => {
      const peer = connect("message");
      const { message, task } = await peer.call("SendMessage", toSend("hello", {}, atOnce));
      expect(task).toBeUndefined();
      expect(message).toMatchObject({ role: "ROLE_AGENT", parts: [{ text: "hello" }] });
      expect(message.contextId).toMatch(/./);
      expect((await peer.call("ListTasks")).totalSize).toBe(0);
    });
  });

  describe("contexts", () => {
    test("a context is generated, and said [3.4.1-generated-context]", async () => {
      const { task } = await echo.call("SendMessage", toSend("hello"));
      expect(task.contextId).toMatch(/./);
      expect((await echo.call("SendMessage", toSend("hello"))).task.contextId).not.toBe(task.contextId);
    });

    test("a client's context is kept [3.4.1-client-context]", async () => {
      const contextId = `mine/${randomUUID()} ü`;
      const { task } = await echo.call("SendMessage", toSend("hello", { contextId }));
      expect(task.contextId).toBe(contextId);
    });

    test("a follow-up without one has the task's [3.4.3-infer-context]", async () => {
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const { task: answered } = await chat.call("SendMessage", toSend("Ada", { taskId: task.id }));
      expect(answered).toMatchObject({ id: task.id, contextId: task.contextId });
    });

    test("a follow-up with another one is refused, and changes nothing [3.4.3-mismatch]", async () => {
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const wrong = toSend("Ada", { taskId: task.id, contextId: randomUUID() });
      await expect(chat.call("SendMessage", wrong)).rejects.toMatchObject(chat.refusal("INVALID_PARAMS"));
      expect(await chat.call("GetTask", { id: task.id })).toEqual(task);
    });
  });

  describe("tasks", () => {
    test("every send is a new task, the same messageId too [3.4.2-unique-id]", async () => {
      const params = toSend("again");
      const first = await echo.call("SendMessage", params);
      const second = await echo.call("SendMessage", params);
      expect(second.task.id).not.toBe(first.task.id);
      expect(first.task.id).toMatch(/./);
    });

    test("a follow-up continues the task with its history [3.4.3-infer-context]", async () => {
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const { task: ended } = await chat.call(
        "SendMessage",
        toSend("Ada", { taskId: task.id, contextId: task.contextId }),
      );
      expect(ended.status.state).toBe("TASK_STATE_COMPLETED");
      expect(readText(ended.artifacts[0])).toBe("Ada");
      const texts = ended.history.map((message: { parts: { text: string }[] }) => message.parts[0]?.text);
      expect(texts).toEqual(["hi", "What is your name?", "Ada"]);
    });

    test("a task that waits for an authorization goes on with a message [7.6.1-task] [7.6.1-auth-required] [7.6.1-explained]", async () => {
      const { task } = await auth.call("SendMessage", toSend("hi"));
      expect(task.status.state).toBe("TASK_STATE_AUTH_REQUIRED");
      expect(task.status.message.parts[0].text).toContain("Sign in");
      const { task: ended } = await auth.call("SendMessage", toSend("done", { taskId: task.id }));
      expect(ended.status.state).toBe("TASK_STATE_COMPLETED");
    });

    test("an unknown taskId is TaskNotFound [3.4.2-existing-task]", async () => {
      for (const operation of ["SendMessage", "SendStreamingMessage"] as const) {
        const params = toSend("hi", { taskId: randomUUID() });
        await expect(
          operation === "SendMessage" ? echo.call(operation, params) : echo.open(operation, params),
        ).rejects.toMatchObject(echo.refusal("TASK_NOT_FOUND"));
      }
    });

    test("an ended task takes no further message [5.4-unsupported-operation]", async () => {
      const { task } = await echo.call("SendMessage", toSend("hi"));
      await expect(echo.call("SendMessage", toSend("more", { taskId: task.id }))).rejects.toMatchObject(
        echo.refusal("UNSUPPORTED_OPERATION"),
      );
    });

    test("a working task takes no further message, and the error says so [wire-follow-up-working]", async () => {
      const { task } = await slow.call("SendMessage", toSend(endless, {}, atOnce));
      await untilState(slow, task.id, "TASK_STATE_WORKING");
      await expect(slow.call("SendMessage", toSend("more", { taskId: task.id }))).rejects.toMatchObject({
        ...slow.refusal("UNSUPPORTED_OPERATION"),
        message: expect.stringMatching(/working/i),
      });
      await slow.call("CancelTask", { id: task.id });
    });

    test("references to unknown tasks are left out, not refused [wire-references]", async () => {
      const { task } = await echo.call("SendMessage", toSend("hi", { referenceTaskIds: [randomUUID()] }));
      expect(task.status.state).toBe("TASK_STATE_COMPLETED");
    });
  });

  describe("historyLength", () => {
    test("bounds the history of every answer, newest kept [3.2.4-history-length]", async () => {
      const { task } = await chat.call("SendMessage", toSend("hi"));
      const answer = toSend("Ada", { taskId: task.id }, { historyLength: 1 });
      const { task: ended } = await chat.call("SendMessage", answer);
      const full = (await chat.call("GetTask", { id: task.id })).history;
      expect(full).toHaveLength(3);
      expect(ended.history).toEqual(full.slice(-1));
      expect((await chat.call("GetTask", { id: task.id, historyLength: 2 })).history).toEqual(full.slice(-2));
      expect((await chat.call("GetTask", { id: task.id, historyLength: 99 })).history).toEqual(full);
      expect(await chat.call("GetTask", { id: task.id, historyLength: 0 })).not.toHaveProperty("history");
    });
  });

  describe("whatever the agent does [wire-runner]", () => {
    test.each([
      ["reject", "TASK_STATE_REJECTED"],
      ["fail", "TASK_STATE_FAILED"],
      ["silent", /^TASK_STATE_(?:COMPLETED|FAILED)$/],
      ["executor", "TASK_STATE_COMPLETED"],
    ])("the turn of %s ends", async (agent, state) => {
      const { task } = await connect(agent).call("SendMessage", toSend("hi"));
      expect(task.status.state).toMatch(state);
      expect(JSON.stringify(task)).not.toContain("a secret of the agent");
    });

    test("an executor's events become the task's", async () => {
      const { task } = await connect("executor").call("SendMessage", toSend("hi"));
      expect(task.artifacts).toMatchObject([{ artifactId: "echo", parts: [{ text: "hi" }] }]);
    });
  });
});

describeBindings("CancelTask", (connect) => {
  const slow = connect("slow");

  test("ends a running task, and again says the same [wire-cancel-canceled]", async () => {
    const { task } = await slow.call("SendMessage", toSend(endless, {}, atOnce));
    await untilState(slow, task.id, "TASK_STATE_WORKING");
    const canceled = await slow.call("CancelTask", { id: task.id });
    expect(canceled.status.state).toBe("TASK_STATE_CANCELED");
    expect(await slow.call("CancelTask", { id: task.id })).toEqual(canceled);
    expect((await slow.call("GetTask", { id: task.id })).status).toEqual(canceled.status);
  });

  test("ends a task that waits for input", async () => {
    const { task } = await connect("chat").call("SendMessage", toSend("hi"));
    expect((await connect("chat").call("CancelTask", { id: task.id })).status.state).toBe("TASK_STATE_CANCELED");
  });

  test.each(["echo", "reject", "fail"])("is refused on the ended task of %s [wire-cancel-canceled]", async (agent) => {
    const peer = connect(agent);
    const { task } = await peer.call("SendMessage", toSend("hi"));
    await expect(peer.call("CancelTask", { id: task.id })).rejects.toMatchObject(peer.refusal("TASK_NOT_CANCELABLE"));
  });
});
