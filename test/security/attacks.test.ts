import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import { buildFunctions } from "../support/functions-bundle.ts";
import { inputAttacks } from "./input-attacks.ts";
import { pathAttacks } from "./path-attacks.ts";
import { strangerAttacks } from "./stranger-attacks.ts";
import { tokenAttacks } from "./token-attacks.ts";
import { answered, call, GATEWAY_CONFIG, SECRETS, startWorld } from "./world.ts";
import type { World } from "./world.ts";

const groups = { tokens: tokenAttacks, paths: pathAttacks, strangers: strangerAttacks, input: inputAttacks };

const hosts = [
  { name: "the Node host", start: () => startWorld() },
  { name: "the Functions host", start: startFunctionsWorld },
];

describe.each(hosts)("$name", ({ name: host, start }) => {
  const rows: string[] = [];
  let world: World;

  beforeAll(async () => {
    world = await start();
  });
  afterAll(async () => {
    process.stdout.write(`\n${rows.join("\n")}\n${rows.length} attacks on ${host}, each with its refusal\n`);
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

  test("no token, key or credential is in the log or in any answer", async () => {
    await call(world.host.url, "/agents/echo/.well-known/agent-card.json", { headers: { "a2a-version": "1.0" } });
    await call(world.host.url, "/.well-known/jwks.json");
    expect(world.tokens.length).toBeGreaterThan(60);
    expect(answered.length).toBeGreaterThan(200);
    // Of a token its signature: the rest is no secret, and says little by itself.
    const signatures = world.tokens.flatMap((token) => token.split(".")[2] || []);
    const written = world.host.output + answered.join("\n");
    expect([...SECRETS, ...signatures].filter((secret) => written.includes(secret))).toEqual([]);
  });
});

async function startFunctionsWorld(): Promise<World> {
  const [azurite, bundle] = await Promise.all([startAzurite(), buildFunctions(GATEWAY_CONFIG)]);
  const world = await startWorld({ AzureWebJobsStorage: azurite.connectionString }, async (env) => {
    const host = await startFunctionsHost(bundle.main, env);
    return {
      url: host.url,
      kill: () => host.kill(),
      get output() {
        return host.worker.output;
      },
    };
  });
  return {
    ...world,
    async close() {
      await world.close();
      await azurite.close();
      bundle.remove();
    },
  };
}
