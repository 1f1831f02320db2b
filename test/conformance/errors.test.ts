import { expect, test } from "vitest";
import type { Answer, JsonObject } from "./json.ts";
import { toSend } from "./messages.ts";
import { describeBindings } from "./target.ts";

const missing = "00000000-0000-4000-8000-000000000000";

describeBindings("errors of the table [5.4-mapped] [5.1-same-errors] [11.6-error-info] [3.3.2-payload]", (connect) => {
  const echo = connect("echo");

  test.each(["GetTask", "CancelTask"] as const)(
    "%s of no task is TaskNotFound [5.4-task-not-found] [3.3.2-not-found]",
    async (operation) => {
      await expect(echo.call(operation, { id: missing })).rejects.toMatchObject(echo.refusal("TASK_NOT_FOUND"));
    },
  );

  test("a task is not found under another agent's id [wire-own-agent]", async () => {
    const { task } = await echo.call("SendMessage", toSend("hi"));
    const chat = connect("chat");
    for (const operation of ["GetTask", "CancelTask"] as const) {
      await expect(chat.call(operation, { id: task.id })).rejects.toMatchObject(chat.refusal("TASK_NOT_FOUND"));
    }
    await expect(chat.open("SubscribeToTask", { id: task.id })).rejects.toMatchObject(chat.refusal("TASK_NOT_FOUND"));
    const params = toSend("more", { taskId: task.id });
    await expect(chat.call("SendMessage", params)).rejects.toMatchObject(chat.refusal("TASK_NOT_FOUND"));
    expect((await chat.call("ListTasks")).tasks.map(({ id }: Answer) => id)).not.toContain(task.id);
  });

  test("canceling an ended task is TaskNotCancelable [5.4-task-not-cancelable]", async () => {
    const { task } = await echo.call("SendMessage", toSend("hi"));
    await expect(echo.call("CancelTask", { id: task.id })).rejects.toMatchObject(echo.refusal("TASK_NOT_CANCELABLE"));
  });

  test("an extended card is UnsupportedOperation [5.4-unsupported-operation] [3.3.4-extended-card]", async () => {
    await expect(echo.call("GetExtendedAgentCard")).rejects.toMatchObject(echo.refusal("UNSUPPORTED_OPERATION"));
  });

  test("an agent that owes a Message and gives none is InvalidAgentResponse [5.4-invalid-agent-response]", async () => {
    const mute = connect("mute");
    await expect(mute.call("SendMessage", toSend("hi"))).rejects.toMatchObject(mute.refusal("INVALID_AGENT_RESPONSE"));
  });

  test.each<[string, JsonObject]>([
    ["no message", {}],
    ["no messageId", { message: { role: "ROLE_USER", parts: [{ text: "hi" }] } }],
    ["an empty messageId", toSend("hi", { messageId: "" })],
    ["no role", { message: { messageId: "m", parts: [{ text: "hi" }] } }],
    ["an unknown role", toSend("hi", { role: "ROLE_ADMIN" })],
    ["no parts", { message: { messageId: "m", role: "ROLE_USER" } }],
    ["empty parts", toSend("hi", { parts: [] })],
    ["a part without content", toSend("hi", { parts: [{ mediaType: "text/plain" }] })],
    ["a part with two contents", toSend("hi", { parts: [{ text: "a", url: "https://a.example" }] })],
    ["raw bytes that are not base64", toSend("hi", { parts: [{ raw: "%%%" }] })],
    ["text that is a number", toSend("hi", { parts: [{ text: 1 }] })],
    ["a negative historyLength", toSend("hi", {}, { historyLength: -1 })],
    ["a historyLength in pieces", toSend("hi", {}, { historyLength: 0.5 })],
  ])("a message with %s is InvalidParams [3.3.2-validation] [9.5-invalid-params] [5.7-required]", async (_, params) => {
    await expect(echo.call("SendMessage", params)).rejects.toMatchObject(echo.refusal("INVALID_PARAMS"));
    await expect(echo.open("SendStreamingMessage", params)).rejects.toMatchObject(echo.refusal("INVALID_PARAMS"));
  });

  test("unknown fields are ignored, as newer clients need", async () => {
    const { task } = await echo.call("SendMessage", { ...toSend("hi", { mood: "good" }), later: { version: true } });
    expect(task.status.state).toBe("TASK_STATE_COMPLETED");
  });

  test("a details object says its type [9.5-data] [11.6-details]", async () => {
    await expect(echo.call("GetTask", { id: missing })).rejects.toSatisfy(
      ({ details }: Answer) =>
        details.length > 0 && details.every((detail: Answer) => detail["@type"].startsWith("type.googleapis.com/")),
    );
  });
});
