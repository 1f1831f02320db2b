import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inputAttacks } from "./input-attacks.ts";
import { pathAttacks } from "./path-attacks.ts";
import { strangerAttacks } from "./stranger-attacks.ts";
import { tokenAttacks } from "./token-attacks.ts";
import { startWorld, STATE_KEY } from "./world.ts";
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

test("no token, and no key, is in the log", () => {
  expect(world.tokens.length).toBeGreaterThan(60);
  const found = [...world.tokens, STATE_KEY].filter((secret) =>
    world.host.output.includes(secret.split(".").at(-1) || secret),
  );
  expect(found).toEqual([]);
});
