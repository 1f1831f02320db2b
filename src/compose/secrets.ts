import { openSecrets } from "../adapters/secrets/open-secrets.ts";
import type { OpenSecrets } from "../adapters/secrets/open-secrets.ts";
import { openStateKeys } from "../adapters/secrets/secret-state-keys.ts";
import { ConfigError } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Secrets } from "../ports/secrets.ts";
import { createStateKeys } from "../ports/state-keys.ts";
import type { StateKeys } from "../ports/state-keys.ts";
import { createCardSigner } from "../protocol/cards/card-signer.ts";
import type { CardSigner } from "../protocol/cards/card-signer.ts";
import { JWKS_PATH } from "../protocol/gateway-endpoints.ts";

/** The secrets of KEY_VAULT_URL, or of STATE_KEY and CARD_SIGNING_KEY. */
export interface SecretKeys extends OpenSecrets {
  readonly stateKeys: StateKeys;
}

/** Name of the secret that signs cards. */
const SIGNING_KEY = "card-signing-key";

type SecretSettings = Pick<Config, "CARD_SIGNING_KEY" | "KEY_VAULT_URL" | "STATE_KEY">;

/** @throws ConfigError if the key vault does not answer, or lacks a required secret */
export async function openSecretKeys(
  { CARD_SIGNING_KEY: pem, KEY_VAULT_URL: vaultUrl, STATE_KEY: given }: SecretSettings,
  clock: Clock,
  logger: Logger,
  open = openSecrets,
): Promise<SecretKeys> {
  let secrets: OpenSecrets | undefined;
  try {
    secrets = await open(vaultUrl, pem === undefined ? {} : { [SIGNING_KEY]: [pem] }, clock, logger);
    if (vaultUrl === undefined) {
      // A random key: page tokens and encrypted credentials become invalid when this process ends.
      const keys = given.length > 0 ? given : [crypto.getRandomValues(new Uint8Array(32))];
      return { ...secrets, stateKeys: createStateKeys(keys) };
    }
    const [stateKeys] = await Promise.all([openStateKeys(secrets), secrets.get(SIGNING_KEY)]);
    return { ...secrets, stateKeys };
  } catch (error) {
    secrets?.close();
    throw new ConfigError(`KEY_VAULT_URL: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** @throws ConfigError that names the setting with the key, if the key cannot sign */
export async function openCardSigner(
  { KEY_VAULT_URL: vaultUrl }: Pick<Config, "KEY_VAULT_URL">,
  secrets: Secrets,
  baseUrl: string,
): Promise<CardSigner> {
  const signer = createCardSigner(() => secrets.get(SIGNING_KEY), baseUrl + JWKS_PATH);
  try {
    await signer.keys();
  } catch (error) {
    const setting = vaultUrl === undefined ? "CARD_SIGNING_KEY" : `KEY_VAULT_URL: secret ${SIGNING_KEY}`;
    throw new ConfigError(`${setting}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return signer;
}
