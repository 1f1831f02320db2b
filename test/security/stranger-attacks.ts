import { bearer, message, rest, rpc, toVerdict } from "./attack.ts";
import type { Attack } from "./attack.ts";
import { call, CREDENTIALS } from "./world.ts";
import type { World } from "./world.ts";

/** Alice's things, which Mallory tries to reach with a token that counts. */
interface Loot {
  readonly taskId: string;
  readonly contextId: string;
  readonly configId: string;
  readonly pageToken: string;
}

const MISSING = "as if it did not exist";
const loots = new WeakMap<World, Promise<Loot>>();

/** Every operation on what is another caller's: the answer is the one for what does not exist. */
export const strangerAttacks: readonly Attack[] = [
  onTask("GetTask", ({ taskId: id }) => ({ id })),
  onTask("CancelTask", ({ taskId: id }) => ({ id })),
  onTask("SubscribeToTask", ({ taskId: id }) => ({ id })),
  onTask("SendMessage", ({ taskId }) => ({ message: message("more", { taskId }) })),
  onTask("SendStreamingMessage", ({ taskId }) => ({ message: message("more", { taskId }) })),
  onTask("CreateTaskPushNotificationConfig", ({ taskId }) => ({ taskId, url: "https://mallory.example/" })),
  onTask("GetTaskPushNotificationConfig", ({ taskId, configId: id }) => ({ taskId, id })),
  onTask("ListTaskPushNotificationConfigs", ({ taskId }) => ({ taskId })),
  onTask("DeleteTaskPushNotificationConfig", ({ taskId, configId: id }) => ({ taskId, id })),
  ...(
    [
      ["GET", ({ taskId }) => `/tasks/${taskId}`],
      ["POST", ({ taskId }) => `/tasks/${taskId}:cancel`],
      ["POST", ({ taskId }) => `/tasks/${taskId}:subscribe`],
      ["GET", ({ taskId }) => `/tasks/${taskId}/pushNotificationConfigs`],
      ["GET", ({ taskId, configId }) => `/tasks/${taskId}/pushNotificationConfigs/${configId}`],
      ["DELETE", ({ taskId, configId }) => `/tasks/${taskId}/pushNotificationConfigs/${configId}`],
    ] as const satisfies readonly (readonly [string, (loot: Loot) => string])[]
  ).map(([method, toPath]): Attack => ({
    name: `another's task by ${method} ${toPath({ taskId: "…", configId: "…", contextId: "", pageToken: "" })}`,
    expected: MISSING,
    run: (world) =>
      compare(world, async (loot, headers) =>
        call(world.host.url, `/agents/asker${toPath(loot)}`, rest(method, undefined, headers)),
      ),
  })),
  ...["tasks/get", "tasks/cancel", "tasks/resubscribe", "tasks/pushNotificationConfig/list"].map((method): Attack => ({
    name: `another's task by ${method} (0.3)`,
    expected: MISSING,
    run: (world) =>
      compare(world, async ({ taskId }, headers) =>
        call(world.host.url, "/agents/asker", rpc(method, { id: taskId }, { ...headers, "a2a-version": "0.3" })),
      ),
  })),
  {
    name: "another's task by its own agent's neighbour",
    expected: MISSING,
    run: (world) =>
      compare(
        world,
        async ({ taskId }, headers) => call(world.host.url, "/agents/echo", rpc("GetTask", { id: taskId }, headers)),
        "alice",
      ),
  },
  {
    name: "another's context in a list",
    expected: "an empty list",
    async run(world) {
      const { contextId } = await lootOf(world);
      const { json } = await asMallory(world, rpc("ListTasks", { contextId }));
      return json.result.tasks.length === 0 && json.result.totalSize === 0 ? "an empty list" : JSON.stringify(json);
    },
  },
  {
    name: "another's page token",
    expected: "200 rpc -32602",
    async run(world) {
      const { pageToken } = await lootOf(world);
      return toVerdict(await asMallory(world, rpc("ListTasks", { pageSize: 1, pageToken })));
    },
  },
  {
    name: "another's task as a reference",
    expected: "left out",
    async run(world) {
      const { taskId } = await lootOf(world);
      const sent = message("look", { referenceTaskIds: [taskId] });
      const { text } = await asMallory(world, rpc("SendMessage", { message: sent }), "/agents/echo");
      return text.includes("references 0") ? "left out" : text;
    },
  },
  {
    name: "another's idempotency key",
    expected: "a task of its own",
    async run(world) {
      const headers = { "idempotency-key": crypto.randomUUID() };
      const request = rpc("SendMessage", { message: message("mine") }, headers);
      const alice = await call(world.host.url, "/agents/echo", {
        ...request,
        headers: { ...request.headers, ...bearer(await world.token()) },
      });
      const mallory = await asMallory(world, request, "/agents/echo");
      return alice.json.result.task.id === mallory.json.result.task.id ? "the same" : "a task of its own";
    },
  },
  {
    name: "an A2A tenant for somebody else's scope",
    expected: MISSING,
    run: (world) =>
      compare(world, async ({ taskId }, headers) =>
        call(world.host.url, "/agents/asker", rpc("GetTask", { id: taskId, tenant: "alice" }, headers)),
      ),
  },
  ...(["SendMessage", "SendStreamingMessage", "ListTasks", "GetExtendedAgentCard"] as const).map((method): Attack => ({
    name: `${method} of an agent that needs another role`,
    expected: "403 insufficient_scope",
    async run(world) {
      const params = method.startsWith("Send") ? { message: message() } : {};
      return toVerdict(await asMallory(world, rpc(method, params), "/agents/reserved"));
    },
  })),
  {
    name: "the agent that needs another role, in its pinned version and a tenant",
    expected: "403 insufficient_scope",
    async run(world) {
      const request = rest("POST", { message: message() }, bearer(await world.token({ sub: "mallory" })));
      return toVerdict(await call(world.host.url, "/agents/reserved@1/tenant/message:send", request));
    },
  },
  {
    name: "somebody's scope, named as an operator would (A2A-Operator-Scope)",
    expected: "403",
    async run(world) {
      const request = rpc("ListTasks", {}, { "a2a-operator-scope": "0".repeat(32) });
      return (await asMallory(world, request)).status.toString();
    },
  },
  {
    name: "an operator that would speak in somebody's name",
    expected: "403",
    async run(world) {
      const roles = { realm_access: { roles: ["caller", "operator"] } };
      const token = await world.token({ sub: "operator", ...roles });
      const request = rpc("SendMessage", { message: message() }, { "a2a-operator-scope": "0".repeat(32) });
      const answer = await call(world.host.url, "/agents/asker", {
        ...request,
        headers: { ...request.headers, ...bearer(token) },
      });
      return answer.status.toString();
    },
  },
  {
    name: "the agent that needs another role, in the catalog",
    expected: "not named",
    async run(world) {
      const headers = bearer(await world.token({ sub: "mallory" }));
      const { json } = await call(world.host.url, "/agents", { headers });
      return json.agents.some(({ id }: { id: string }) => id === "reserved") ? "named" : "not named";
    },
  },
];

