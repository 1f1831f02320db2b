import { expect, test } from "vitest";
import { openCardSigner, openSecretKeys } from "../../../src/compose/secrets.ts";
import { ConfigError } from "../../../src/config/config.ts";
import { createGivenSecrets } from "../../../src/adapters/secrets/given-secrets.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const VAULT = "https://mine.vault.azure.net";
const logger = { info() {}, warn() {}, error() {} };

test.each([
  [undefined, "CARD_SIGNING_KEY: the card signing key"],
  [VAULT, "KEY_VAULT_URL: secret card-signing-key: the card signing key"],
])(
  "a card's signing key that cannot sign is blamed on where it came from (key vault: %s)",
  async (vaultUrl, message) => {
    const secrets = createGivenSecrets({ "card-signing-key": ["canary"] });
    const opening = openCardSigner({ KEY_VAULT_URL: vaultUrl }, secrets, "https://gateway.test");
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow("canary");
  },
);

test("a key vault whose secrets cannot be used is closed again", async () => {
  let closed = 0;
  const opening = openSecretKeys(
    { KEY_VAULT_URL: VAULT, STATE_KEY: [], CARD_SIGNING_KEY: undefined },
    createManualClock(0),
    logger,
    async () => ({
      ...createGivenSecrets({ "state-key": ["short"] }),
      close: () => (closed += 1),
      problem: () => undefined,
    }),
  );
  await expect(opening).rejects.toThrow("KEY_VAULT_URL: secret state-key");
  expect(closed).toBe(1);
});
