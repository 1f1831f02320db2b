import type { Logger } from "../../ports/logger.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { toReason } from "./to-reason.ts";
import { createVault } from "./vault.ts";
import type { VaultParts } from "./vault.ts";
import { toValid, toNextLook } from "./versions.ts";
import type { SecretVersion } from "./versions.ts";
import { within } from "./within.ts";

export interface KeyVaultSecrets extends Secrets {
  /** Why a secret could not be read last; undefined if all could. */
  problem(): string | undefined;
  /** Stops the background refreshes; known secrets stay available. */
  close(): void;
}

export interface KeyVaultParts extends VaultParts {
  readonly logger: Logger;
  /** How many of the newest versions of a secret are used; by default 3. */
  readonly keepVersions?: number;
}

/** Secrets in an Azure Key Vault. Needs permission to list and get secrets (role Key Vault Secrets User). */
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
    problem() {
      const failed = [...entries.values()].find(({ failure }) => failure !== undefined);
      const inUse = failed?.known ? "; its known versions stay in use" : "";
      return failed && `secret ${failed.name}: ${failed.failure}${inUse}`;
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
    return toValid(entry.known ?? [], clock.now(), keepVersions).map(({ value }) => value);
  }

  function toEntry(name: string): Entry {
    const entry = entries.get(name) ?? { name, refreshed: -Infinity, pausedUntil: -Infinity, cancel: () => {} };
    entries.set(name, entry);
    return entry;
  }

  /** One request at a time. Rejects if it fails and no value is known. */
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

  /** The valid versions, and for how many ms they may be cached. */
  async function read({ name, known }: Entry): Promise<{ found: KnownVersion[]; standsFor: number }> {
    const listed = await vault.list(name);
    // The value of a version never changes, so known versions are not fetched again.
    const values = new Map(known?.map(({ id, value }) => [id, value]));
    const found = await Promise.all(
      toValid(listed, clock.now(), keepVersions).map(async (version) => ({
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
      // In the background; a failure is logged.
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
  /** Why the last request failed. */
  failure?: string;
  /** Time of the last `refresh`, by the monotonic clock. */
  refreshed: number;
  /** Until then no request is made for callers when no value is known, by the monotonic clock. */
  pausedUntil: number;
  cancel: () => void;
}

function toError({ name, failure }: Entry): Error {
  return new Error(`Cannot read secret ${name} from the key vault: ${failure ?? "no request was made"}`);
}

/** Time limit for all requests of one refresh, in ms. */
const LIMIT = 10_000;
const COOLDOWN = 10_000;
const AFTER_FAILURE = 30_000;
const PAUSE = 1_000;
