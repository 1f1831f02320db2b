import { startAzurite } from "../../src/hosts/node/azurite.ts";

/** One Azurite with many storage accounts, so that each test has its own. */
export interface StorageAccounts {
  readonly connectionStrings: readonly string[];
  close(): Promise<void>;
}

export async function startStorageAccounts(count: number): Promise<StorageAccounts> {
  const names = Array.from({ length: count }, (_, at) => `account${at}`);
  const key = Buffer.alloc(64, 7).toString("base64");
  process.env["AZURITE_ACCOUNTS"] = names.map((name) => `${name}:${key}`).join(";");
  const azurite = await startAzurite().finally(() => delete process.env["AZURITE_ACCOUNTS"]);
  return {
    connectionStrings: names.map((name) =>
      azurite.connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${key}`).replaceAll(/devstoreaccount1/g, name),
    ),
    close: () => azurite.close(),
  };
}
