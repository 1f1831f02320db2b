import type { Logger } from "../../ports/logger.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { toReason } from "./to-reason.ts";
import { createVault } from "./vault.ts";
import type { VaultParts } from "./vault.ts";
import { toCounting, toNextLook } from "./versions.ts";
import type { SecretVersion } from "./versions.ts";
import { within } from "./within.ts";

export interface KeyVaultSecrets extends Secrets {
  /** Ends the background refreshes; what is known stays. */
  close(): void;
}

export interface KeyVaultParts extends VaultParts {
  readonly logger: Logger;
  /** How many versions of a secret count at once; the newest 3 unless told otherwise. */
  readonly keepVersions?: number;
}

/** Secrets in an Azure Key Vault. Needs its permissions to list and to get secrets (Key Vault Secrets User). */
export function createKeyVaultSecrets({ logger, keepVersions = 3, ...parts }: KeyVaultParts): KeyVaultSecrets {
  const { clock } = parts;
  const vault = createVault(parts);
  const entries = new Map<string, Entry>();
  let closed = false;

  return {
    get,
    async refresh(name) {
      const entry = toEntry(name);
      if (!entry.asking && clock.monotonic() - entry.refreshed >= COOLDOWN) {
        entry.refreshed = clock.monotonic();
        await ask(entry);
      }
      await entry.asking;
      return get(name);
    },
    close() {
      closed = true;
      for (const entry of entries.values()) {
        entry.cancel();
      }
    },
  };

  async function get(name: string): Promise<readonly string[]> {
    const entry = toEntry(name);
    if (!entry.known && !entry.asking && clock.monotonic() < entry.pausedUntil) {
      throw toError(entry);
    }
    if (!entry.known) {
      await ask(entry);
    }
    return toCounting(entry.known ?? [], clock.now(), keepVersions).map(({ value }) => value);
  }

  function toEntry(name: string): Entry {
    const entry = entries.get(name) ?? { name, refreshed: -Infinity, pausedUntil: -Infinity, cancel: () => {} };
    entries.set(name, entry);
    return entry;
  }

  /** Single flight. Rejects when the vault cannot be asked and nothing is known. */
  function ask(entry: Entry): Promise<void> {
    entry.asking ??= look(entry).finally(() => delete entry.asking);
    return entry.asking;
  }

  async function look(entry: Entry): Promise<void> {
    entry.cancel();
    try {
      const { found, standsFor } = await within(clock, LIMIT, read(entry));
      take(entry, found);
      askAgain(entry, standsFor);
    } catch (error) {
      askAgain(entry, vault.pause() || AFTER_FAILURE);
      fail(entry, toReason(error));
    }
  }

  /** What counts in the vault now, and for how many ms that may stand. */
  async function read({ name, known }: Entry): Promise<{ found: KnownVersion[]; standsFor: number }> {
    const listed = await vault.list(name);
    // The value of a version never changes, so those that are known are not asked for again.
    const values = new Map(known?.map(({ id, value }) => [id, value]));
    const found = await Promise.all(
      toCounting(listed, clock.now(), keepVersions).map(async (version) => ({
        ...version,
        value: values.get(version.id) ?? (await vault.read(name, version.id)),
      })),
    );
    return {
      found: found.filter((version): version is KnownVersion => version.value !== undefined),
      standsFor: toNextLook(listed, clock.now()),
    };
  }

  function take(entry: Entry, found: readonly KnownVersion[]): void {
    const secret = entry.name;
    if (entry.failure !== undefined) {
      logger.info("secret.fetch-recovered", { secret });
      delete entry.failure;
    }
    if (entry.known && entry.known[0]?.id !== found[0]?.id) {
      logger.info("secret.version-changed", { secret, version: found[0]?.id });
    }
    entry.known = found;
  }

  function fail(entry: Entry, reason: string): void {
    if (entry.failure === undefined) {
      logger.warn("secret.fetch-failed", { secret: entry.name, reason, known: entry.known?.length ?? 0 });
    }
    entry.failure = reason;
    if (!entry.known) {
      entry.pausedUntil = clock.monotonic() + Math.max(PAUSE, vault.pause());
      throw toError(entry);
    }
  }

  function askAgain(entry: Entry, ms: number): void {
    if (!closed) {
      // Nobody waits for the answer; a failure is logged.
      entry.cancel = clock.after(ms, () => void ask(entry).catch(() => {}));
    }
  }
}

interface KnownVersion extends SecretVersion {
  readonly value: string;
}

interface Entry {
  readonly name: string;
  /** Newest first; undefined until the vault has answered. */
  known?: readonly KnownVersion[];
  asking?: Promise<void>;
  /** Why the vault could not be asked last time. */
  failure?: string;
  /** When `refresh` asked last, by the monotonic clock. */
  refreshed: number;
  /** Until then callers who find nothing known are not worth a request, by the monotonic clock. */
  pausedUntil: number;
  cancel: () => void;
}

function toError({ name, failure }: Entry): Error {
  return new Error(`The secret ${name} cannot be read from the key vault: ${failure ?? "not asked"}`);
}

/** In ms, for all that one look asks. */
const LIMIT = 10_000;
const COOLDOWN = 10_000;
const AFTER_FAILURE = 30_000;
const PAUSE = 1_000;
