import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createAuthorizedFetch } from "../../src/adapters/oauth/authorized-fetch.ts";
import { createClientTokens } from "../../src/adapters/oauth/client-tokens.ts";
import type { OAuthClient } from "../../src/adapters/oauth/client-tokens.ts";
import { createManagedIdentityTokens } from "../../src/adapters/oauth/managed-identity-tokens.ts";
import type { OutgoingTokens } from "../../src/ports/outgoing-tokens.ts";
import { startOpenIdProvider } from "../support/openid-provider.ts";
import type { OpenIdProvider } from "../support/openid-provider.ts";

const request = { resource: "urn:agent" };

let provider: OpenIdProvider;
let elapsed: number;
let logged: string;
let secret: string;
const clock = { now: () => Date.now() + elapsed, monotonic: () => elapsed, after: () => () => {} };
const note = (event: string, fields = {}): void => void (logged += `${event} ${JSON.stringify(fields)}\n`);
const logger = { info: note, warn: note, error: note };

beforeAll(async () => {
  provider = await startOpenIdProvider({ audience: "urn:agent", roles: [] });
});
afterAll(() => provider.close());
beforeEach(() => {
  elapsed = 0;
  logged = "";
  secret = provider.clientSecret;
  provider.reachable = true;
});

function create(more: Partial<OAuthClient> = {}): OutgoingTokens {
  const { issuer, clientId } = provider;
  const credential = { kind: "secret", values: async () => [secret] } as const;
  return createClientTokens({ issuer, clientId, credential, ...more }, clock, logger);
}

test("a token is asked for once, however many need it, and one for each agent", async () => {
  const tokens = create();
  const before = provider.tokens;
  const all = await Promise.all(Array.from({ length: 50 }, () => tokens.get(request)));
  expect(new Set(all).size).toBe(1);
  expect(provider.tokens - before).toBe(1);
  expect(await tokens.get({ resource: "urn:other" })).not.toBe(all[0]);
  expect(await tokens.get(request)).toBe(all[0]);
  expect(decodeJwt(all[0] ?? "")).toMatchObject({ iss: provider.issuer, aud: "urn:agent", sub: provider.clientId });
});

test("a token is renewed before it expires, in the background", async () => {
  const tokens = create();
  const first = await tokens.get(request);
  elapsed = 239_000;
  expect(await tokens.get(request)).toBe(first);
  elapsed = 241_000;
  expect(await tokens.get(request)).toBe(first);
  await expect.poll(() => tokens.get(request)).not.toBe(first);
});

test("while the issuer is down, the token that is known goes on until its end", async () => {
  const tokens = create();
  const first = await tokens.get(request);
  provider.reachable = false;
  elapsed = 294_000;
  expect(await tokens.get(request)).toBe(first);
  await expect.poll(() => logged).toContain("token.renewal-failed");
  await Promise.all(Array.from({ length: 20 }, () => tokens.get(request)));
  expect(logged.match(/token\.renewal-failed/g)).toHaveLength(1);
  elapsed = 300_000;
  await expect(tokens.get(request)).rejects.toThrow(/gave client caller no token/);
  provider.reachable = true;
  // Whoever asks within a second hears what the last one heard.
  await expect(tokens.get(request)).rejects.toThrow(/no token/);
  elapsed = 301_000;
  expect(await tokens.get(request)).not.toBe(first);
});

test("a secret that the issuer does not know yet is no outage while the previous one is valid", async () => {
  const credential = { kind: "secret", values: async () => ["too new", secret] } as const;
  expect(await create({ credential }).get(request)).toMatch(/\./);
});

test("a secret that was changed is asked for again once, and works", async () => {
  let refreshes = 0;
  const refreshCredential = async (): Promise<void> => {
    refreshes += 1;
    secret = provider.clientSecret;
  };
  const tokens = create({ refreshCredential });
  await tokens.get(request);
  provider.rotateSecret();
  elapsed = 5_000;
  tokens.drop(request, await tokens.get(request));
  expect(await tokens.get(request)).toMatch(/\./);
  expect(refreshes).toBe(1);
});

test("a client that proves itself with a key needs no secret, and can act on a caller's behalf", async () => {
  const { clientId, pem } = provider.keyClient;
  const tokens = create({
    clientId,
    credential: { kind: "private-key", values: async () => [pem], algorithm: "ES256" },
  });
  expect(decodeJwt(await tokens.get(request))).toMatchObject({ sub: clientId });
  const caller = await provider.token();
  const exchanged = await tokens.get({ ...request, onBehalfOf: caller });
  expect(decodeJwt(exchanged)).toMatchObject({ sub: decodeJwt(caller).sub, act: { sub: clientId }, aud: "urn:agent" });
});

test("errors contain no secret and no token", async () => {
  secret = "canary-secret";
  const fails = async (): Promise<never> => Promise.reject(new Error("the store said canary"));
  const failing = { getToken: fails };
  const attempts: [OutgoingTokens, string][] = [
    [create({ refreshCredential: fails }), "it refused the client's credential"],
    [create({ credential: { kind: "secret", values: fails } }), "its credential cannot be read"],
    [create({ credential: { kind: "secret", values: async () => [] } }), "it has no credential"],
    [create({ credential: { kind: "private-key", values: async () => ["canary"], algorithm: "ES256" } }), "PKCS #8"],
    [createManagedIdentityTokens(failing, clock, logger), "got no token"],
  ];
  for (const [tokens, why] of attempts) {
    const error = await tokens.get(request).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(why);
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack) + logged;
    expect(told).not.toMatch(/canary|Y2FuYXJ5/);
    expect(error).not.toHaveProperty("cause");
  }
});

test("a managed identity's token is kept like any other", async () => {
  const asked: unknown[] = [];
  const credential = {
    async getToken(scope: string | string[]) {
      asked.push(scope);
      return { token: `token ${asked.length}`, expiresOnTimestamp: clock.now() + 300_000 };
    },
  };
  const tokens = createManagedIdentityTokens(credential, clock, logger);
  expect([await tokens.get({ resource: "api://agent" }), await tokens.get({ resource: "api://agent" })]).toEqual([
    "token 1",
    "token 1",
  ]);
  expect(asked).toEqual(["api://agent/.default"]);
});

test("a token that an agent refuses is replaced once, and never sent to another origin", async () => {
  const seen: (string | undefined)[] = [];
  let refusals = 1;
  const agent = createServer((incoming, outgoing) => {
    seen.push(incoming.headers.authorization);
    outgoing.writeHead(refusals-- > 0 ? 401 : 200).end("{}");
  }).listen(0, "127.0.0.1");
  await expect.poll(() => agent.address()).not.toBeNull();
  const url = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/`;
  const authorized = createAuthorizedFetch(create(), request, new URL(url).origin);
  const send = async (): Promise<number> => (await authorized(url, { method: "POST", body: "{}" })).status;

  refusals = 0;
  expect(await send()).toBe(200);
  elapsed = 5_000;
  refusals = 1;
  expect(await send()).toBe(200);
  expect(new Set(seen).size).toBe(2);
  expect(await send()).toBe(200);
  expect(seen[3]).toBe(seen[2]);

  // An agent that refuses everything does not make us ask for a token with every call.
  const before = provider.tokens;
  refusals = 100;
  for (let at = 0; at < 10; at += 1) {
    expect(await send()).toBe(401);
  }
  expect(provider.tokens).toBe(before);
  await expect(authorized("https://evil.example/")).rejects.toThrow("not to https://evil.example");
  agent.closeAllConnections();
  agent.close();
});
