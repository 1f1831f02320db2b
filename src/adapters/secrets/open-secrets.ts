import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { openDefaultCredential } from "../identity/default-credential.ts";
import { createGivenSecrets } from "./given-secrets.ts";

export interface OpenSecrets extends Secrets {
  /** Why a secret could not be read last; undefined if all could. */
  problem(): string | undefined;
  /** Ends the background refreshes. */
  close(): void;
}

/** Opens a key vault with the managed identity; without one, the given secrets. */
export async function openSecrets(
  vaultUrl: string | undefined,
  given: Readonly<Record<string, readonly string[]>>,
  clock: Clock,
  logger: Logger,
): Promise<OpenSecrets> {
  if (vaultUrl === undefined) {
    return { ...createGivenSecrets(given), problem: () => undefined, close() {} };
  }
  // Loaded on demand: they take a tenth of a second to load.
  const [credential, { createKeyVaultSecrets }] = await Promise.all([
    openDefaultCredential(),
    import("../key-vault/key-vault-secrets.ts"),
  ]);
  return createKeyVaultSecrets({ vaultUrl, credential, clock, logger });
}