function onTask(method: string, toParams: (loot: Loot) => object): Attack {
  return {
    name: `another's task by ${method}`,
    expected: MISSING,
    run: (world) =>
      compare(world, async (loot, headers) =>
        call(world.host.url, "/agents/asker", rpc(method, toParams(loot), headers)),
      ),
  };
}

/** The same request for what is Alice's and for what never was must get the same answer, ids apart. */
async function compare(
  world: World,
  ask: (loot: Loot, headers: Record<string, string>) => Promise<{ status: number; text: string }>,
  sub = "mallory",
): Promise<string> {
  const loot = await lootOf(world);
  const never = { taskId: crypto.randomUUID(), contextId: crypto.randomUUID(), configId: loot.configId, pageToken: "" };
  const headers = bearer(await world.token({ sub }));
  const [theirs, nobodys] = [await ask(loot, headers), await ask(never, headers)];
  const [one, other] = [theirs.text.replaceAll(loot.taskId, "ID"), nobodys.text.replaceAll(never.taskId, "ID")];
  if (theirs.status !== nobodys.status || one !== other || /"result"/.test(one)) {
    return `${theirs.status} ${one} instead of ${nobodys.status} ${other}`;
  }
  return MISSING;
}

function lootOf(world: World): Promise<Loot> {
  const loot = loots.get(world) ?? prepare(world);
  loots.set(world, loot);
  return loot;
}

async function prepare(world: World): Promise<Loot> {
  const headers = bearer(await world.token());
  const ask = async (method: string, params: object) =>
    (await call(world.host.url, "/agents/asker", rpc(method, params, headers))).json.result;
  await ask("SendMessage", { message: message() });
  const { task } = await ask("SendMessage", { message: message() });
  const configId = "mine";
  const authentication = { scheme: "Bearer", credentials: CREDENTIALS };
  const config = { taskId: task.id, id: configId, url: "https://alice.example/", authentication };
  await ask("CreateTaskPushNotificationConfig", config);
  await ask("ListTaskPushNotificationConfigs", { taskId: task.id });
  const { nextPageToken: pageToken } = await ask("ListTasks", { pageSize: 1 });
  return { taskId: task.id, contextId: task.contextId, configId, pageToken };
}

async function asMallory(world: World, request: ReturnType<typeof rpc>, path = "/agents/asker") {
  const headers = { ...request.headers, ...bearer(await world.token({ sub: "mallory" })) };
  return call(world.host.url, path, { ...request, headers });
}
