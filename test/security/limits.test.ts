import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bearer, message, rest, rpc, toVerdict } from "./attack.ts";
import { call, startWorld } from "./world.ts";
import type { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld({ MAX_REQUESTS_PER_SECOND: "20", MAX_STREAMS_PER_CALLER: "3" });
});
afterAll(() => world.close());

async function ask(sub: string, request = rpc("GetTask", { id: "none" })): Promise<string> {
  const headers = { ...request.headers, ...bearer(await world.token({ sub })) };
  return toVerdict(await call(world.host.url, "/agents/echo", { ...request, headers }));
}

/** What a call that was let in gets: there is no such task. */
const SERVED = "200 rpc -32001";

test("invented key ids are refused, good calls are served meanwhile, and the issuer is left in peace", async () => {
  expect(await ask("warm")).toBe(SERVED);
  const before = world.issuer.fetches;
  const began = performance.now();
  const flood = Promise.all(
    Array.from({ length: 300 }, async (_, at) => {
      const headers = bearer(await world.token({}, { kid: `invented-${at}` }));
      const request = rpc("GetTask", { id: "none" });
      return toVerdict(
        await call(world.host.url, "/agents/echo", { ...request, headers: { ...request.headers, ...headers } }),
      );
    }),
  );
  for (let at = 0; at < 20; at += 1) {
    expect(await ask(`good-${at}`)).toBe(SERVED);
  }
  expect(new Set(await flood)).toEqual(new Set(["401 invalid_token"]));
  const seconds = (performance.now() - began) / 1_000;
  expect(world.issuer.fetches - before).toBeLessThanOrEqual(2 + seconds / 5);
});

test("keys that change under load cause no refusal", async () => {
  const verdicts = new Map<string, number>();
  let isOver = false;
  const flow = async (caller: number): Promise<void> => {
    for (let at = 0; !isOver; at += 1) {
      const verdict = await ask(`caller-${caller}-${at}`);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
  };
  const flows = Promise.all([1, 2, 3, 4].map(flow));
  for (const kid of ["second", "third"]) {
    await world.issuer.rotate(kid);
    // The first call with the new key waits for the issuer's turn; then all go on.
    const seen = verdicts.get(SERVED) ?? 0;
    await vi.waitFor(() => expect(verdicts.get(SERVED) ?? 0).toBeGreaterThan(seen + 100), 15_000);
  }
  isOver = true;
  await flows;
  expect([...verdicts.keys()]).toEqual([SERVED]);
});

test("an issuer that is down causes no refusal of tokens with a known key", async () => {
  expect(await ask("before")).toBe(SERVED);
  world.issuer.reachable = false;
  for (let at = 0; at < 20; at += 1) {
    expect(await ask(`down-${at}`)).toBe(SERVED);
  }
  world.issuer.reachable = true;
});

test("a caller that sends too much gets Retry-After, and the others are served", async () => {
  const headers = bearer(await world.token({ sub: "greedy" }));
  const list = rest("GET", undefined, headers);
  const answers = await Promise.all(
    Array.from({ length: 120 }, () => call(world.host.url, "/agents/echo/tasks", list)),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(20);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(40);
  expect(refused[0]?.headers["retry-after"]).toBe("1");
  expect(await ask("modest")).toBe(SERVED);
  await vi.waitFor(async () => expect(await ask("greedy")).toBe(SERVED), 5_000);
});

test("a caller has as many streams as it may, and another again when one ends", async () => {
  const streams = await Promise.all([1, 2, 3].map(() => stream("alice")));
  expect(streams.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await stream("alice")).status).toBe(429);
  const other = await stream("bob");
  expect(other.status).toBe(200);
  await streams[0]?.body?.cancel();
  const again = await vi.waitFor(async () => {
    const next = await stream("alice");
    expect(next.status).toBe(200);
    return next;
  }, 5_000);
  await Promise.all([again, other, ...streams.slice(1)].map(async ({ body }) => body?.cancel()));
});

test("a stream ends when the token ends that opened it, and the task goes on", async () => {
  const now = Math.floor(Date.now() / 1_000);
  // Counts for 30 s more, for clocks that differ: of those 3 are left.
  const response = await stream("late", { iat: now - 300, exp: now - 27 });
  expect(response.status).toBe(200);
  const began = performance.now();
  const text = await response.text();
  expect(performance.now() - began).toBeLessThan(6_000);
  const [, id = ""] = /"task":\{"id":"([^"]+)"/.exec(text) ?? [];
  const headers = bearer(await world.token({ sub: "late" }));
  const get = { ...rpc("GetTask", { id }), headers: { ...rpc("", {}).headers, ...headers } };
  const { json } = await call(world.host.url, "/agents/endless", get);
  expect(json.result.status.state).toBe("TASK_STATE_WORKING");
});

async function stream(sub: string, claims: object = {}): Promise<Response> {
  const { headers, ...request } = rpc("SendStreamingMessage", { message: message() });
  const token = await world.token({ sub, ...claims });
  return fetch(`${world.host.url}/agents/endless`, { ...request, headers: { ...headers, ...bearer(token) } });
}
