import { SignJWT } from "jose";
import type { JWTPayload } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { createAuthenticate } from "../../../src/auth/authenticate.ts";
import type { Authenticate } from "../../../src/auth/identity.ts";
import { createSigningKeys } from "../../../src/auth/signing-keys.ts";
import { toTrustedIssuers } from "../../../src/auth/trusted-issuer.ts";
import { createFixture, settle } from "../tasks/engine-fixture.ts";
import { createTestIssuer } from "../../support/test-issuer.ts";
import type { TestIssuer } from "../../support/test-issuer.ts";

const { parts, clock } = createFixture(async () => {});
const now = Math.floor(clock.now() / 1_000);
const good: JWTPayload = { aud: "gateway", sub: "alice", iat: now, exp: now + 300 };
const defaults = { audiences: ["gateway"], maxTokenLifetime: 900 };

let issuer: TestIssuer;
let authenticate: Authenticate;

beforeAll(async () => {
  issuer = await createTestIssuer();
  authenticate = create();
});

function create(more: { readonly requiredRole?: string } = {}): Authenticate {
  return createAuthenticate({
    issuers: toTrustedIssuers([issuer.issuer], [], { ...defaults, ...more }),
    clock,
    keysOf: (name) => createSigningKeys(name, issuer, clock, parts.logger),
  });
}

async function verdictOn(token: string, by = authenticate): Promise<unknown> {
  return (async () => by(token))().then(
    (identity) => identity,
    (error: { fault?: unknown }) => error.fault ?? error,
  );
}

