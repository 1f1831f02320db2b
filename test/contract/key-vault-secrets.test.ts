import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createKeyVaultSecrets } from "../../src/adapters/key-vault/key-vault-secrets.ts";
import type { KeyVaultParts, KeyVaultSecrets } from "../../src/adapters/key-vault/key-vault-secrets.ts";
import { createLogger } from "../../src/hosts/node/logger.ts";
import { createFakeCredential } from "../support/key-vault/fake-credential.ts";
import type { FakeCredential } from "../support/key-vault/fake-credential.ts";
import { startVaultStandIn, TENANT } from "../support/key-vault/vault-stand-in.ts";
import type { VaultStandIn } from "../support/key-vault/vault-stand-in.ts";
import { createManualClock } from "../support/manual-clock.ts";
import type { ManualClock } from "../support/manual-clock.ts";

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const MINUTE = 60_000;
/** In every value and in the token: neither may show in a log or an error. */
const CANARY = "canary";

let vault: VaultStandIn;
let clock: ManualClock;
let credential: FakeCredential;
let secrets: KeyVaultSecrets;
let lines: string[];
let errors: unknown[];

beforeEach(async () => {
  vault = await startVaultStandIn(NOW - 365 * 24 * 60 * MINUTE);
  clock = createManualClock(NOW);
  credential = createFakeCredential(`${CANARY}-token`);
  lines = [];
  errors = [];
  secrets = open();
});
afterEach(async () => {
  secrets.close();
  await vault.close();
  const shown = [...lines, ...errors.map((error) => inspect(error, { depth: 20, showHidden: true }))].join("\n");
  if (shown.includes(CANARY)) throw new Error(`something secret was shown:\n${shown}`);
});

describe("the values of a secret", () => {
  test("are its newest three versions, newest first, over all pages of the list", async () => {
    vault.add("key", "canary-2", { created: NOW - 20 * SECOND });
    vault.add("key", "canary-4", { created: NOW - 5 * SECOND });
    vault.add("key", "canary-1", { created: NOW - 30 * SECOND });
    vault.add("key", "canary-3", { created: NOW - 10 * SECOND });
    vault.add("other", "canary-other");

    expect(await secrets.get("key")).toEqual(["canary-4", "canary-3", "canary-2"]);
    expect(await open({ keepVersions: 1 }).get("key")).toEqual(["canary-4"]);
  });

  test("leave out versions that are disabled, expired or not yet valid", async () => {
    vault.add("key", "canary-1");
    vault.add("key", "canary-expired", { expires: NOW });
    vault.add("key", "canary-2", { notBefore: NOW, expires: NOW + SECOND });
    vault.add("key", "canary-disabled", { enabled: false });
    vault.add("key", "canary-later", { notBefore: NOW + SECOND });

    expect(await secrets.get("key")).toEqual(["canary-2", "canary-1"]);
  });

  test("are none when there is no such secret", async () => {
    expect(await secrets.get("none")).toEqual([]);
    expect(await secrets.get("constructor")).toEqual([]);
    vault.inject({ status: 404 });
    expect(await secrets.get("gone")).toEqual([]);
    expect(lines).toEqual([]);
  });

  test("leave out a version that is removed between the list and its reading", async () => {
    vault.add("key", "canary-1");
    vault.add("key", "canary-2");
    vault.inject("none", { status: 404 });

    expect(await secrets.get("key")).toHaveLength(1);
  });

  test("lose a version that is disabled meanwhile", async () => {
    vault.add("key", "canary-1");
    const id = vault.add("key", "canary-2");
    await secrets.get("key");
    vault.change("key", id, { enabled: false });

    expect(await secrets.refresh("key")).toEqual(["canary-1"]);
  });

  test("cost nothing once they are known, and one flight while they are not", async () => {
    vault.add("key", "canary-1");

    expect(await Promise.all([secrets.get("key"), secrets.get("key"), secrets.refresh("key")])).toEqual(
      Array.from({ length: 3 }, () => ["canary-1"]),
    );
    await secrets.get("key");
    expect(vault.requests).toHaveLength(2);
  });

  test("expire on time without a request to the vault", async () => {
    vault.add("key", "canary-1");
    vault.add("key", "canary-2", { expires: NOW + 2 * SECOND });
    await secrets.get("key");
    clock.advance(2 * SECOND);

    expect(await secrets.get("key")).toEqual(["canary-1"]);
    expect(vault.requests).toHaveLength(3);
  });
});

