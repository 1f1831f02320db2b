import type { Config } from "./config.ts";

/** A configured storage account: its name, and how to open it. */
interface StorageLocation {
  readonly name: string;
  readonly location: { readonly account: string } | { readonly connectionString: string };
}

/** Keys of connection strings begin in upper case, names of accounts do not. */
const NAMED = /^([a-z][a-z0-9-]{0,23})=(.+)$/;

/** In the configured order: queue and placement are in the first. A single connection string needs no name. */
export function toStorageLocations(
  config: Pick<Config, "STORAGE_ACCOUNT" | "STORAGE_CONNECTION_STRING">,
): readonly StorageLocation[] {
  if (config.STORAGE_CONNECTION_STRING === undefined) {
    return config.STORAGE_ACCOUNT.map((account) => ({ name: account, location: { account } }));
  }
  const lines = config.STORAGE_CONNECTION_STRING.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [, name = "default", connectionString = line] = NAMED.exec(line) ?? [];
      return { name, location: { connectionString } };
    });
}
