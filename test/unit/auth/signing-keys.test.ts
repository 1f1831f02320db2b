import { beforeEach, expect, test } from "vitest";
import { createSigningKeys, KEY_TIMES } from "../../../src/auth/signing-keys.ts";
import type { SigningKeys } from "../../../src/auth/signing-keys.ts";
import { createFixture, settle } from "../tasks/engine-fixture.ts";
import type { Fixture } from "../tasks/engine-fixture.ts";
import { createTestIssuer } from "../../support/test-issuer.ts";
import type { TestIssuer } from "../../support/test-issuer.ts";

let issuer: TestIssuer;
let fixture: Fixture;
let keys: SigningKeys;

beforeEach(async () => {
  issuer = await createTestIssuer();
  fixture = createFixture(async () => {});
  keys = createSigningKeys(issuer.issuer, issuer, fixture.clock, fixture.parts.logger);
});

async function find(kid: string): Promise<readonly string[]> {
  const found = keys.find(kid);
  await fixture.clock.advance(0);
  return (await found).map((key) => String(key.kid));
}

test("are asked for once, however many wait", async () => {
  const all = Promise.all(Array.from({ length: 50 }, () => keys.find("first")));
  await fixture.clock.advance(0);
  expect((await all).every(([key]) => key?.kid === "first")).toBe(true);
  expect(issuer.asked).toBe(1);
  expect(await find("first")).toEqual(["first"]);
  expect(issuer.asked).toBe(1);
});

test("that are new are found by the first token that they signed", async () => {
  await find("first");
  await fixture.clock.advance(60_000);
  await issuer.rotate("second");
  expect(await find("second")).toEqual(["second"]);
  expect(issuer.asked).toBe(2);
});

test("that are new are found during a flood of invented key ids, with at most one request to the issuer every 5 s", async () => {
  await find("first");
  const found: string[] = [];
  for (let at = 0; at < 1_000; at += 1) {
    keys.find(`invented-${at}`).catch(() => {});
    await fixture.clock.advance(20);
    if (at === 500) {
      await issuer.rotate("second");
      void keys.find("second").then((all) => found.push(...all.map(({ kid }) => String(kid))));
    }
  }
  await fixture.clock.advance(KEY_TIMES.pause);
  expect(found).toEqual(["second"]);
  expect(issuer.asked).toBeLessThanOrEqual(1 + 20_000 / KEY_TIMES.pause + 1);
});

test("are no problem once they are known, and named as one while the issuer does not answer", async () => {
  issuer.reachable = false;
  const first = keys.problem();
  await fixture.clock.advance(0);
  expect(await first).toBe("its keys could not be fetched");
  expect(await keys.problem()).toBe("its keys could not be fetched");

  issuer.reachable = true;
  await fixture.clock.advance(KEY_TIMES.pause);
  expect(await keys.problem()).toBeUndefined();
  issuer.reachable = false;
  await fixture.clock.advance(KEY_TIMES.fresh + KEY_TIMES.pause);
  expect(await keys.problem()).toBeUndefined();
});

test("keys that grow old are renewed in the background", async () => {
  await find("first");
  await fixture.clock.advance(KEY_TIMES.fresh);
  issuer.load = () => new Promise(() => {});
  expect(await find("first")).toEqual(["first"]);
});

test("of before count while the issuer is down, for a day", async () => {
  await find("first");
  issuer.reachable = false;
  await fixture.clock.advance(KEY_TIMES.stale - 1_000);
  expect(await find("first")).toEqual(["first"]);
  await settle();
  await fixture.clock.advance(1_000 + KEY_TIMES.pause);
  const late = keys.find("first").catch(String);
  await fixture.clock.advance(KEY_TIMES.pause);
  expect(await late).toContain("unreachable");
});

test("that were revoked are refused after the next response of the issuer", async () => {
  await find("first");
  await issuer.rotate("second");
  await fixture.clock.advance(KEY_TIMES.fresh);
  await find("first");
  await settle();
  const revoked = keys.find("first");
  await fixture.clock.advance(2 * KEY_TIMES.pause);
  expect(await revoked).toEqual([]);
});