describe("a token", () => {
  test("is asked for as the vault's challenge says", async () => {
    await secrets.get("key");
    expect(credential.asked[0]).toEqual({ scopes: ["https://vault.azure.net/.default"], tenantId: TENANT });
  });

  test("is not asked for when the challenge names another's resource", async () => {
    const suspicious = createKeyVaultSecrets({ ...parts(), client: { tlsOptions: { ca: vault.ca } } });

    expect(await failureOf(suspicious.get("key"))).toMatch(/Cannot read secret key from the key vault/);
    expect(credential.asked).toEqual([]);
    suspicious.close();
  });

  test("that cannot be had is an outage", async () => {
    credential.misbehave(async () => {
      throw Object.assign(new Error("canary: no identity"), { name: "CredentialUnavailableError" });
    });
    expect(await failureOf(secrets.get("key"))).toMatch(/CredentialUnavailableError$/);
  });

  test("that never comes is waited for 5 s, and does not spoil what follows", async () => {
    credential.misbehave(() => new Promise(() => {}));
    const failure = failureOf(secrets.get("key"));
    await eventually(() => expect(credential.asked).toHaveLength(1));
    clock.advance(5 * SECOND);
    expect(await failure).toMatch(/no answer in time/);

    credential.misbehave();
    clock.advance(SECOND);
    expect(await secrets.get("key")).toEqual([]);
  });

  test("that cannot be renewed before it expires fails where that is seen, not on its own", async () => {
    credential = createFakeCredential(`${CANARY}-token`, MINUTE);
    secrets = open();
    await secrets.get("key");
    credential.misbehave(async () => {
      throw new Error("down");
    });
    await secrets.refresh("key");

    expect(events()).toEqual(["secret.fetch-failed"]);
  });
});

describe("a new version", () => {
  test("is picked up in the background within 5 minutes, and costs two requests", async () => {
    vault.add("key", "canary-1");
    await secrets.get("key");
    const id = vault.add("key", "canary-2");
    expect(clock.waiting()).toEqual([5 * MINUTE]);
    clock.advance(5 * MINUTE);

    await eventually(async () => expect(await secrets.get("key")).toEqual(["canary-2", "canary-1"]));
    expect(vault.requests.slice(2)).toEqual(["GET /secrets/key/versions", `GET /secrets/key/${id}`]);
    expect(logged()).toMatchObject([{ event: "secret.version-changed", secret: "key", version: id }]);
  });

  test("is looked for again and again", async () => {
    await secrets.get("key");
    for (const value of ["canary-1", "canary-2"]) {
      vault.add("key", value);
      clock.advance(5 * MINUTE);
      await eventually(async () => expect((await secrets.get("key"))[0]).toBe(value));
    }
  });

  test.each([
    ["the newest one expires", { expires: NOW + 2 * MINUTE }, 2 * MINUTE - 30 * SECOND],
    ["one begins to count", { notBefore: NOW + MINUTE }, MINUTE],
    ["the newest one expires at once", { expires: NOW + SECOND }, 10 * SECOND],
  ])("is looked for earlier when %s", async (_, attributes, due) => {
    vault.add("key", "canary-1", attributes);
    await secrets.get("key");
    vault.add("key", "canary-2");
    expect(clock.waiting()).toEqual([due]);
    clock.advance(due);

    await eventually(async () => expect(await secrets.get("key")).toContain("canary-2"));
  });

  test("is picked up when a refresh asks for it, at most once in 10 s", async () => {
    vault.add("key", "canary-1");
    await secrets.get("key");
    vault.add("key", "canary-2");
    expect(await Promise.all([secrets.refresh("key"), secrets.refresh("key")])).toEqual([
      ["canary-2", "canary-1"],
      ["canary-2", "canary-1"],
    ]);
    expect(vault.requests).toHaveLength(4);

    vault.add("key", "canary-3");
    clock.advance(10 * SECOND - 1);
    expect(await secrets.refresh("key")).toEqual(["canary-2", "canary-1"]);
    expect(vault.requests).toHaveLength(4);
    clock.advance(1);
    expect(await secrets.refresh("key")).toEqual(["canary-3", "canary-2", "canary-1"]);
  });

  test("is not looked for after the end", async () => {
    await secrets.get("key");
    secrets.close();
    expect(clock.waiting()).toEqual([]);

    await secrets.refresh("key");
    expect(clock.waiting()).toEqual([]);
  });
});

