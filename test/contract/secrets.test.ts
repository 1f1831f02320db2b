import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGivenSecrets } from "../../src/adapters/secrets/given-secrets.ts";
import { createKeyVaultSecrets } from "../../src/adapters/key-vault/key-vault-secrets.ts";
import type { KeyVaultSecrets } from "../../src/adapters/key-vault/key-vault-secrets.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { createFakeCredential } from "../support/key-vault/fake-credential.ts";
import { startVaultStandIn } from "../support/key-vault/vault-stand-in.ts";
import type { VaultStandIn } from "../support/key-vault/vault-stand-in.ts";

let vault: VaultStandIn;
let fromVault: KeyVaultSecrets;

beforeAll(async () => {
  vault = await startVaultStandIn(Date.now() - 3_600_000);
  vault.add("state-key", "old");
  vault.add("state-key", "new");
  fromVault = createKeyVaultSecrets({
    vaultUrl: vault.url,
    credential: createFakeCredential("token"),
    clock: createSystemClock(),
    logger: { info() {}, warn() {}, error() {} },
    client: { tlsOptions: { ca: vault.ca }, disableChallengeResourceVerification: true },
  });
});
afterAll(async () => {
  fromVault.close();
  await vault.close();
});

describe.each([
  ["that were given", () => createGivenSecrets({ "state-key": ["new", "old"] })],
  ["in a key vault", () => fromVault],
])("secrets %s", (_, open) => {
  test("are answered newest version first", async () => {
    expect(await open().get("state-key")).toEqual(["new", "old"]);
  });

  test("are answered after a refresh too, which may be the first to ask", async () => {
    expect(await open().refresh("state-key")).toEqual(["new", "old"]);
    expect(await open().refresh("unheard-of")).toEqual([]);
  });

  test.each(["none", "constructor", "__proto__"])("are empty under the name %j", async (name) => {
    expect(await open().get(name)).toEqual([]);
  });
});