describe("a token", () => {
  test("tells who calls, until when and in which roles", async () => {
    const roles = {
      realm_access: { roles: ["caller"] },
      resource_access: { gateway: { roles: ["writer"] }, account: { roles: ["other"] } },
      roles: ["Tasks.Read"],
      scp: "a b",
    };
    expect(await verdictOn(`Bearer ${await issuer.sign({ ...good, ...roles })}`)).toEqual({
      owner: ["https://issuer.test", "", "alice"],
      subject: "alice",
      roles: ["caller", "writer", "Tasks.Read", "a", "b"],
      expiresAt: (now + 330) * 1_000,
    });
  });

  test.each([
    [{ oid: "o", tid: "t" }, ["https://issuer.test", "t", "o"]],
    [{ azp: "client" }, ["https://issuer.test", "", "alice"]],
    [{ azp: "client", sub: undefined }, ["https://issuer.test", "", "client"]],
  ])("with %j is owned by %j", async (claims, owner) => {
    expect(await verdictOn(`bearer ${await issuer.sign({ ...good, ...claims } as JWTPayload)}`)).toMatchObject({
      owner,
    });
  });

  test.each<[string, JWTPayload]>([
    ["audience", { aud: "another" }],
    ["audience", { aud: ["another", "third"] }],
    ["audience", { aud: undefined as unknown as string }],
    ["expired", { iat: now - 400, exp: now - 31 }],
    ["not-yet-valid", { nbf: now + 31 }],
    ["not-yet-valid", { iat: now + 31, exp: now + 300 }],
    ["malformed", { exp: undefined as unknown as number }],
    ["malformed", { iat: undefined as unknown as number }],
    ["malformed", { exp: "2099" as unknown as number }],
    ["lifetime", { exp: now + 901 }],
    ["unknown-issuer", { iss: "https://issuer.test/" }],
    ["unknown-issuer", { iss: "https://evil.test" }],
    ["unknown-issuer", { iss: undefined as unknown as string }],
    ["no-subject", { sub: undefined as unknown as string }],
    ["no-subject", { sub: "" }],
    ["not-an-access-token", { typ: "ID" }],
    ["not-an-access-token", { typ: "Refresh" }],
  ])("is refused (%s) with the claims %j", async (reason, claims) => {
    const token = await issuer.sign({ ...good, ...claims });
    expect(await verdictOn(`Bearer ${token}`)).toEqual({ code: "bad-token", reason });
  });

  test("a few seconds early or late is accepted: clocks differ", async () => {
    for (const claims of [{ nbf: now + 20 }, { iat: now - 300, exp: now - 20 }, { iat: now + 20 }]) {
      expect(await verdictOn(`Bearer ${await issuer.sign({ ...good, ...claims })}`)).toHaveProperty("owner");
    }
  });

  test("is refused in every other form, by what is wrong with it", async () => {
    const token = await issuer.sign(good);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const unsigned = `${toBase64({ alg: "none" })}.${payload}.`;
    const shared = new SignJWT({ ...good, iss: issuer.issuer }).setProtectedHeader({ alg: "HS256", kid: "first" });
    const confused = await shared.sign(new TextEncoder().encode(JSON.stringify(issuer.publicKeys[0])));
    const refusals: [string, string][] = [
      ["not-bearer", `Basic ${btoa("alice:secret")}`],
      ["not-bearer", `Bearer ${token}, Bearer ${token}`],
      ["not-bearer", `Bearer ${header}.${payload}`],
      ["not-bearer", `Bearer ${token}\u00e9`],
      ["not-bearer", "Bearer"],
      ["too-long", `Bearer ${"a".repeat(17_000)}`],
      ["malformed", "Bearer a.b.c"],
      ["malformed", `Bearer ${toBase64([])}.${payload}.${signature}`],
      ["algorithm", `Bearer ${unsigned}`],
      ["algorithm", `Bearer ${confused}`],
      ["algorithm", `Bearer ${toBase64({ alg: "RS512", kid: "first" })}.${payload}.${signature}`],
      ["unknown-key", `Bearer ${toBase64({ alg: "PS256", kid: "first" })}.${payload}.${signature}`],
      ["signature", `Bearer ${header}.${toBase64({ ...good, iss: issuer.issuer, sub: "root" })}.${signature}`],
      ["signature", `Bearer ${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`],
      ["malformed", `Bearer ${toBase64({ alg: "RS256", kid: "first", crit: ["x"], x: 1 })}.${payload}.${signature}`],
    ];
    for (const [reason, authorization] of refusals) {
      expect([authorization.slice(0, 40), await verdictOn(authorization)]).toEqual([
        authorization.slice(0, 40),
        { code: "bad-token", reason },
      ]);
    }
    expect(await verdictOn("")).toEqual({ code: "no-token" });
  });

  test("that carries its own key, or where to find one, is judged by the issuer's", async () => {
    const evil = await createTestIssuer();
    const [jwk] = evil.publicKeys;
    for (const header of [{ jwk }, { jku: "https://evil.test/keys" }, { x5u: "https://evil.test/cert" }]) {
      const token = await evil.sign(good, header as object);
      expect(await verdictOn(`Bearer ${token}`)).toEqual({ code: "bad-token", reason: "signature" });
    }
    expect(evil.asked).toBe(0);
  });

  test("without the role that the gateway asks for is known, and not enough", async () => {
    const strict = create({ requiredRole: "caller" });
    expect(await verdictOn(`Bearer ${await issuer.sign(good)}`, strict)).toEqual({ code: "forbidden", role: "caller" });
    const token = await issuer.sign({ ...good, realm_access: { roles: ["caller"] } });
    expect(await verdictOn(`Bearer ${token}`, strict)).toHaveProperty("owner");
  });

  test("that was verified is cached until it expires or its key does", async () => {
    const { parts: own, clock: time } = createFixture(async () => {});
    const source = await createTestIssuer();
    const keys = createSigningKeys(source.issuer, source, time, own.logger);
    const by = createAuthenticate({
      issuers: toTrustedIssuers([source.issuer], [], { ...defaults, maxTokenLifetime: 86_400 }),
      clock: time,
      keysOf: () => keys,
    });
    const [short, long] = [await source.sign(good), await source.sign({ ...good, exp: now + 7_200 })];
    const first = await by(`Bearer ${long}`);
    expect(by(`Bearer ${long}`)).toBe(first);
    expect(await by(`Bearer ${short}`)).toMatchObject({ subject: "alice" });
    await time.advance(330_000);
    await expect(by(`Bearer ${short}`)).rejects.toMatchObject({ fault: { reason: "expired" } });

    await source.rotate("second");
    await time.advance(600_000);
    void by(`Bearer ${long}`);
    await settle();
    await expect(by(`Bearer ${long}`)).rejects.toMatchObject({ fault: { reason: "unknown-key" } });
  });

  test("cannot be judged while its issuer was never reached", async () => {
    const fresh = create();
    issuer.reachable = false;
    const verdict = verdictOn(`Bearer ${await issuer.sign(good)}`, fresh);
    await clock.advance(10_000);
    expect(await verdict).toEqual({ code: "no-keys", retryAfter: 5 });
    issuer.reachable = true;
  });
});

function toBase64(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