describe("an outage", () => {
  test("after the start keeps the known values, and is logged once, as is its end", async () => {
    vault.add("key", "canary-1", { expires: NOW + 60 * MINUTE });
    await secrets.get("key");
    vault.add("key", "canary-2");
    vault.misbehave({ status: 500 });
    expect(await secrets.refresh("key")).toEqual(["canary-1"]);
    const before = vault.requests.length;
    clock.advance(30 * SECOND);
    await eventually(() => expect(vault.requests).toHaveLength(before + 3));
    expect(await secrets.refresh("key")).toEqual(["canary-1"]);
    expect(logged()).toMatchObject([
      { level: "warn", event: "secret.fetch-failed", secret: "key", reason: "answered 500", known: 1 },
    ]);
    expect(secrets.problem()).toBe("secret key: answered 500; its known versions stay in use");

    vault.misbehave();
    clock.advance(30 * SECOND);
    await eventually(async () => expect(await secrets.get("key")).toEqual(["canary-2", "canary-1"]));
    expect(events()).toEqual(["secret.fetch-failed", "secret.fetch-recovered", "secret.version-changed"]);
    expect(secrets.problem()).toBeUndefined();

    vault.misbehave({ status: 403 });
    expect(await secrets.refresh("key")).toEqual(["canary-2", "canary-1"]);
    expect(events().slice(3)).toEqual(["secret.fetch-failed"]);
  });

  test.each([
    ["cuts connections", "cut", /: E?[A-Z_]+$/],
    ["answers 500", { status: 500 }, /: answered 500$/],
    ["answers 403", { status: 403 }, /: answered 403$/],
    ["answers half", "garble", /: [A-Z_]+$/],
  ] as const)("at the start that %s rejects, and asks no more than once in a second", async (_, fault, reason) => {
    vault.add("key", "canary-1");
    vault.misbehave(fault);
    const began = performance.now();
    expect(await failureOf(secrets.get("key"))).toMatch(reason);
    expect(performance.now() - began).toBeLessThan(5 * SECOND);
    const before = vault.requests.length;
    expect(before).toBeLessThanOrEqual(3);
    expect(await failureOf(secrets.get("key"))).toMatch(reason);
    expect(vault.requests).toHaveLength(before);

    vault.misbehave();
    clock.advance(SECOND);
    expect(await secrets.get("key")).toEqual(["canary-1"]);
  });

  test("at the start in which nothing is answered rejects after 5 s, without a further try", async () => {
    vault.misbehave("hang");
    const failure = failureOf(secrets.get("key"));
    await eventually(() => expect(vault.requests).toHaveLength(1));
    clock.advance(5 * SECOND);

    expect(await failure).toMatch(/no answer in time/);
    expect(vault.requests).toHaveLength(1);
  });

  test("at the start that drags on over several tries rejects after 10 s", async () => {
    vault.misbehave({ status: 429, retryAfter: "2" });
    const failure = failureOf(secrets.get("key"));
    await eventually(() => expect(vault.requests).toHaveLength(1));
    await eventually(() => expect(clock.waiting()).toEqual([10 * SECOND]));
    clock.advance(10 * SECOND);

    expect(await failure).toMatch(/no answer in time/);
  });

  test("at the start that none asks about again ends in the background", async () => {
    vault.add("key", "canary-1");
    vault.inject({ status: 403 });
    await failureOf(secrets.get("key"));
    clock.advance(30 * SECOND);
    await eventually(() => expect(events()).toContain("secret.fetch-recovered"));
    vault.misbehave("cut");

    expect(await secrets.get("key")).toEqual(["canary-1"]);
  });

  test("of a value that cannot be read shows nothing of it", async () => {
    vault.add("key", "canary-1");
    vault.inject("none", "garble");

    expect(await failureOf(secrets.get("key"))).toMatch(/PARSE_ERROR/);
  });
});

describe("a vault that throttles", () => {
  test("is asked again after a short while", async () => {
    vault.add("key", "canary-1");
    vault.inject({ status: 429, retryAfter: "1" });
    const began = performance.now();

    expect(await secrets.get("key")).toEqual(["canary-1"]);
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(lines).toEqual([]);
  });

  test.each([
    ["seconds", "90"],
    ["a date", new Date(NOW + 90 * SECOND).toUTCString()],
  ])("is left alone, for all secrets, as long as it says in %s", async (_, retryAfter) => {
    vault.add("key", "canary-1");
    await secrets.get("key");
    vault.inject({ status: 429, retryAfter });
    expect(await secrets.refresh("key")).toEqual(["canary-1"]);
    vault.add("key", "canary-2");
    const before = vault.requests.length;
    for (const ms of [0, 30 * SECOND, 30 * SECOND, 29 * SECOND]) {
      clock.advance(ms);
      expect(await secrets.refresh("key")).toEqual(["canary-1"]);
      expect(await failureOf(secrets.get("another"))).toMatch(/throttled/);
    }
    expect(vault.requests).toHaveLength(before);

    clock.advance(SECOND);
    await eventually(async () => expect(await secrets.get("key")).toEqual(["canary-2", "canary-1"]));
  });

  test("and never says for how long is given three tries at most", async () => {
    vault.misbehave({ status: 429, retryAfter: "0" });

    expect(await failureOf(secrets.get("key"))).toMatch(/answered 429/);
    expect(vault.requests).toHaveLength(3);
  });
});

/** The library waits between its tries, up to a second or so. */
async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

function parts(): KeyVaultParts {
  return {
    vaultUrl: vault.url,
    credential,
    clock,
    logger: createLogger("info", (line) => lines.push(line)),
    // Of a vault on localhost no challenge can be right.
    client: { tlsOptions: { ca: vault.ca }, disableChallengeResourceVerification: true },
  };
}

function open(other: Partial<KeyVaultParts> = {}): KeyVaultSecrets {
  return createKeyVaultSecrets({ ...parts(), ...other });
}

/** The message that it rejects with. */
async function failureOf(values: Promise<readonly string[]>): Promise<string> {
  const error: unknown = await values.then(
    () => expect.unreachable("it did not reject"),
    (reason: unknown) => reason,
  );
  errors.push(error);
  return error instanceof Error ? error.message : "";
}

function logged(): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function events(): unknown[] {
  return logged().map(({ event }) => event);
}
