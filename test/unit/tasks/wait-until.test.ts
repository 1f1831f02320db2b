import { expect, test } from "vitest";
import { createFixture, request, settle } from "./engine-fixture.ts";

test.each(["streamed", "blocking"])(
  "whoever keeps the process alive hears when a %s turn has ended, long after its caller left",
  async (how) => {
    const finish = Promise.withResolvers<void>();
    const { engine, call } = createFixture(async (turn) => {
      await finish.promise;
      await turn.complete("done");
    });
    const left = new AbortController();
    const turns: Promise<void>[] = [];
    const asked = call({ signal: left.signal, waitUntil: (turn) => void turns.push(turn) });
    if (how === "streamed") {
      const events = engine.stream(asked, request("go"));
      await events.next();
      left.abort();
      await events.return();
    } else {
      engine.send(asked, request("go")).catch(() => {});
      await settle();
      left.abort();
    }
    let hasEnded = false;
    void turns[0]?.then(() => (hasEnded = true));
    await settle();
    expect(turns).toHaveLength(1);
    expect(hasEnded).toBe(false);

    finish.resolve();
    await settle();
    expect(hasEnded).toBe(true);
    expect(engine.turns).toBe(0);
  },
);

test("a call that begins no turn has nothing to wait for", async () => {
  const { engine, call, send } = createFixture(async (turn) => turn.ask("who?"));
  const { id } = await send("go");
  const turns: Promise<void>[] = [];
  const asked = call({ waitUntil: (turn) => void turns.push(turn) });
  await engine.get(asked, { id });
  await engine.subscribe(asked, { id }).next();
  expect(turns).toEqual([]);
});
