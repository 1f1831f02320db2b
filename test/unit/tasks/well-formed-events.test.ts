import { StreamResponse } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { collect, createFixture, request } from "./engine-fixture.ts";

const bad = "\ud83d";
const long = `${"x".repeat(70_000)}${bad}y`;

test("a lone surrogate never differs between the live events, a replay and the stored task", async () => {
  const { engine, call, replay } = createFixture(async (turn) => {
    await turn.working(`${bad}s`);
    const init = { name: bad, description: bad, metadata: { [bad]: bad }, extensions: [`urn:${bad}`] };
    const artifact = turn.artifact(`a${bad}`, init);
    await artifact.append([{ text: long, filename: bad, metadata: { [bad]: bad } }]);
    await artifact.append([{ data: { [bad]: long } }]);
    await artifact.close(bad);
    await turn.complete(bad);
  });
  const live = await collect(engine.stream(call(), request("go")));
  const task = live[0]?.response.payload;
  const taskId = task?.$case === "task" ? task.value.id : "";
  const replayed = await replay(taskId);
  const toText = (events: typeof live): string[] =>
    events.map(({ response, json }) => json ?? JSON.stringify(StreamResponse.toJSON(response)));
  expect(toText(live)).toEqual(toText(replayed));
  const stored = JSON.stringify(await engine.get(call(), { id: taskId }));
  for (const text of [...toText(live), stored]) {
    expect(text).not.toContain("\\ud83d");
    expect(text.isWellFormed()).toBe(true);
  }
});
