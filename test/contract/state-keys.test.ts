import { expect, test } from "vitest";
import { openStateKeys } from "../../src/adapters/secrets/secret-state-keys.ts";
import type { Secrets } from "../../src/ports/secrets.ts";
import { createCredentialSealer } from "../../src/push/credentials.ts";

const toKey = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

/** A store whose background refresh a test does itself, by `known`; `refresh` asks for what is there. */
function createSecrets(...values: string[]): Secrets & { known: string[]; there: string[] } {
  const self = {
    known: values,
    there: values,
    get: async () => self.known,
    refresh: async () => (self.known = self.there),
  };
  return self;
}

test("a new version of the secret closes, and the one before it still opens", async () => {
  const secrets = createSecrets(toKey(1));
  const sealer = createCredentialSealer(await openStateKeys(secrets));
  const sealed = await sealer.seal({ token: "t", credentials: "c" });
  secrets.known = [toKey(2), toKey(1)];
  await sealer.open(sealed);
  const anew = await sealer.seal({ token: "t", credentials: "c" });
  expect(await sealer.open(sealed)).toEqual({ token: "t", credentials: "c" });
  expect(await createCredentialSealer(await openStateKeys(createSecrets(toKey(1)))).open(anew)).toBeUndefined();
});

test("data of a newer key is opened by an instance that does not know the key yet", async () => {
  const newer = createCredentialSealer(await openStateKeys(createSecrets(toKey(2), toKey(1))));
  const sealed = await newer.seal({ token: "t", credentials: "c" });
  const secrets = createSecrets(toKey(1));
  secrets.there = [toKey(2), toKey(1)];
  expect(await createCredentialSealer(await openStateKeys(secrets)).open(sealed)).toMatchObject({ token: "t" });
});

test("an invalid version changes nothing, and without a valid one the error does not contain it", async () => {
  const secrets = createSecrets(toKey(1));
  const keys = await openStateKeys(secrets);
  const before = keys.current();
  secrets.there = ["canary"];
  await keys.refresh();
  expect(keys.current()).toBe(before);
  const error = await openStateKeys(createSecrets("canary")).catch(String);
  expect(error).toContain("32 bytes");
  expect(error).not.toContain("canary");
});
