import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inputAttacks } from "./input-attacks.ts";
import { pathAttacks } from "./path-attacks.ts";
import { strangerAttacks } from "./stranger-attacks.ts";
import { tokenAttacks } from "./token-attacks.ts";
import { answered, call, SECRETS, startWorld } from "./world.ts";
import type { World } from "./world.ts";

const groups = { tokens: tokenAttacks, paths: pathAttacks, strangers: strangerAttacks, input: inputAttacks };

let world: World;
const rows: string[] = [];

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  process.stdout.write(`\n${rows.join("\n")}\n${rows.length} attacks, each with its refusal\n`);
  await world.close();
});

describe.each(Object.entries(groups))("%s", (group, attacks) => {
  test.each(attacks.map((attack) => [attack.name, attack] as const))("%s", async (name, attack) => {
    const verdict = await attack.run(world);
    rows.push(`${group.padEnd(10)} ${name.slice(0, 90).padEnd(90)} ${verdict}`);
    expect(verdict).toBe(attack.expected);
  });
});

test("whatever was tried, a good call is served", async () => {
  const response = await fetch(`${world.host.url}/agents/echo/tasks`, {
    headers: { "a2a-version": "1.0", authorization: `Bearer ${await world.token()}` },
  });
  expect(response.status).toBe(200);
});

test("no token, key or credential is in the log, or in what anybody was answered", async () => {
  await call(world.host.url, "/agents/echo/.well-known/agent-card.json", { headers: { "a2a-version": "1.0" } });
  await call(world.host.url, "/.well-known/jwks.json");
  expect(world.tokens.length).toBeGreaterThan(60);
  expect(answered.length).toBeGreaterThan(200);
  // Of a token its signature: the rest is no secret, and says little by itself.
  const signatures = world.tokens.flatMap((token) => token.split(".")[2] || []);
  const written = world.host.output + answered.join("\n");
  expect([...SECRETS, ...signatures].filter((secret) => written.includes(secret))).toEqual([]);
});
