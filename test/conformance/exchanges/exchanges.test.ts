import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { describeHosts } from "../target.ts";
import { httpDialects, rpcDialects } from "./current-dialects.ts";
import type { Content, Dialect } from "./dialect.ts";
import { legacyHttpDialects } from "./legacy-http-dialects.ts";
import { legacyRpcDialects } from "./legacy-rpc-dialects.ts";
import { exchange } from "./wire.ts";

const missing = "00000000-0000-4000-8000-000000000000";

const groups: readonly (readonly [string, readonly Dialect[]])[] = [
  ["JSON-RPC of 1.0", rpcDialects],
  ["HTTP+JSON of 1.0", httpDialects],
  ["JSON-RPC of 0.3", legacyRpcDialects],
  ["HTTP+JSON of 0.3", legacyHttpDialects],
];

/** The exchanges of other people's SDKs, request and answer as each of them has it; read in their sources. */
describeHosts("the exchanges of clients [wire-v03]", (host) => {
  describe.each(groups)("over %s", (_binding, dialects) => {
    describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))("%s", (_name, dialect) => {
      const send = async (agent: string, parts: readonly Content[], contextId?: string) => {
        const message = { id: randomUUID(), parts, ...(contextId !== undefined && { contextId }) };
        return dialect.readSent(await exchange(host, agent, dialect.send(message)));
      };

      test("sends text, data and a file, and gets them back", async () => {
        const parts = [{ text: "Grüße" }, { data: { a: [1, null] } }, { bytes: "AAH/" }];
        const task = await send("echo", parts);
        expect(task).toMatchObject({ state: "COMPLETED", contents: parts });
        expect(dialect.readTask(await exchange(host, "echo", dialect.get(task.id)))).toMatchObject({
          id: task.id,
          contents: parts,
        });
      });

      test("gets a task with as much history as it asks for, and cancels it", async () => {
        const { id } = await send("chat", [{ text: "hi" }]);
        const get = async (length?: number) => {
          return dialect.readTask(await exchange(host, "chat", dialect.get(id, length)));
        };
        expect((await get()).history).toBeGreaterThan(0);
        expect((await get(1)).history).toBe(1);
        for (let time = 0; time < 2; time += 1) {
          const canceled = dialect.readTask(await exchange(host, "chat", dialect.cancel(id)));
          expect(canceled).toMatchObject({ id, state: "CANCELED" });
        }
      });

      test("streams a task to its end, and subscribes to one", async () => {
        const message = { id: randomUUID(), parts: [{ data: { chunks: 3, everyMs: 5 } }] };
        const events = dialect.readEvents(await exchange(host, "slow", dialect.stream(message)));
        expect(events[0]?.kind).toBe("task");
        expect(events.map(({ kind }) => kind)).toContain("artifactUpdate");
        expect(events.at(-1)).toMatchObject({ kind: "statusUpdate", state: "COMPLETED" });
        const { id } = await send("chat", [{ text: "hi" }]);
        const snapshot = dialect.readEvents(await exchange(host, "chat", dialect.subscribe(id), true));
        expect(snapshot).toEqual([{ kind: "task", state: "INPUT_REQUIRED" }]);
      });

      test("keeps push notification configs", async () => {
        const { id } = await send("chat", [{ text: "hi" }]);
        const config = { id: "one", url: "https://client.example/hook", token: "t", scheme: "Bearer" };
        const created = dialect.readConfig(await exchange(host, "chat", dialect.createConfig(id, config)));
        expect(created).toEqual(config);
        expect(dialect.readConfig(await exchange(host, "chat", dialect.getConfig(id, "one")))).toEqual(config);
        const plain = { id: "two", url: config.url };
        const other = { ...plain, ...(dialect.readList ? {} : { scheme: "" }) };
        expect(dialect.readConfig(await exchange(host, "chat", dialect.createConfig(id, other)))).toEqual(plain);
        if (!dialect.listConfigs || !dialect.readConfigs) return;
        const list = async () =>
          dialect.readConfigs?.(await exchange(host, "chat", dialect.listConfigs?.(id) ?? never()));
        expect(await list()).toEqual(expect.arrayContaining([config, plain]));
        if (!dialect.deleteConfig) return;
        dialect.readDeleted?.(await exchange(host, "chat", dialect.deleteConfig(id, "one")));
        expect(await list()).toEqual([plain]);
      });

      test("sends a config with the message", async () => {
        const push = { id: "one", url: "https://client.example/hook" };
        const sent = { id: randomUUID(), parts: [{ text: "hi" }], push };
        const { id } = dialect.readSent(await exchange(host, "chat", dialect.send(sent)));
        expect(dialect.readConfig(await exchange(host, "chat", dialect.getConfig(id, "one")))).toEqual(push);
      });

      test("knows a refusal for what it is", async () => {
        const refusals = [dialect.get(missing), dialect.cancel(missing), dialect.getConfig(missing, "one")];
        for (const refused of refusals) {
          expect(dialect.readError(await exchange(host, "echo", refused))).toBe("TASK_NOT_FOUND");
        }
        const empty = dialect.send({ id: randomUUID(), parts: [] });
        expect(dialect.readError(await exchange(host, "echo", empty))).toBe("INVALID_PARAMS");
      });

      test.runIf(dialect.list)("lists tasks of a context since a time", async () => {
        const first = await send("echo", [{ text: "1" }]);
        await send("echo", [{ text: "2" }], first.contextId);
        const answer = await exchange(host, "echo", dialect.list?.(first.contextId) ?? never());
        expect(dialect.readList?.(answer)).toHaveLength(2);
      });
    });
  });
});

function never(): never {
  throw new Error("asked of a client that has none");
}
