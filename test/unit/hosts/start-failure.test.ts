import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { beforeEach, expect, test, vi } from "vitest";
import { compose } from "../../../src/compose.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { defineGateway } from "../../../src/agents/define-gateway.ts";
import { defineTestAgent } from "../tasks/engine-fixture.ts";

const vault = vi.hoisted(() => ({ values: {} as Record<string, string[]>, closed: 0 }));

vi.mock("../../../src/adapters/secrets/open-secrets.ts", () => ({
  openSecrets: async () => ({
    get: async (name: string) => vault.values[name] ?? [],
    refresh: async (name: string) => vault.values[name] ?? [],
    problem: () => undefined,
    close: () => (vault.closed += 1),
  }),
}));

const STATE_KEY = Buffer.alloc(32, 7).toString("base64");
const CARD_KEY = createPrivateKey(
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
).export({ type: "pkcs8", format: "pem" }) as string;

beforeEach(() => {
  vault.values = { "state-key": [STATE_KEY], "card-signing-key": [CARD_KEY] };
  vault.closed = 0;
});

const env = { KEY_VAULT_URL: "https://mine.vault.azure.net", TASK_STORE: "memory", AUTH_MODE: "none" };
// A port that nothing listens on.
const NO_STORAGE = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${STATE_KEY};BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;`;

test.each([
  ["the storage does not answer", { TASK_STORE: "table", STORAGE_CONNECTION_STRING: NO_STORAGE }, {}],
  ["no issuer is configured", { AUTH_MODE: "jwt" }, {}],
  ["the state key is missing", {}, { "state-key": [] }],
  ["the card's key cannot sign", {}, { "card-signing-key": ["no key"] }],
])("when %s, nothing refreshes secrets afterwards", async (_, more, values) => {
  Object.assign(vault.values, values);
  await expect(start({ ...env, ...more })).rejects.toMatchObject({ name: "ConfigError" });
  expect(vault.closed).toBeGreaterThan(0);
});

test("a gateway that starts keeps its secrets until it closes", async () => {
  const gateway = await start(env);
  expect(vault.closed).toBe(0);
  await gateway.close();
  expect(vault.closed).toBe(1);
});

function start(environment: Record<string, string>): ReturnType<typeof compose> {
  const definition = defineGateway({ agents: [defineTestAgent(async () => {})] });
  const quiet = { info() {}, warn() {}, error() {} };
  return compose(parseConfig(environment), definition, quiet, "http://127.0.0.1");
}
