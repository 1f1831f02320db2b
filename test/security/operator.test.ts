import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bearer, message, rpc } from "./attack.ts";
import { call, startWorld } from "./world.ts";
import type { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const operator = { sub: "olga", realm_access: { roles: ["caller", "operator"] } };

async function ask(claims: JWTPayload, method: string, params: object, more: Record<string, string> = {}) {
  const { headers, ...request } = rpc(method, params, { ...bearer(await world.token(claims)), ...more });
  return call(world.host.url, "/agents/asker", { ...request, headers });
}

test("an operator lists, reads and cancels what is another's, and each act is logged", async () => {
  const { json } = await ask({ sub: "alice" }, "SendMessage", { message: message() });
  const { id } = json.result.task;
  // As docs/security.md has it.
  const owner = JSON.stringify([world.issuer.issuer, "", "alice", ""]);
  const scope = { "a2a-operator-scope": createHash("sha256").update(owner).digest("hex").slice(0, 32) };

  expect((await ask(operator, "GetTask", { id })).json.error.code).toBe(-32001);
  expect((await ask(operator, "GetTask", { id }, scope)).json.result.id).toBe(id);
  expect((await ask(operator, "ListTasks", {}, scope)).json.result.tasks).toMatchObject([{ id }]);
  const canceled = await ask(operator, "CancelTask", { id }, scope);
  expect(canceled.json.result.status.state).toBe("TASK_STATE_CANCELED");
  expect((await ask({ sub: "alice" }, "GetTask", { id })).json.result.status.state).toBe("TASK_STATE_CANCELED");

  const lines = world.host.output.split("\n").filter((line) => line.includes('"operator.acted"'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(
    ["GetTask", "ListTasks", "CancelTask"].map((method) => ({
      subject: "olga",
      scope: scope["a2a-operator-scope"],
      method,
    })),
  );
});
